// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'
import { frame, tcp, udp } from '../packets/frames.js'
import { census, counters } from './census.js'
import {
  A,
  B,
  burden,
  continues,
  opens,
  opensAndCloses,
  other,
  P100,
  persistentDirector,
  port,
  rig,
  serve,
  templates,
  timeOf,
  VIP,
  VIP6,
} from './persistent.js'
import { opened } from './tables.js'

persistentDirector()

describe('a template', () => {
  test('keeps a client on its real server, however loaded that is', () => {
    serve(P100)
    const real = opens()
    for (let i = 0; i < 10; i++) expect(opens()).toBe(real)
    expect(opens('192.168.0.2')).toBe(other(real))
  })

  test.each([8, 16, 24, 30, 32])('covers a /%i network and nothing else', (prefix) => {
    serve({ timeout: 100, prefix })
    const bit = 2 ** (32 - prefix)
    const address = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.')
    const base = 0xc0a86440 - (0xc0a86440 % bit)
    const real = opens(address(base))
    expect(opens(address(base + bit - 1))).toBe(real)
    expect(opens(address(base + bit))).toBe(other(real))
    expect(opens(address(base - 1))).not.toMatch(/^(pass|drop)/)
    expect(templates()).toHaveLength(3)
    expect(templates().map(({ clientNet }) => clientNet)).toContain(address(base))
  })

  test('knows masks with holes', () => {
    serve({ timeout: 100, prefix: 32, mask: '255.0.255.0' })
    const real = opens('10.1.7.1')
    expect(opens('10.200.7.99')).toBe(real)
    expect(opens('10.1.8.1')).toBe(other(real))
    expect(
      templates()
        .map(({ clientNet }) => clientNet)
        .sort(),
    ).toEqual(['10.0.7.0', '10.0.8.0'])
  })

  test.each([32, 48, 64, 127, 128])('covers an IPv6 /%i prefix and nothing else', (prefix) => {
    rig.apply([
      {
        vip: VIP6,
        scheduler: 'wlc',
        reals: ['fd00:2::1', 'fd00:2::2'],
        persistence: { timeout: 100, prefix },
      },
    ])
    const bit = 1n << BigInt(128 - prefix)
    const base = 0x20010db8_00010002_00030004_00050006n & ~(bit - 1n)
    const address = (value: bigint) =>
      value.toString(16).padStart(32, '0').match(/.{4}/g)?.join(':') as string
    const real = opens(address(base), { to: VIP6 })
    expect(opens(address(base + bit - 1n), { to: VIP6 })).toBe(real)
    expect(opens(address(base + bit), { to: VIP6 })).not.toBe(real)
    expect(templates()).toHaveLength(2)
    expect(
      templates()
        .map(({ controls: count }) => count)
        .sort(),
    ).toEqual([1, 2])
  })

  test('is of one port, one protocol, one virtual address', () => {
    const both = { scheduler: 'rr', reals: [A, B], persistence: P100 } as const
    rig.apply([
      { vip: VIP, ...both },
      { vip: VIP, port: 81, ...both },
      { vip: VIP, protocol: 'udp', ...both },
      { vip: '10.0.1.2', ...both },
    ])
    opens()
    opens('192.168.0.1', { dport: 81 })
    opens('192.168.0.1', { to: '10.0.1.2' })
    rig.goes(frame({ src: '192.168.0.1', dst: VIP, payload: udp(1000, 80) }))
    const keys = templates().map(({ protocol, vip, virtualPort }) => `${protocol} ${vip}:${virtualPort}`)
    expect(keys.sort()).toEqual(['tcp 10.0.1.1:80', 'tcp 10.0.1.1:81', 'tcp 10.0.1.2:80', 'udp 10.0.1.1:80'])
  })

  test('of TCP and one of UDP stand side by side in one set', async () => {
    const both = { scheduler: 'rr', reals: [A, B], persistence: P100 } as const
    const small = await opened(
      64,
      [
        { vip: VIP, ...both },
        { vip: VIP, protocol: 'udp', ...both },
      ],
      { templates: 1 },
    )
    for (let i = 1; i < 4; i++) {
      small.goes(frame({ src: '192.168.0.1', dst: VIP, payload: tcp(i, 80, 'S') }))
      small.goes(frame({ src: '192.168.0.1', dst: VIP, payload: udp(i, 80) }))
    }
    const held = [...small.datapath.templates()].map(({ protocol, controls }) => `${protocol} ${controls}`)
    expect(held.sort()).toEqual(['tcp 3', 'udp 3'])
  })

  test('serves UDP clients too, and never becomes ASSURED for them', () => {
    rig.apply([{ vip: VIP, port: 53, protocol: 'udp', scheduler: 'rr', reals: [A, B], persistence: P100 }])
    const sends = (sport: number) =>
      rig.goes(frame({ src: '192.168.0.1', dst: VIP, payload: udp(sport, 53) }))
    const real = sends(1)
    for (let i = 2; i < 10; i++) expect(sends(i)).toBe(real)
    expect(templates()).toMatchObject([{ protocol: 'udp', controls: 9, assured: false }])
  })
})

