// SPDX-License-Identifier: Apache-2.0
// What the kernel lets one tune changes what packets do, at once and as IPVS does it.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { State } from '../../src/abi/generated.js'
import { VIP } from '../packets/case.js'
import { frame, icmp, ipPacket, sctp, tcp, udp } from '../packets/frames.js'
import { census, counters, ways } from './census.js'
import { forceState, only } from './force.js'
import { RIG_TUNABLES, Rig, type ServiceWords } from './rig.js'

const [A, B] = ['10.0.2.1', '10.0.2.2'] as const
const WEB: ServiceWords = { vip: VIP, reals: [A, B] }
const CALM = { secureTcp: false, dropRate: 0, dropCounter: 0 }

let rig: Rig
beforeAll(async () => {
  rig = await Rig.open({ limits: { connections: 4096, templates: 256 } })
})
beforeEach(() => {
  rig.datapath.setDefence(CALM)
  rig.setTunables(RIG_TUNABLES)
  rig.apply([WEB])
  rig.reset()
})
afterAll(() => rig?.close())

const segment = (flags: string, sport = 1000, src = '192.168.0.1') =>
  frame({ src, dst: VIP, payload: tcp(sport, 80, flags) })
const other = (real: string) => (real === A ? B : A)
const without = (real: string) => rig.apply([{ ...WEB, reals: [other(real)] }])
const establishes = () => {
  const real = rig.goes(segment('S'))
  rig.goes(segment('A'))
  return real
}

describe('expire_nodest_conn', () => {
  test('off: a connection of a removed real server is dropped, and goes on when it is back', () => {
    const real = establishes()
    without(real)
    expect(['A', 'S', 'PA'].map((flags) => rig.goes(segment(flags)))).toEqual(Array(3).fill('drop_real_gone'))
    rig.apply([WEB])
    expect(rig.goes(segment('A'))).toBe(real)
  })

  test('on: a segment is the stack’s, a SYN is scheduled anew, and the old one is gone', () => {
    rig.setTunables({ expire_nodest_conn: 1 })
    const real = establishes()
    without(real)
    expect(rig.goes(segment('A'))).toBe('pass_no_conn')
    expect(ways(rig)).toEqual([])
    expect(rig.goes(segment('S'))).toBe(other(real))
    expect(counters(rig)).toEqual(census(rig))
  })

  test('on: a sweep ends the connections of a removed real server', () => {
    rig.setTunables({ expire_nodest_conn: 1 })
    without(establishes())
    rig.sweep()
    expect(ways(rig)).toEqual([])
    expect(counters(rig)).toEqual({})
  })

  test('on: a SYN leaves a quiesced real server, other segments do not', () => {
    rig.setTunables({ expire_nodest_conn: 1, conn_reuse_mode: 0 })
    const real = establishes()
    rig.apply([{ ...WEB, reals: [A, B].map((address) => ({ address, weight: address === real ? 0 : 1 })) }])
    expect(rig.goes(segment('A'))).toBe(real)
    expect(rig.goes(segment('S'))).toBe(other(real))
    expect(ways(rig)).toHaveLength(1)
    expect(counters(rig)).toEqual(census(rig))
  })
})

describe('schedule_icmp', () => {
  const error = (payload = tcp(80, 7, 'A')) =>
    frame({
      src: '172.16.0.9',
      dst: VIP,
      payload: icmp(3, 4, ipPacket({ src: VIP, dst: '192.168.0.1', payload })),
    })

  test('begins a connection without state, for 3 s', () => {
    rig.setTunables({ schedule_icmp: 1 })
    const real = rig.goes(error())
    expect([A, B]).toContain(real)
    expect(only(rig)).toMatchObject({ state: State.TCP_NONE })
    expect(rig.goes(error())).toBe(real)
    rig.advance(3)
    rig.sweep()
    expect(ways(rig)).toHaveLength(1)
    rig.advanceTicks(1)
    rig.sweep()
    expect(ways(rig)).toEqual([])
    expect(counters(rig)).toEqual({})
  })

  test('of UDP becomes an ordinary flow with its first datagram', () => {
    rig.setTunables({ schedule_icmp: 1 })
    rig.apply([{ vip: VIP, port: 53, protocol: 'udp', reals: [A, B] }])
    const real = rig.goes(error(udp(53, 7)))
    expect(only(rig).state).toBe(State.UDP_BEGUN)
    expect(rig.goes(frame({ src: '192.168.0.1', dst: VIP, payload: udp(7, 53) }))).toBe(real)
    expect(only(rig).state).toBe(State.UDP_NORMAL)
  })

  test('off: begins nothing', () => {
    expect(rig.goes(error())).toBe('pass_icmp_no_flow')
    expect(ways(rig)).toEqual([])
  })

  test('an ICMP error does not restart the timer of its flow', () => {
    const real = rig.goes(segment('S', 7))
    rig.advance(50)
    expect(rig.goes(error())).toBe(real)
    rig.advance(11)
    expect(rig.goes(error())).toBe('pass_icmp_no_flow')
  })
})

