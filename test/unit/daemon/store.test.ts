// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import {
  desiredOf,
  type Edited,
  effectiveOf,
  NO_RUNTIME,
  type Store,
  storeAddReal,
  storeAddService,
  storeAttach,
  storeDetach,
  storeReload,
  storeRemoveReal,
  storeRemoveService,
  storeRestore,
  storeSetReal,
  storeSetService,
} from '../../../src/daemon/store.js'
import { formatProblem } from '../../../src/model/describe.js'
import type { Outcome } from '../../../src/model/types.js'
import { baseOf, fileService } from './given.js'

const WEB = 'tcp 192.0.2.10:80'
const DNS = 'udp 192.0.2.11:53'
const dns = { vip: '192.0.2.11', port: 53, protocol: 'udp', reals: [{ address: '192.0.2.31' }] } as const

const start: Store = { base: baseOf(), runtime: NO_RUNTIME }

function done(outcome: Outcome<Edited>): Store {
  if (!outcome.ok) throw new Error(outcome.problems.map(formatProblem).join('; '))
  return outcome.value.store
}

function said(outcome: Outcome<Edited>): string {
  return outcome.ok ? outcome.value.notices.join('; ') : outcome.problems.map(formatProblem).join('; ')
}

function weights(store: Store): Record<string, number[]> {
  return Object.fromEntries(
    effectiveOf(store).services.map((s) => [
      `${s.protocol} ${s.vip}:${s.port}`,
      s.reals.map((r) => r.weight),
    ]),
  )
}

describe('what was asked for at run time', () => {
  it('stands beside the file and belongs to the api', () => {
    const store = done(storeAddService(start, dns))
    expect(desiredOf(store).services.map(({ vip, owner }) => [vip, owner])).toEqual([
      ['192.0.2.10', 'file'],
      ['192.0.2.11', 'api'],
    ])
  })

  it('can be changed and removed again', () => {
    let store = done(storeAddService(start, dns))
    store = done(storeAddReal(store, DNS, { address: '192.0.2.32', weight: 5 }))
    store = done(storeSetReal(store, DNS, '192.0.2.31', { weight: 2 }))
    store = done(storeSetService(store, DNS, { scheduler: 'rr' }))
    expect(weights(store)[DNS]).toEqual([2, 5])
    store = done(storeRemoveReal(store, DNS, '192.0.2.31'))
    expect(weights(store)[DNS]).toEqual([5])
    expect(done(storeRemoveService(store, DNS))).toEqual(start)
  })

  it('never takes the place of a service of the file', () => {
    expect(storeAddService(start, { vip: '192.0.2.10', port: 80, reals: [] }).ok).toBe(false)
  })
})

describe('a service of the file', () => {
  it('is changed in the file, says the refusal', () => {
    const sentence = `${WEB} is in the file; edit the file, then: xlvs reload`
    expect(said(storeRemoveService(start, WEB))).toBe(sentence)
    expect(said(storeSetService(start, WEB, { scheduler: 'rr' }))).toBe(sentence)
    expect(said(storeAddReal(start, WEB, { address: '192.0.2.29' }))).toBe(sentence)
    expect(said(storeRemoveReal(start, WEB, '192.0.2.21'))).toBe(sentence)
    expect(said(storeSetReal(start, WEB, '192.0.2.21', { name: 'x' }))).toBe(sentence)
  })

  it('takes a weight as an override that lasts until reload, and says so', () => {
    const outcome = storeSetReal(start, WEB, '192.0.2.21', { weight: 0 })
    expect(said(outcome)).toBe(
      'the file says weight 1: this override lasts until reload; edit the file to keep it',
    )
    const store = done(outcome)
    expect(weights(store)[WEB]).toEqual([0, 3])
    expect(desiredOf(store).services[0]?.reals[0]?.weight).toBe(1)
    expect(weights(done(storeReload(store, baseOf())))[WEB]).toEqual([1, 3])
  })

  it('forgets an override when the weight is set to what the file says', () => {
    const store = done(storeSetReal(start, WEB, '192.0.2.21', { weight: 0 }))
    expect(done(storeSetReal(store, WEB, '192.0.2.21', { weight: 1 }))).toEqual(start)
  })

  it('is judged like any other: a real server it does not have, a weight that cannot be', () => {
    expect(said(storeSetReal(start, WEB, '192.0.2.99', { weight: 1 }))).toContain('has no real 192.0.2.99')
    expect(said(storeSetReal(start, WEB, '192.0.2.21', { weight: 65_536 }))).toContain('is above 65535')
  })

  it('keeps an override over a restart, as long as the file has that real server', () => {
    const { runtime } = done(storeSetReal(start, WEB, '192.0.2.21', { weight: 0 }))
    expect(weights(storeRestore(baseOf(), runtime).store)[WEB]).toEqual([0, 3])
    const other = baseOf({ services: [fileService({ reals: [{ address: '192.0.2.22', weight: 3 }] })] })
    expect(storeRestore(other, runtime).store.runtime.overrides).toEqual([])
  })
})

