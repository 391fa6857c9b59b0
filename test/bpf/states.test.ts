// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Clock, ConnBits, Load_OFFSETS, Load_SIZE, State } from '../../src/abi/generated.js'
import { BASE, four, REAL, REAL6, six } from '../packets/case.js'
import { frame, tcp, udp } from '../packets/frames.js'
import { census, counters, type Way, ways } from './census.js'
import { Rig } from './rig.js'

const NAMES = [
  'NONE',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'SYNACK',
] as const
type Name = (typeof NAMES)[number]

/** The input-only table: what each event makes of NAMES, in their order; '=' stays. */
const TABLE: Readonly<Record<string, string>> = {
  SYN: 'SYN_RECV = ESTABLISHED = SYN_RECV SYN_RECV SYN_RECV SYN_RECV SYN_RECV SYN_RECV SYN_RECV',
  FIN: 'CLOSE FIN_WAIT = TIME_WAIT = = = = = = TIME_WAIT',
  ACK: 'ESTABLISHED = = ESTABLISHED = = = = CLOSE = ESTABLISHED',
  RST: 'CLOSE CLOSE CLOSE = CLOSE CLOSE = CLOSE = = CLOSE',
  none: 'CLOSE CLOSE CLOSE CLOSE CLOSE CLOSE = CLOSE CLOSE CLOSE CLOSE',
}
/** Flags that count as an event: RST before SYN before FIN before ACK. */
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  SYN: ['S', 'SA', 'SF', 'SFAPU'],
  FIN: ['F', 'FA', 'FPU'],
  ACK: ['A', 'PA', 'AU'],
  RST: ['R', 'RA', 'RS', 'RSFA'],
  none: ['', 'P', 'U', 'PU'],
}
/** A SYN, whatever else is set, makes IPVS forget these first; with RST nothing is scheduled then. */
const REUSED: readonly Name[] = ['TIME_WAIT', 'CLOSE']
const SECONDS: Readonly<Record<Name, number>> = {
  NONE: 3,
  ESTABLISHED: 900,
  SYN_SENT: 120,
  SYN_RECV: 60,
  FIN_WAIT: 120,
  TIME_WAIT: 120,
  CLOSE: 10,
  CLOSE_WAIT: 60,
  LAST_ACK: 30,
  LISTEN: 120,
  SYNACK: 120,
}
const ACTIVE: readonly Name[] = ['SYN_RECV', 'SYN_SENT', 'SYNACK', 'ESTABLISHED']

let rig: Rig
beforeAll(async () => {
  rig = await Rig.open({ limits: { connections: 64, templates: 16 } })
})
beforeEach(() => {
  rig.reset()
  rig.apply(BASE)
})
afterAll(() => rig?.close())

const four80 = (flags: string) => frame(four(tcp(1000, 80, flags)))
const six80 = (flags: string) => frame(six(tcp(1000, 80, flags)))
const number = (name: Name) => State[`TCP_${name}`]
const only = (): Way => {
  const all = ways(rig)
  expect(all).toHaveLength(1)
  return all[0] as Way
}
const nameOf = (way: Way) => NAMES[way.state]

/** Puts the one connection into a state, as if packets had: counts too. */
function force(name: Name): void {
  const { table, at, word, real } = only()
  const mask = ((1n << BigInt(ConnBits.CONN_STATE_BITS)) - 1n) << BigInt(ConnBits.CONN_STATE_SHIFT)
  const state = BigInt(number(name)) << BigInt(ConnBits.CONN_STATE_SHIFT)
  rig.memory(table).setBigUint64(at, (word & ~mask) | state, true)
  const active = ACTIVE.includes(name) ? 1 : 0
  rig.memory('loads').setUint32(real * Load_SIZE + Load_OFFSETS.active, active, true)
  rig.memory('loads').setUint32(real * Load_SIZE + Load_OFFSETS.inactive, 1 - active, true)
}

function after(name: Name, event: string): Name {
  const cell = TABLE[event]?.split(' ')[NAMES.indexOf(name)]
  return cell === '=' ? name : (cell as Name)
}

