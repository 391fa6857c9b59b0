// SPDX-License-Identifier: Apache-2.0
// What packets did, as snapshots and listings tell it.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { frame, ipPacket, tcp, udp } from '../packets/frames.js'
import { desired, Rig } from './rig.js'

const WEB = { vip: '10.0.1.1', reals: ['10.0.2.1', '10.0.2.2'] } as const
const VIP6 = '2001:db8::1'
const SIX = { vip: VIP6, port: 53, protocol: 'udp', reals: ['2001:db8:2::1'] } as const
const STICKY = {
  ...{ vip: '10.0.1.1', port: 443, persistence: { timeout: 300, prefix: 24 } },
  reals: ['10.0.2.1', '10.0.2.2'],
} as const

let rig: Rig

beforeEach(async () => {
  rig = await Rig.open()
})
afterEach(() => rig.close())

function syn(client: string, port = 80, sport = 1000): Uint8Array {
  return frame({ src: client, dst: '10.0.1.1', payload: tcp(sport, port, 'S') })
}

describe('snapshot', () => {
  test('counts packets, IP bytes and connections of every real server and their sum', () => {
    rig.apply([WEB])
    for (let i = 1; i <= 3; i++) rig.send(syn(`192.168.0.${i}`))
    const ack = { src: '192.168.0.1', dst: '10.0.1.1', payload: tcp(1000, 80, 'A') }
    rig.send(frame(ack))
    const [service] = rig.datapath.snapshot(desired([WEB])).services
    const size = BigInt(ipPacket(ack).length)
    expect(service).toMatchObject({
      key: 'tcp 10.0.1.1:80',
      packets: 4n,
      connections: 3n,
      active: 3,
      inactive: 0,
    })
    expect(service?.bytes).toBe(4n * size)
    expect(service?.reals.map((real) => [real.address, real.packets, real.connections, real.active])).toEqual(
      [
        ['10.0.2.2', 3n, 2n, 2],
        ['10.0.2.1', 1n, 1n, 1],
      ],
    )
  })

  test('names, owners and configured weights come from the configuration', () => {
    rig.apply([WEB])
    const named = desired([{ ...WEB, name: 'web', reals: [{ address: '10.0.2.1', weight: 7, name: 'one' }] }])
    const [service] = rig.datapath.snapshot(named).services
    expect(service).toMatchObject({ name: 'web', owner: 'file' })
    expect(service?.reals[1]).toMatchObject({ name: 'one', weight: 7, effectiveWeight: 1 })
    expect(service?.reals[0]).toMatchObject({ weight: 1, effectiveWeight: 1 })
  })

  test('a removed real server still counts for its service, and its counts stay when it is freed', () => {
    rig.apply([WEB])
    rig.send(syn('192.168.0.1'))
    rig.send(syn('192.168.0.2'))
    rig.apply([{ ...WEB, reals: ['10.0.2.2'] }])
    const one = desired([{ ...WEB, reals: ['10.0.2.2'] }])
    expect(rig.datapath.snapshot(one).services[0]).toMatchObject({ packets: 2n, connections: 2n, active: 2 })
  })

  test('reasons are counted by name, actions by what became of the frame', () => {
    rig.apply([WEB])
    rig.send(syn('192.168.0.1'))
    rig.send(frame({ src: '192.168.0.1', dst: '10.0.9.9', payload: tcp(1, 2, 'S') }))
    const { reasons, totals } = rig.datapath.snapshot(desired([WEB]))
    expect(reasons.forward_new?.packets).toBe(1n)
    expect(reasons.pass_not_vip?.packets).toBe(1n)
    expect(reasons.drop_no_real).toEqual({ packets: 0n, bytes: 0n })
    expect(totals.connsCreated).toBe(1n)
  })

  test('tables show what the last round of the sweep found', () => {
    rig.apply([WEB, STICKY, SIX])
    rig.send(syn('192.168.0.1'))
    rig.send(syn('192.168.0.1', 443))
    rig.send(frame({ src: '2001:db8:9::1', dst: VIP6, payload: udp(5, 53) }))
    rig.sweep()
    const { tables } = rig.datapath.snapshot(desired([WEB]))
    expect([tables.conn4.entries, tables.conn6.entries, tables.template.entries]).toEqual([2, 1, 1])
    rig.advance(10_000)
    rig.sweep()
    const { tables: later, totals } = rig.datapath.snapshot(desired([WEB]))
    expect([later.conn4.entries, later.conn6.entries]).toEqual([0, 0])
    expect(totals.connsExpired).toBe(3n)
  })
})

