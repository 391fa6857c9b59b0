// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { State } from '../../src/abi/generated.js'
import { BASE, four, REAL, REAL6, six } from '../packets/case.js'
import { CHUNK, type ChunkName, frame, sctp } from '../packets/frames.js'
import { census, counters, ways } from './census.js'
import { forceState, only } from './force.js'
import { Rig } from './rig.js'

/** IPVS.md section 9: names and numbers as the kernel has them. */
const NAMES = [
  'NONE',
  'INIT1',
  'INIT',
  'COOKIE_SENT',
  'COOKIE_REPLIED',
  'COOKIE_WAIT',
  'COOKIE',
  'COOKIE_ECHOED',
  'ESTABLISHED',
  'SHUTDOWN_SENT',
  'SHUTDOWN_RECEIVED',
  'SHUTDOWN_ACK_SENT',
  'REJECTED',
  'CLOSED',
] as const
type Name = (typeof NAMES)[number]

/** 'from..to>state' for each change the table lists; what is not listed stays. */
const DATA = '0>8 5>8'
const CHANGES: Readonly<Record<ChunkName, string>> = {
  data: DATA,
  sack: DATA,
  heartbeat: DATA,
  heartbeatAck: DATA,
  ecne: DATA,
  cwr: DATA,
  reserved: DATA,
  unknown: DATA,
  init: '0>1 1..5>2 12..13>2',
  initAck: '0..5>7',
  cookieEcho: '0..5>8',
  cookieAck: '0>8 3..4>8 6..7>8',
  shutdown: '0>10 8>10',
  shutdownAck: '0>13 1>2 8>13 9>13 11>13',
  shutdownComplete: '0..4>13 10>13 11>13',
  error: '0>13',
  abort: '0..4>13 5>12 6..13>13',
}
const SECONDS: Readonly<Record<string, number>> = { NONE: 3, INIT1: 4, ESTABLISHED: 900, REJECTED: 4 }
const OTHERS = 61

const number = (name: Name) => State[`SCTP_${name}`]
const nameOf = (state: number) => NAMES[state - State.SCTP_NONE] as Name

function after(name: Name, chunk: ChunkName): Name {
  const from = NAMES.indexOf(name)
  for (const change of CHANGES[chunk].split(' ')) {
    const [, first, last, to] = /^(\d+)(?:\.\.(\d+))?>(\d+)$/.exec(change) ?? []
    if (from >= Number(first) && from <= Number(last ?? first)) return NAMES[Number(to)] as Name
  }
  return name
}

let rig: Rig
beforeAll(async () => {
  rig = await Rig.open({ limits: { connections: 64, templates: 16 } })
})
beforeEach(() => {
  rig.setTunables({ conn_reuse_mode: 1 })
  rig.reset()
  rig.apply(BASE)
})
afterAll(() => rig?.close())

const four38 = (...chunks: ChunkName[]) => frame(four(sctp(1000, 38_412, chunks)))
const six38 = (...chunks: ChunkName[]) => frame(six(sctp(1000, 38_412, chunks)))
const ALL = Object.keys(CHUNK) as ChunkName[]

test('the numbers are the kernel’s', () => {
  expect(NAMES.map(number)).toEqual(NAMES.map((_, i) => 16 + i))
})

describe.each([
  ['IPv4', four38, REAL],
  ['IPv6', six38, REAL6],
] as const)('%s', (_, packet, real) => {
  test.each(ALL.flatMap((chunk) => NAMES.map((name) => [chunk, name, after(name, chunk)] as const)))(
    '%s in %s leads to %s, and is counted so',
    (chunk, name, wanted) => {
      rig.setTunables({ conn_reuse_mode: 0 })
      rig.goes(packet('init'))
      forceState(rig, number(name))
      expect(rig.goes(packet(chunk))).toBe(real)
      expect(nameOf(only(rig).state)).toBe(wanted)
      expect(counters(rig)).toEqual(census(rig))
      const active = wanted === 'ESTABLISHED' ? 1 : 0
      expect(rig.loads()[real]).toMatchObject({ active, inactive: 1 - active })
    },
  )

  test.each(NAMES)('%s lasts its time, and not longer', (name) => {
    rig.goes(packet('init'))
    forceState(rig, number(name))
    rig.advance(SECONDS[name] ?? OTHERS)
    rig.sweep()
    expect(nameOf(only(rig).state)).toBe(name)
    rig.advanceTicks(1)
    expect(rig.goes(packet('data'))).toBe('pass_no_conn')
    rig.sweep()
    expect(ways(rig)).toEqual([])
    expect(counters(rig)).toEqual({})
  })

  test('a cookie that an ABORT follows closes; one that data follows does not', () => {
    for (const cookie of ['cookieEcho', 'cookieAck'] as const) {
      for (const size of [0, 1, 4, 7, 100]) {
        rig.reset()
        rig.goes(packet('init'))
        forceState(rig, State.SCTP_ESTABLISHED)
        const words = _ === 'IPv4' ? four : six
        rig.goes(frame(words(sctp(1000, 38_412, [cookie, 'data'], size))))
        expect(nameOf(only(rig).state)).toBe('ESTABLISHED')
        rig.goes(frame(words(sctp(1000, 38_412, [cookie, 'abort'], size))))
        expect(nameOf(only(rig).state), `${cookie} of ${size}`).toBe('CLOSED')
      }
    }
  })
})

describe('a life', () => {
  test('is INIT, COOKIE-ECHO, data, SHUTDOWN, SHUTDOWN-COMPLETE', () => {
    const steps = ['init', 'cookieEcho', 'data', 'sack', 'shutdown', 'shutdownComplete'] as const
    const seen = steps.map((chunk) => {
      rig.goes(four38(chunk))
      return nameOf(only(rig).state)
    })
    const [open, end] = [Array(3).fill('ESTABLISHED'), ['SHUTDOWN_RECEIVED', 'CLOSED']]
    expect(seen).toEqual(['INIT1', ...open, ...end])
  })
})

describe('an INIT on the ports of a finished association', () => {
  const TWO = [{ vip: '10.0.1.1', port: 38_412, protocol: 'sctp', reals: ['10.0.2.1', '10.0.2.2'] } as const]
  const moved = (name: Name, mode: number) => {
    rig.setTunables({ conn_reuse_mode: mode })
    rig.apply(TWO)
    const before = rig.goes(four38('init'))
    forceState(rig, number(name))
    const now = rig.goes(four38('init'))
    expect(counters(rig)).toEqual(census(rig))
    return now !== before
  }
  test.each(NAMES)('in %s is scheduled anew only when that is CLOSED', (name) => {
    expect(moved(name, 1)).toBe(name === 'CLOSED')
    rig.reset()
    expect(moved(name, 0)).toBe(false)
  })
})