describe.each([
  ['IPv4', four80, REAL],
  ['IPv6', six80, REAL6],
] as const)('%s', (_, packet, real) => {
  test.each(
    Object.keys(TABLE).flatMap((event) => NAMES.map((name) => [event, name, after(name, event)] as const)),
  )('%s in %s leads to %s, and is counted so', (event, name, wanted) => {
    for (const flags of FLAGS[event] ?? []) {
      if (REUSED.includes(name) && flags.includes('R') && flags.includes('S')) continue
      rig.reset()
      rig.goes(packet('S'))
      force(name)
      expect(rig.goes(packet(flags))).toBe(real)
      expect(nameOf(only())).toBe(wanted)
      expect(counters(rig)).toEqual(census(rig))
      const active = ACTIVE.includes(wanted) ? 1 : 0
      expect(rig.loads()[real]).toMatchObject({ active, inactive: 1 - active })
    }
  })

  test.each(Object.entries(SECONDS) as [Name, number][])('%s lasts %i s, and not longer', (name, seconds) => {
    rig.goes(packet('S'))
    force(name)
    rig.advance(seconds)
    rig.sweep()
    expect(nameOf(only())).toBe(name)
    rig.advanceTicks(1)
    expect(rig.goes(packet('A'))).toBe('pass_no_conn')
    expect(nameOf(only())).toBe(name)
    rig.sweep()
    expect(ways(rig)).toEqual([])
    expect(counters(rig)).toEqual({})
  })

  test('each packet restarts the timer with the time of the state it leads to', () => {
    rig.goes(packet('S'))
    rig.advance(50)
    rig.goes(packet('S'))
    rig.advance(50)
    expect(rig.goes(packet('A'))).toBe(real)
    rig.advance(899)
    expect(rig.goes(packet('A'))).toBe(real)
    rig.advance(899)
    expect(rig.goes(packet('F'))).toBe(real)
    rig.advance(119)
    expect(rig.goes(packet('A'))).toBe(real)
    rig.advance(122)
    expect(rig.goes(packet('A'))).toBe('pass_no_conn')
  })
})

describe('the clock', () => {
  test('may go round: connections live through it, and end on time', () => {
    const beforeTheEnd = (Clock.TICK_MASK & ~rig.clock()) - 5
    rig.advanceTicks(beforeTheEnd)
    rig.goes(four80('S'))
    rig.goes(four80('A'))
    const stamp = only().stamp
    rig.advance(800)
    rig.sweep()
    expect(rig.goes(four80('A'))).toBe(REAL)
    expect(only().stamp).toBeLessThan(stamp)
    rig.advance(901)
    expect(rig.goes(four80('A'))).toBe('pass_no_conn')
    rig.sweep()
    expect(ways(rig)).toEqual([])
  })
})

describe('a life', () => {
  const step = (flags: string) => {
    rig.goes(four80(flags))
    const { active, inactive } = rig.loads()[REAL] ?? { active: -1, inactive: -1 }
    return `${nameOf(only())} ${active}/${inactive}`
  }

  test('is SYN, ACK, data, FIN, ACK', () => {
    expect(['S', 'A', 'PA', 'FA', 'A'].map(step)).toEqual([
      'SYN_RECV 1/0',
      'ESTABLISHED 1/0',
      'ESTABLISHED 1/0',
      'FIN_WAIT 0/1',
      'FIN_WAIT 0/1',
    ])
  })

  test('a RST in SYN_RECV changes nothing', () => {
    expect(['S', 'R', 'A'].map(step)).toEqual(['SYN_RECV 1/0', 'SYN_RECV 1/0', 'ESTABLISHED 1/0'])
  })

  test('a RST closes an established connection, which stays closed', () => {
    expect(['S', 'A', 'R', 'A', 'F'].map(step)).toEqual([
      'SYN_RECV 1/0',
      'ESTABLISHED 1/0',
      'CLOSE 0/1',
      'CLOSE 0/1',
      'CLOSE 0/1',
    ])
  })

  test('a SYN leaves an established connection as it is', () => {
    expect(['S', 'A', 'S'].map(step)).toEqual(['SYN_RECV 1/0', 'ESTABLISHED 1/0', 'ESTABLISHED 1/0'])
  })

  test('a FIN before the ACK leads to TIME_WAIT', () => {
    expect(['S', 'F'].map(step)).toEqual(['SYN_RECV 1/0', 'TIME_WAIT 0/1'])
  })

  test('SYN and FIN together open; a SYN in FIN_WAIT opens again', () => {
    expect(['SF', 'A', 'F', 'S'].map(step)).toEqual([
      'SYN_RECV 1/0',
      'ESTABLISHED 1/0',
      'FIN_WAIT 0/1',
      'SYN_RECV 1/0',
    ])
  })
})