describe('a reload', () => {
  it('keeps what was added at run time', () => {
    const store = done(storeAddService(start, dns))
    expect(weights(done(storeReload(store, baseOf())))[DNS]).toEqual([1])
  })

  it('lets the file take over a service that was added at run time, and says so', () => {
    const store = done(storeAddService(start, dns))
    const base = baseOf({
      services: [fileService(), fileService({ ...dns, reals: [{ address: '192.0.2.39', weight: 7 }] })],
    })
    const outcome = storeReload(store, base)
    expect(weights(done(outcome))[DNS]).toEqual([7])
    expect(said(outcome)).toBe(`${DNS} is in the file now; what was added at run time is replaced by it`)
  })
})

describe('a file that forbids what was added at run time', () => {
  // the VIP of the request is a real server in the file
  const clash = baseOf({ services: [fileService({ reals: [{ address: '192.0.2.11', weight: 1 }] })] })

  it('is refused by a reload, with the command that makes room', () => {
    const store = done(storeAddService(start, dns))
    expect(said(storeReload(store, clash))).toMatch(
      /^udp 192\.0\.2\.11:53, added at run time, does not fit the new file: .*192\.0\.2\.11.*; remove it first: xlvs remove service 192\.0\.2\.11:53 --udp$/,
    )
  })

  it('wins at a restart, which says what it left out', () => {
    const { store, notices } = storeRestore(clash, done(storeAddService(start, dns)).runtime)
    expect(store.runtime.services).toEqual([])
    expect(notices.join()).toContain('added at run time, does not fit the file and was left out')
  })
})

describe('an interface', () => {
  it('attached by request stays over reload and restart', () => {
    const store = done(storeAttach(start, { name: 'eth1', mode: 'generic' }))
    const names = (s: Store) => effectiveOf(s).interfaces.map(({ name }) => name)
    expect(names(store)).toEqual(['eth0', 'eth1'])
    expect(names(done(storeReload(store, baseOf())))).toEqual(['eth0', 'eth1'])
    expect(names(storeRestore(baseOf(), store.runtime).store)).toEqual(['eth0', 'eth1'])
    expect(names(done(storeDetach(store, 'eth1')))).toEqual(['eth0'])
  })

  it('of the file comes back with a reload after it was detached, or when it is attached again', () => {
    const outcome = storeDetach(start, 'eth0')
    expect(said(outcome)).toContain('eth0 is in the file and comes back with a reload')
    expect(effectiveOf(done(outcome)).interfaces).toEqual([])
    expect(effectiveOf(done(storeReload(done(outcome), baseOf()))).interfaces).toHaveLength(1)
    expect(done(storeAttach(done(outcome), { name: 'eth0', mode: 'native' }))).toEqual(start)
  })

  it('is not moved to another mode behind the back of its connections or its file', () => {
    const store = done(storeAttach(start, { name: 'eth1', mode: 'generic' }))
    expect(said(storeAttach(store, { name: 'eth1', mode: 'native' }))).toBe(
      'eth1 is attached in generic mode; detach it first: xlvs detach eth1',
    )
    const detached = done(storeDetach(start, 'eth0'))
    expect(said(storeAttach(detached, { name: 'eth0', mode: 'generic' }))).toContain(
      'the file says mode native',
    )
  })

  it('that is not attached cannot be detached', () => {
    expect(said(storeDetach(start, 'eth7'))).toBe('eth7 is not attached; see: xlvs show interfaces')
  })

  it('is one of all when all are detached', () => {
    const store = done(storeAttach(start, { name: 'eth1', mode: 'generic' }))
    expect(effectiveOf(done(storeDetach(store))).interfaces).toEqual([])
  })
})
