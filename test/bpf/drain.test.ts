// SPDX-License-Identifier: Apache-2.0
// A real server that is drained: its flows stay, what opens a connection never does, and at the end nothing does; how
// clients' handshakes go is counted.
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest'
import type { DrainStage } from '../../src/model/types.js'
import {
  CLIENT_MAC,
  checksum,
  DIRECTOR_MAC,
  type FrameWords,
  frame,
  mac,
  tcp,
  udp,
} from '../packets/frames.js'
import { census, counters } from './census.js'
import { type AddressWords, Rig } from './rig.js'

const FAMILIES = [
  { name: 'IPv4', vip: '10.0.1.1', client: '192.168.0.1', a: '10.0.2.1', b: '10.0.2.2', header: 20 },
  { name: 'IPv6', vip: 'fd00:1::1', client: 'fd00::1', a: 'fd00:2::1', b: 'fd00:2::2', header: 40 },
] as const

let rig: Rig
beforeAll(async () => {
  rig = await Rig.open({ limits: { connections: 256, templates: 64 } })
})
beforeEach(() => {
  rig.apply([])
  rig.reset()
})
afterAll(() => rig?.close())

describe.each(FAMILIES)('over $name', ({ vip, client, a, b, header }) => {
  const serve = (drain?: DrainStage, rest: Partial<AddressWords> = {}) =>
    rig.apply([
      {
        ...{ vip, scheduler: 'wrr', ...rest },
        reals: [
          { address: a, weight: drain ? 0 : 1, ...(drain && { drain }) },
          { address: b, weight: drain ? 1 : 0 },
        ],
      },
    ])
  const words = (flags: string, sport = 1000, more: Partial<FrameWords> = {}): FrameWords => ({
    src: client,
    dst: vip,
    payload: tcp(sport, 80, flags),
    ...more,
  })
  const goes = (flags: string, sport = 1000) => rig.goes(frame(words(flags, sport)))
  const says = (sport = 1000) => rig.goes(frame({ src: client, dst: vip, payload: udp(sport, 80) }))
  const open = (sport = 1000) => expect([goes('S', sport), goes('A', sport)]).toEqual([a, a])
  const true_ = () => expect(counters(rig)).toEqual(census(rig))

  it('keeps established flows, and gives it no new ones', () => {
    serve()
    open()
    serve('soft')
    expect([goes('A'), goes('AP'), goes('A')]).toEqual([a, a, a])
    expect(goes('S', 1001)).toBe(b)
    true_()
  })

  it.each([
    ['established', 'A'],
    ['half-open', 'S'],
    ['finished', 'AF'],
    ['reset', 'R'],
  ])('a SYN on a flow of it that is %s chooses anew', (_, flags) => {
    serve()
    expect([goes('S'), goes(flags)]).toEqual([a, a])
    serve('soft')
    expect([goes('S'), goes('A')]).toEqual([b, b])
    expect([...rig.datapath.conns()]).toMatchObject([{ real: b, state: 'ESTABLISHED' }])
    true_()
  })

  it('with weight 0 alone a SYN on a flow in FIN_WAIT stays, as in IPVS', () => {
    serve()
    expect([goes('S'), goes('A'), goes('AF')]).toEqual([a, a, a])
    rig.apply([{ vip, scheduler: 'wrr', reals: [{ address: a, weight: 0 }, b] }])
    expect(goes('S')).toBe(a)
  })

  it('its persistence templates end at once, and clients of them go elsewhere for good', () => {
    const persistence = { timeout: 100, prefix: header === 20 ? 32 : 128 }
    serve(undefined, { persistence })
    open()
    serve('soft', { persistence })
    expect(goes('A')).toBe(a)
    expect([goes('S', 1001), goes('S', 1002)]).toEqual([b, b])
    rig.sweep()
    expect([...rig.datapath.templates()].map(({ real }) => real)).toEqual([b])
    serve(undefined, { persistence })
    expect(goes('S', 1003)).toBe(b)
    true_()
  })

  it('undrained, it gets new connections again', () => {
    serve()
    serve('soft')
    expect(goes('S')).toBe(b)
    serve()
    expect(goes('S', 1001)).toBe(a)
  })

  it('at its end with move every packet of its flows chooses anew, but for a RST', () => {
    serve()
    open()
    open(1001)
    serve('move')
    expect(goes('R')).toBe(a)
    expect([goes('A', 1001), goes('A', 1001)]).toEqual([b, b])
    true_()
  })

  it('at its end datagrams choose anew, whether flows move or are reset', () => {
    for (const stage of ['move', 'reset'] as const) {
      serve(undefined, { protocol: 'udp' })
      expect(says()).toBe(a)
      serve('soft', { protocol: 'udp' })
      expect(says()).toBe(a)
      serve(stage, { protocol: 'udp' })
      expect([says(), says()]).toEqual([b, b])
      true_()
      rig.apply([])
      rig.reset()
    }
  })

  describe('at its end with reset', () => {
    const flags = (data: Uint8Array) => data[14 + header + 13]
    const seq = (data: Uint8Array, at: number) =>
      new DataView(data.buffer, data.byteOffset).getUint32(14 + header + at)

    it('a segment is answered with a RST that starts where the client has acknowledged', () => {
      serve()
      open()
      serve('reset')
      const { action, reason, frame: back } = rig.send(frame(words('AP')))
      expect([action, reason]).toEqual(['tx', 'answer_reset'])
      expect([...back.subarray(0, 12)]).toEqual([...mac(CLIENT_MAC), ...mac(DIRECTOR_MAC)])
      expect(back).toHaveLength(14 + header + 20)
      expect([flags(back), seq(back, 4), seq(back, 8)]).toEqual([4, 2, 0])
      expect([...back.subarray(14 + header, 14 + header + 4)]).toEqual([0, 80, 1000 >> 8, 1000 & 255])
      expectSums(back)
      true_()
    })

    it('one without ACK by a RST that acknowledges it, its data and its FIN', () => {
      serve()
      open()
      serve('reset')
      const { frame: back } = rig.send(
        frame({ src: client, dst: vip, payload: tcp(1000, 80, 'F', new Uint8Array(100)) }),
      )
      expect([flags(back), seq(back, 4), seq(back, 8)]).toEqual([4 | 16, 0, 1 + 100 + 1])
      expectSums(back)
    })

    it('under two VLAN tags', () => {
      serve()
      open()
      serve('reset')
      const tags = [{ tpid: 0x88a8, vid: 7 }, { vid: 9 }]
      const { reason, frame: back } = rig.send(frame(words('A', 1000, { tags })))
      expect(reason).toBe('answer_reset')
      expect([...back.subarray(12, 20)]).toEqual([0x88, 0xa8, 0, 7, 0x81, 0, 0, 9])
      expect(back).toHaveLength(22 + header + 20)
    })

    it('what the client says to the late segments of its server still gets there: its RST', () => {
      serve()
      open()
      serve('reset')
      expect([goes('A'), goes('R')]).toEqual(['answer_reset', a])
      expect([...rig.datapath.conns()]).toMatchObject([{ real: a, state: 'CLOSE' }])
      expect(goes('S')).toBe(b)
      true_()
    })

    it('every segment of it is answered, not only the first', () => {
      serve()
      open()
      serve('reset')
      expect([goes('A'), goes('AP'), goes('AF')]).toEqual(['answer_reset', 'answer_reset', 'answer_reset'])
    })
  })

  function expectSums(data: Uint8Array): void {
    const packet = data.subarray(14)
    if (header === 20) expect(checksum(packet.subarray(0, 20))).toBe(0)
    const [addresses, length] = header === 20 ? [packet.subarray(12, 20), 2] : [packet.subarray(8, 40), 2]
    const pseudo = [...addresses, 0, 6, ...[0, 20].slice(-length)]
    expect(checksum(Uint8Array.from([...pseudo, ...packet.subarray(header)]))).toBe(0)
  }
})

describe('handshakes', () => {
  const { vip, client, a } = FAMILIES[0]
  const send = (flags: string, sport: number) =>
    rig.goes(frame({ src: client, dst: vip, payload: tcp(sport, 80, flags) }))
  const counted = () => {
    const [real] = rig.datapath.actual().services.get(`tcp ${vip}:80`)?.reals ?? []
    return rig.datapath.handshakes(real?.id ?? 0)
  }

  test('a SYN that comes again on a half-open connection is a retry, the ACK a finished handshake, nothing else', () => {
    rig.apply([{ vip, reals: [a] }])
    const start = counted()
    const since = () => ({
      retries: counted().retries - start.retries,
      handshakes: counted().handshakes - start.handshakes,
    })
    send('S', 1)
    expect(since()).toEqual({ retries: 0, handshakes: 0 })
    send('S', 1)
    send('S', 1)
    send('S', 2)
    expect(since()).toEqual({ retries: 2, handshakes: 0 })
    send('A', 1)
    send('AP', 1)
    send('S', 1)
    send('AF', 1)
    send('R', 2)
    expect(since()).toEqual({ retries: 2, handshakes: 1 })
  })
})
