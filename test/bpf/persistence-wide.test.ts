// SPDX-License-Identifier: Apache-2.0
// Templates that are wider than one port: of marks, of port 0, of FTP; and those that another took the place of.
import { describe, expect, test } from 'vitest'
import { frame, sctp, type Transport, tcp, udp } from '../packets/frames.js'
import { census, controls, counters, templatesHeld, ways } from './census.js'
import { A, B, other, P100, persistentDirector, rig, templates, VIP, VIP6 } from './persistent.js'

persistentDirector()

const BOTH = { scheduler: 'wlc', reals: [A, B], persistence: P100 } as const
const client = '192.168.0.1'
let port = 1024
const sends = (payload: Transport, dst = VIP, src = client) => rig.goes(frame({ src, dst, payload }))
const syn = (dport: number, dst = VIP, src = client) => sends(tcp(++port, dport, 'S'), dst, src)
const row = () =>
  templates()
    .map(({ protocol, vip, virtualPort, real, realPort, controls: count }) =>
      [protocol, vip, virtualPort, real, realPort, count].join(' '),
    )
    .sort()
/** Until everything is over; nothing may be left. */
const outlive = () => {
  for (let i = 0; i < 20; i++) {
    rig.advance(300)
    rig.sweep()
  }
  expect(ways(rig)).toEqual([])
  expect(templatesHeld(rig)).toEqual([])
  expect(counters(rig)).toEqual({})
}
const balanced = () => {
  expect(counters(rig)).toEqual(census(rig))
  expect(controls(rig).counted).toBe(controls(rig).actual)
}

describe("a mark's template", () => {
  const marks = [
    { vip: VIP, mark: 0x10002, ports: [80, 443] },
    { vip: VIP, mark: 0x10002, protocol: 'udp' as const, ports: [53] },
    { vip: VIP, mark: 0x10002, protocol: 'sctp' as const, ports: [9] },
    { vip: '10.0.1.2', mark: 0x10002, ports: [[0, 65_535]] as const },
    { vip: VIP6, mark: 0x10002, ports: [80] },
  ]
  const SERVICES = [
    { mark: 0x10002, ...BOTH },
    {
      mark: 0x10002,
      family: 6 as const,
      ...BOTH,
      reals: ['fd00:2::1'],
      persistence: { timeout: 100, prefix: 128 },
    },
  ]

  test('spans addresses, ports and protocols', () => {
    rig.apply(SERVICES, marks)
    const real = syn(80)
    for (const dport of [443, 80]) expect(syn(dport)).toBe(real)
    for (const dport of [0, 9, 65_535]) expect(syn(dport, '10.0.1.2')).toBe(real)
    expect(sends(udp(7, 53))).toBe(real)
    expect(sends(sctp(7, 9, ['init']))).toBe(real)
    expect(syn(80, VIP, '192.168.0.2')).toBe(other(real))
    expect(row()).toEqual([
      `ip 0.1.0.2 0 ${A} 0 ${real === A ? 8 : 1}`,
      `ip 0.1.0.2 0 ${B} 0 ${real === B ? 8 : 1}`,
    ])
    balanced()
    outlive()
  })

  test('is of one family', () => {
    rig.apply(SERVICES, marks)
    syn(80)
    expect(sends(tcp(1, 80, 'S'), VIP6, 'fd00::c')).toBe('fd00:2::1')
    expect(templates()).toHaveLength(2)
    balanced()
    outlive()
  })

  test('is not that of an address service with numbers alike', () => {
    rig.apply(
      [
        { mark: 0x10002, ...BOTH },
        { vip: '10.0.1.3', port: 0, ...BOTH },
      ],
      marks,
    )
    syn(80)
    syn(80, '10.0.1.3')
    expect(templates()).toHaveLength(2)
    balanced()
  })
})

describe("a port-0 service's template", () => {
  test('spans the ports of one protocol, and not those that another service claims', () => {
    rig.apply([
      { vip: VIP, port: 0, ...BOTH },
      { vip: VIP, port: 0, protocol: 'udp', ...BOTH },
      { vip: VIP, port: 443, ...BOTH },
    ])
    const real = syn(1)
    for (const dport of [80, 8080, 65_535, 0]) expect(syn(dport)).toBe(real)
    syn(443)
    sends(udp(1, 9))
    const keys = templates().map(
      ({ protocol, virtualPort, controls: count }) => `${protocol} ${virtualPort} ${count}`,
    )
    expect(keys.sort()).toEqual(['tcp 0 5', 'tcp 443 1', 'udp 0 1'])
    balanced()
    outlive()
  })
})