describe('UDP', () => {
  const packet = frame(four(udp(1000, 53)))

  test('has one state, inactive, for 300 s after the last packet', () => {
    rig.goes(packet)
    rig.advance(299)
    expect(rig.send(packet).reason).toBe('forward_conn')
    expect(only().state).toBe(State.UDP_NORMAL)
    expect(rig.loads()[REAL]).toMatchObject({ active: 0, inactive: 1 })
    rig.advance(300)
    rig.sweep()
    expect(ways(rig)).toHaveLength(1)
    rig.advanceTicks(1)
    expect(rig.send(packet).reason).toBe('forward_new')
    rig.advance(301)
    rig.sweep()
    expect(counters(rig)).toEqual({})
  })
})

describe('a SYN on the ports of a finished connection', () => {
  const TWO = [{ vip: '10.0.1.1', reals: ['10.0.2.1', '10.0.2.2'] }]
  const reuse = (mode: number) => rig.setTunables({ conn_reuse_mode: mode })
  const moved = (name: Name, mode: number): boolean => {
    reuse(mode)
    rig.apply(TWO)
    const before = rig.goes(four80('S'))
    force(name)
    const now = rig.goes(four80('S'))
    expect(counters(rig)).toEqual(census(rig))
    expect(nameOf(only())).toBe(after(name, 'SYN'))
    reuse(1)
    return now !== before
  }

  test.each(NAMES.map((name) => [name, name === 'TIME_WAIT' || name === 'CLOSE'] as const))(
    'in %s is scheduled anew: %s',
    (name, wanted) => expect(moved(name, 1)).toBe(wanted),
  )

  test.each(NAMES.map((name) => [name, ['TIME_WAIT', 'CLOSE', 'FIN_WAIT'].includes(name)] as const))(
    'in %s, with mode 2, is scheduled anew: %s',
    (name, wanted) => expect(moved(name, 2)).toBe(wanted),
  )

  test.each(NAMES)('in %s, with mode 0, stays', (name) => expect(moved(name, 0)).toBe(false))

  test('under persistence stays with its real server', () => {
    rig.apply([
      { vip: '10.0.1.1', reals: ['10.0.2.1', '10.0.2.2'], persistence: { timeout: 100, prefix: 32 } },
    ])
    const before = rig.goes(four80('S'))
    force('CLOSE')
    expect(rig.send(four80('S'))).toMatchObject({ reason: 'forward_conn' })
    expect(rig.goes(four80('A'))).toBe(before)
  })
})

describe('operator timeouts', () => {
  afterAll(() => rig.datapath.setTimeouts({ tcp: 900, tcpfin: 120, udp: 300 }))

  test("hold from a connection's next packet on", () => {
    rig.goes(four80('S'))
    rig.goes(four80('A'))
    rig.datapath.setTimeouts({ tcp: 10, tcpfin: 5, udp: 300 })
    rig.goes(four80('A'))
    rig.advance(9)
    expect(rig.goes(four80('A'))).toBe(REAL)
    rig.goes(four80('F'))
    rig.advance(4)
    expect(rig.goes(four80('A'))).toBe(REAL)
    rig.advance(6)
    expect(rig.goes(four80('A'))).toBe('pass_no_conn')
  })
})