describe('conns', () => {
  test('tell both ends, the real server, the state and what is left of its time', () => {
    rig.apply([WEB, SIX])
    rig.send(syn('192.168.0.1'))
    rig.send(frame({ src: '2001:db8:9::1', dst: VIP6, payload: udp(5, 53) }))
    rig.advance(10)
    expect([...rig.datapath.conns()]).toEqual([
      {
        ...{ protocol: 'tcp', client: '192.168.0.1', clientPort: 1000, vip: '10.0.1.1', virtualPort: 80 },
        ...{ real: '10.0.2.2', realPort: 80, realId: 2, state: 'SYN_RECV', expiresIn: 49, controlled: false },
      },
      {
        ...{ protocol: 'udp', client: '2001:db8:9::1', clientPort: 5, vip: VIP6, virtualPort: 53 },
        ...{
          real: '2001:db8:2::1',
          realPort: 53,
          realId: 3,
          state: 'UDP',
          expiresIn: 289,
          controlled: false,
        },
      },
    ])
  })

  test('are filtered by service, real server and client, and stop at a limit', () => {
    rig.apply([WEB, STICKY])
    for (let i = 1; i <= 6; i++) rig.send(syn(`192.168.0.${i}`))
    rig.send(syn('192.168.0.1', 443))
    const count = (filter: object) => [...rig.datapath.conns(filter)].length
    expect(count({})).toBe(7)
    expect(count({ limit: 4 })).toBe(4)
    expect(count({ service: 'tcp 10.0.1.1:443' })).toBe(1)
    expect(count({ client: '192.168.0.1' })).toBe(2)
    expect(count({ real: '10.0.2.2', service: 'tcp 10.0.1.1:80' })).toBe(3)
    expect(count({ client: '192.168.7.7' })).toBe(0)
  })

  test('that came after the listing began are shown as new', () => {
    rig.apply([WEB])
    rig.send(syn('192.168.0.1'))
    const listing = rig.datapath.conns()
    expect(listing.next().value).toMatchObject({ expiresIn: 60 })
    const slow = rig.datapath.conns()
    rig.advance(20)
    rig.send(frame({ src: '192.168.0.1', dst: '10.0.1.1', payload: tcp(1000, 80, 'A') }))
    expect(slow.next().value).toMatchObject({ state: 'ESTABLISHED', expiresIn: 900 })
  })

  test('that are over are not shown, swept or not', () => {
    rig.apply([WEB])
    rig.send(syn('192.168.0.1'))
    rig.advance(61)
    expect([...rig.datapath.conns()]).toEqual([])
  })

  test('templates tell the client network, whom it goes to, and how many connections they control', () => {
    rig.apply([STICKY])
    rig.send(syn('192.168.0.7', 443))
    rig.send(syn('192.168.0.8', 443))
    rig.send(frame({ src: '192.168.0.8', dst: '10.0.1.1', payload: tcp(1000, 443, 'A') }))
    expect([...rig.datapath.templates()]).toEqual([
      {
        ...{ protocol: 'tcp', clientNet: '192.168.0.0', vip: '10.0.1.1', virtualPort: 443 },
        ...{ real: '10.0.2.2', realPort: 443, realId: 2, assured: true, controls: 2 },
        ...{ timeout: 300, expiresIn: 300 },
      },
    ])
    expect([...rig.datapath.conns()].every((conn) => conn.controlled)).toBe(true)
  })
})

describe('trash', () => {
  test('lasts as long as a connection does, and two minutes longer', () => {
    rig.apply([WEB])
    rig.send(syn('192.168.0.1'))
    const now = rig.datapath.now()
    rig.apply([{ ...WEB, reals: ['10.0.2.1'] }])
    const trash = () => rig.datapath.actual().services.get('tcp 10.0.1.1:80')?.trash ?? []
    expect(trash()).toMatchObject([{ address: '10.0.2.2', referenced: true, trashSince: 0 }])
    expect(rig.goes(syn('192.168.0.1'))).toBe('drop_real_gone')
    rig.advance(100)
    rig.sweep()
    rig.apply([{ ...WEB, reals: ['10.0.2.1'] }])
    expect(trash()).toMatchObject([{ referenced: false }])
    expect(trash()[0]?.trashSince).toBeGreaterThanOrEqual(now)
  })
})
