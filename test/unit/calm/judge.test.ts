// SPDX-License-Identifier: Apache-2.0
// Whatever is lost, broken or failed is found; what a failing real server loses is its own.
import { describe, expect, it } from 'vitest'
import { brokenIn, faultsOf, heldBackIn, lostIn } from '../../../src/calm/judge.js'
import type { Window } from '../../../src/calm/window.js'
import { windowOf } from './given.js'

const books = (sent: number, arrived: number, wire = 0) => ({ sent, arrived, wire, again: 0 })
const streams = (given: Partial<Window['streams']>) => ({ ...windowOf().streams, ...given })

describe('a window', () => {
  it('as promised has no fault', () => {
    expect(faultsOf(windowOf())).toEqual([])
    expect(lostIn(windowOf())).toBe(0)
    expect(brokenIn(windowOf())).toBe(0)
  })

  it.each<[string, Partial<Window>]>([
    ['1 packets lost', { books: books(10, 9) }],
    ['-1 packets lost', { books: books(10, 11) }],
    ['datagrams lost: web1 2', { streams: streams({ lost: { web1: 2 } }) }],
    ['not forwarded: drop_nexthop 3', { refused: { drop_nexthop: 3 } }],
    ['connections broken: web1 1, web2 4', { broken: { web1: 1, web2: 4 } }],
    ['requests failed: TIMEOUT 2', { failed: 2, failures: { TIMEOUT: 2 } }],
    ['5 held connections heard nothing', { silent: 5 }],
    ['1 streams moved to another real server', { streams: streams({ moved: 1 }) }],
    ['7 datagrams arrived twice or out of order', { streams: streams({ again: 7 }) }],
    ['there was no traffic', { requests: 0 }],
    ['there was no traffic', { streams: streams({ sent: 0 }) }],
  ])('%s', (fault, given) => {
    expect(faultsOf(windowOf(given))).toEqual([fault])
  })

  it('is not blamed for what a full queue of the wire dropped, datagrams among it', () => {
    expect(faultsOf(windowOf({ books: books(10, 8, 2), streams: streams({ lost: { web1: 2 } }) }))).toEqual(
      [],
    )
    expect(faultsOf(windowOf({ books: books(10, 7, 2) }))).toEqual(['1 packets lost'])
    expect(faultsOf(windowOf({ books: books(10, 8, 2), streams: streams({ lost: { web1: 3 } }) }))).toEqual([
      'datagrams lost: web1 3',
    ])
  })
})

describe('a window in which a real server fails', () => {
  it('may lose what is its own', () => {
    const own = windowOf({
      books: books(10, 4),
      streams: streams({ lost: { web3: 5 }, moved: 1 }),
      refused: { drop_nexthop: 3 },
      broken: { web3: 9 },
      failed: 2,
      failures: { TIMEOUT: 2 },
      silent: 9,
    })
    expect(faultsOf(own, { fails: 'web3' })).toEqual([])
  })

  it('may not lose what is another’s', () => {
    const given = windowOf({ streams: streams({ lost: { web1: 1 } }), broken: { web1: 1, web3: 2 } })
    expect(faultsOf(given, { fails: 'web3' })).toEqual([
      'datagrams lost: web1 1',
      'connections broken: web1 1',
    ])
  })

  it('may not take new connections along once it is known to be down', () => {
    const given = windowOf({ failed: 1, failures: { TIMEOUT: 1 }, lastFailure: 500 })
    expect(faultsOf(given, { fails: 'web3', over: 600 })).toEqual([])
    expect(faultsOf(given, { fails: 'web3', over: 400 })).toEqual([
      'a new connection failed though it was known to be down',
    ])
  })
})

describe('a window in which new connections are held', () => {
  const held = { books: books(10, 8), refused: { drop_defence: 2 } }

  it('may have dropped what asked for them, when all came about', () => {
    expect(faultsOf(windowOf(held), { holds: true })).toEqual([])
    expect(heldBackIn(windowOf(held))).toBe(2)
    expect(faultsOf(windowOf(held))).toEqual(['2 packets lost', 'not forwarded: drop_defence 2'])
  })

  it.each<[string, Partial<Window>]>([
    ['1 packets lost', { books: books(10, 7) }],
    ['not forwarded: drop_nexthop 1', { refused: { drop_defence: 2, drop_nexthop: 1 } }],
    ['requests failed: TIMEOUT 1', { failed: 1, failures: { TIMEOUT: 1 } }],
    ['datagrams lost: web1 2', { streams: streams({ lost: { web1: 2 } }) }],
  ])('may not have dropped or failed anything else: %s', (fault, given) => {
    expect(faultsOf(windowOf({ ...held, ...given }), { holds: true })).toEqual([fault])
  })
})