describe("FTP's template", () => {
  test('spans port 21, 20 and the unprivileged ones', () => {
    rig.apply([{ vip: VIP, port: 21, ...BOTH }])
    const real = syn(21)
    for (const dport of [20, 1024, 40_000]) expect(syn(dport)).toBe(real)
    expect(syn(80)).toBe('pass_no_service')
    expect(templates()).toMatchObject([{ protocol: 'tcp', virtualPort: 0, controls: 4 }])
    balanced()
    outlive()
  })
})

describe('one-packet services', () => {
  test('schedule each datagram, and leave nothing', () => {
    rig.apply([{ vip: VIP, port: 53, protocol: 'udp', scheduler: 'rr', reals: [A, B], onePacket: true }])
    const went = Array.from({ length: 6 }, () => sends(udp(7, 53)))
    expect(went).toEqual([A, B, A, B, A, B].map((real) => (went[0] === A ? real : other(real))))
    expect(ways(rig)).toEqual([])
    expect(rig.loads()).toMatchObject({ [A]: { active: 0, inactive: 0 }, [B]: { active: 0, inactive: 0 } })
    const { connections } = rig.datapath.snapshot({ services: [] } as never).services[0] ?? {}
    expect(connections).toBe(6n)
  })

  test('with persistence go by the template, which each datagram renews', () => {
    rig.apply([{ vip: VIP, port: 53, protocol: 'udp', ...BOTH, scheduler: 'rr', onePacket: true }])
    const real = sends(udp(7, 53))
    for (let i = 0; i < 5; i++) {
      rig.advance(60)
      rig.sweep()
      expect(sends(udp(8 + i, 53))).toBe(real)
    }
    expect(templates()).toMatchObject([{ controls: 0, timeout: 100, expiresIn: 100 }])
    expect(ways(rig)).toEqual([])
    outlive()
  })
})

describe('a disabled template', () => {
  const quiesced = (real: string) => [A, B].map((address) => ({ address, weight: address === real ? 0 : 1 }))

  test('keeps a row of its own and its connections; another takes its place', () => {
    rig.setTunables({ expire_quiescent_template: 1 })
    rig.apply([{ vip: VIP, ...BOTH }])
    const real = syn(80)
    const first = port
    sends(tcp(first, 80, 'A'))
    rig.apply([{ vip: VIP, ...BOTH, reals: quiesced(real) }])
    expect([syn(80), syn(80)]).toEqual([other(real), other(real)])
    expect(sends(tcp(first, 80, 'A'))).toBe(real)
    expect(row()).toEqual([`tcp ${VIP} 65535 ${real} 65535 1`, `tcp ${VIP} 80 ${other(real)} 80 2`].sort())
    balanced()
    rig.apply([{ vip: VIP, ...BOTH }])
    expect(syn(80)).toBe(other(real))
    sends(tcp(first, 80, 'R'))
    rig.advance(11)
    rig.sweep()
    const held = templates().map(({ real: of, controls: count }) => `${of} ${count}`)
    expect(held.sort()).toEqual([`${real} 0`, `${other(real)} 3`].sort())
    balanced()
    outlive()
    rig.setTunables({ expire_quiescent_template: 0 })
  })

  test('is there also when its real server was removed', () => {
    rig.apply([{ vip: VIP, ...BOTH }])
    const real = syn(80)
    sends(tcp(port, 80, 'A'))
    rig.apply([{ vip: VIP, ...BOTH, reals: [other(real)] }])
    expect(syn(80)).toBe(other(real))
    expect(row()).toEqual([`tcp ${VIP} 65535 ${real} 65535 1`, `tcp ${VIP} 80 ${other(real)} 80 1`].sort())
    balanced()
    outlive()
  })

  test('does not come by weight 0 alone', () => {
    rig.apply([{ vip: VIP, ...BOTH }])
    const real = syn(80)
    rig.apply([{ vip: VIP, ...BOTH, reals: quiesced(real) }])
    expect(syn(80)).toBe(real)
    expect(templates()).toHaveLength(1)
  })
})