describe('drop_packet', () => {
  test.each([1, 2, 3, 10])('drops the first and then every %i-th of what would be scheduled', (dropRate) => {
    rig.datapath.setDefence({ ...CALM, dropRate })
    const lost = Array.from({ length: 30 }, (_, i) => rig.goes(segment('S', 2000 + i)) === 'drop_defence')
    expect(lost).toEqual(lost.map((_, i) => i % dropRate === 0))
  })

  test('counts neither known flows, nor what is not for a service', () => {
    establishes()
    rig.datapath.setDefence({ ...CALM, dropRate: 2 })
    const between = () => {
      expect(rig.goes(segment('A'))).toMatch(/^10\./)
      expect(rig.goes(segment('A', 9))).toBe('pass_no_conn')
      expect(rig.goes(frame({ src: '192.168.0.1', dst: VIP, payload: udp(7, 53) }))).toBe('pass_no_service')
    }
    const lost = Array.from({ length: 10 }, (_, i) => {
      between()
      return rig.goes(segment('S', 2000 + i)) === 'drop_defence'
    })
    expect(lost).toEqual(lost.map((_, i) => i % 2 === 0))
  })
})

describe('drop_entry', () => {
  /** All of the tables, a 32nd after the other. */
  const defend = () => {
    for (let i = 0; i < 32; i++) rig.datapath.defend(i / 32)
  }
  const HALF_OPEN: readonly number[] = [State.TCP_SYN_RECV, State.TCP_SYNACK]
  const TCP = Object.entries(State).filter(([name]) => name.startsWith('TCP_'))
  const SCTP = Object.entries(State).filter(([name]) => name.startsWith('SCTP_'))

  test.each(TCP)('takes a connection in %s when it is half-open', (_, state) => {
    rig.goes(segment('S'))
    forceState(rig, state)
    defend()
    expect(ways(rig)).toHaveLength(HALF_OPEN.includes(state) ? 0 : 1)
    expect(counters(rig)).toEqual(census(rig))
  })

  test.each(SCTP)('takes a connection in %s when it is half-open', (_, state) => {
    rig.apply([{ vip: VIP, protocol: 'sctp', reals: [A] }])
    rig.goes(frame({ src: '192.168.0.1', dst: VIP, payload: sctp(7, 80, ['init']) }))
    forceState(rig, state)
    defend()
    const half: readonly number[] = [State.SCTP_INIT1, State.SCTP_INIT]
    expect(ways(rig)).toHaveLength(half.includes(state) ? 0 : 1)
    expect(counters(rig)).toEqual(census(rig))
  })

  test('takes idle templates, neither used ones nor those that are ASSURED', () => {
    rig.apply([{ ...WEB, persistence: { timeout: 1000, prefix: 32 } }])
    for (const [i, flags] of [['S'], ['S', 'A'], ['S', 'A', 'R'], ['S', 'R']].entries()) {
      for (const flag of flags) rig.goes(segment(flag, 1000, `192.168.0.${i}`))
    }
    rig.advance(61)
    rig.sweep()
    defend()
    const left = [...rig.datapath.templates()].map(({ clientNet }) => clientNet).sort()
    expect(left).toEqual(['192.168.0.1', '192.168.0.2'])
    expect(counters(rig)).toEqual(census(rig))
  })

  test('looks at a 32nd of the table a time', () => {
    for (let i = 0; i < 2000; i++) rig.goes(segment('S', 1 + i))
    const before = ways(rig).length
    rig.datapath.defend(0.5)
    const gone = before - ways(rig).length
    expect(gone).toBeGreaterThan(before / 128)
    expect(gone).toBeLessThan(before / 8)
  })
})