describe('time', () => {
  test('lasts the persistence time, and not longer', () => {
    serve(P100)
    const real = opensAndCloses()
    rig.advance(86)
    expect(opensAndCloses()).toBe(real)
    rig.advance(90)
    rig.sweep()
    expect(templates()).toEqual([])
    burden(real)
    expect(opens()).toBe(other(real))
  })

  test('an expired template is not used, swept or not', () => {
    serve(P100)
    const real = opensAndCloses()
    rig.advance(92)
    burden(real)
    expect(opens()).toBe(other(real))
    expect(templates().filter(({ clientNet }) => clientNet === '192.168.0.1')).toMatchObject([
      { real: other(real), timeout: 100, controls: 1, assured: false },
    ])
    expect(counters(rig)).toEqual(census(rig))
  })

  test('is renewed by a new connection', () => {
    serve(P100)
    const real = opensAndCloses()
    for (let i = 0; i < 5; i++) {
      rig.advance(60)
      expect(opensAndCloses()).toBe(real)
    }
    expect(timeOf()).toBe(100)
  })

  test('is not renewed by packets of connections it has', () => {
    serve(P100)
    opens()
    continues('A')
    const left = () => templates()[0]?.expiresIn ?? -1
    expect(left()).toBe(100)
    rig.advance(50)
    continues('A')
    continues('PA')
    expect(left()).toBeLessThanOrEqual(50)
    continues('S')
    expect(left()).toBeLessThanOrEqual(50)
  })

  test('goes on with 60 s, for good, when it ends while a connection lives', () => {
    serve(P100)
    const real = opens()
    const first = port
    continues('A')
    rig.advance(101)
    rig.sweep()
    expect(templates()).toMatchObject([{ timeout: 60, controls: 1 }])
    expect(templates()[0]?.expiresIn).toBe(60)
    burden(real)
    expect(opens()).toBe(real)
    expect(timeOf()).toBe(60)
    for (const sport of [first, port]) {
      rig.goes(frame({ src: '192.168.0.1', dst: VIP, payload: tcp(sport, 80, 'A') }))
      rig.goes(frame({ src: '192.168.0.1', dst: VIP, payload: tcp(sport, 80, 'R') }))
    }
    rig.advance(11)
    rig.sweep()
    expect(timeOf()).toBe(60)
    rig.advance(51)
    rig.sweep()
    expect(timeOf()).toBeUndefined()
  })

  test('goes on with 60 s also when a new connection comes before a sweep', () => {
    serve(P100)
    const real = opens()
    continues('A')
    rig.advance(101)
    burden(real)
    expect(opens()).toBe(real)
    expect(timeOf()).toBe(60)
  })

  test('is postponed again and again while the connection lives', () => {
    serve(P100)
    const real = opens()
    continues('A')
    for (let i = 0; i < 20; i++) {
      rig.advance(61)
      continues('A')
      rig.sweep()
    }
    expect(timeOf()).toBe(60)
    burden(real)
    expect(opens()).toBe(real)
  })

  test('of the service may change: old templates keep theirs', () => {
    serve(P100)
    opens('192.168.0.1')
    serve({ timeout: 500, prefix: 32 })
    opens('192.168.0.1')
    opens('192.168.0.2')
    expect([timeOf('192.168.0.1'), timeOf('192.168.0.2')]).toEqual([100, 500])
  })

  test('may be a second, or 31 days', () => {
    serve({ timeout: 1, prefix: 32 })
    const real = opensAndCloses()
    rig.sweep()
    expect(templates()).toEqual([])
    serve({ timeout: 2_678_400, prefix: 32 })
    opensAndCloses()
    rig.advance(2_678_300)
    rig.sweep()
    expect(timeOf()).toBe(2_678_400)
    rig.advance(100)
    rig.sweep()
    expect(templates()).toEqual([])
    expect(real).not.toMatch(/^(pass|drop)/)
  })
})
