// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Persistence } from '../../src/model/types.js'
import { frame, tcp, udp } from '../packets/frames.js'
import { census, controls, counters, templatesHeld, ways } from './census.js'
import { Rig, type ServiceWords } from './rig.js'

const VIP = '10.0.1.1'
const VIP6 = 'fd00:1::1'
const A = '10.0.2.1'
const B = '10.0.2.2'

let rig: Rig
beforeAll(async () => {
  rig = await Rig.open({ limits: { connections: 256, templates: 64 } })
})
beforeEach(() => {
  rig.apply([])
  rig.reset()
  rig.datapath.setTimeouts({ tcp: 900, tcpfin: 120, udp: 300 })
})
afterAll(() => rig?.close())

/** wlc: without persistence every new connection goes to the emptier of two. */
function serve(persistence: Persistence, rest: Partial<ServiceWords> = {}): void {
  rig.apply([{ vip: VIP, scheduler: 'wlc', reals: [A, B], persistence, ...rest }])
}
const P100: Persistence = { timeout: 100, prefix: 32 }

let port = 1024
/** A new connection's SYN: where it goes. */
function opens(client = '192.168.0.1', { to = VIP, dport = 80 } = {}): string {
  return rig.goes(frame({ src: client, dst: to, payload: tcp(++port, dport, 'S') }))
}
/** A packet of the connection opened last. */
const continues = (flags: string, client = '192.168.0.1') =>
  rig.goes(frame({ src: client, dst: VIP, payload: tcp(port, 80, flags) }))
/** Opens and at once forgets: a RST, and 11 s. */
function opensAndCloses(client = '192.168.0.1'): string {
  const real = opens(client)
  continues('A', client)
  continues('R', client)
  rig.advance(11)
  rig.sweep()
  return real
}
const other = (real: string) => (real === A ? B : A)
/** From now on the scheduler gives every new client to the other one. */
const burden = (real: string) => {
  const reals = [A, B].map((address) => ({ address, weight: address === real ? 1 : 1000 }))
  serve(P100, { reals })
  for (const client of ['172.16.0.1', '172.16.0.2']) opens(client)
}
const templates = () => [...rig.datapath.templates()]
const timeOf = (client = '192.168.0.1') => templates().find(({ clientNet }) => clientNet === client)?.timeout

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

describe('real servers', () => {
  test('of weight 0 keep their persistent clients, and get no others', () => {
    serve(P100)
    const real = opens()
    const quiesced = [A, B].map((address) => ({ address, weight: address === real ? 0 : 1 }))
    serve(P100, { reals: quiesced })
    expect(opens()).toBe(real)
    for (let i = 2; i < 20; i++) expect(opens(`192.168.0.${i}`)).toBe(other(real))
  })

  test('all of weight 0 keep their clients, and refuse others', () => {
    serve(P100)
    const real = opens()
    serve(P100, { reals: [A, B].map((address) => ({ address, weight: 0 })) })
    expect(opens()).toBe(real)
    expect(opens('192.168.0.2')).toBe('drop_no_real')
    expect(templates()).toHaveLength(1)
  })

  test('that are removed lose their clients to others, with the full time', () => {
    serve(P100)
    const real = opens()
    continues('A')
    rig.advance(101)
    rig.sweep()
    serve(P100, { reals: [other(real)] })
    expect(opens()).toBe(other(real))
    expect(templates().filter(({ real: now }) => now === other(real))).toMatchObject([
      { timeout: 100, assured: false },
    ])
    expect(counters(rig)).toEqual(census(rig))
    serve(P100)
    expect(opens()).toBe(other(real))
  })

  test('that are removed and none is left: no template, no connection', () => {
    serve(P100)
    opens()
    serve(P100, { reals: [] })
    expect(opens('192.168.0.2')).toBe('drop_no_real')
    expect(opens()).toBe('drop_no_real')
    expect(counters(rig)).toEqual(census(rig))
  })

  test('count their templates apart from connections', () => {
    serve(P100)
    for (let i = 1; i <= 10; i++) opens(`192.168.0.${i}`)
    const { [A]: a, [B]: b } = rig.loads()
    expect([a, b]).toEqual([
      { active: 5, inactive: 0, persistent: 5 },
      { active: 5, inactive: 0, persistent: 5 },
    ])
    rig.advance(161)
    rig.sweep()
    expect(rig.loads()).toMatchObject({
      [A]: { active: 0, persistent: 0 },
      [B]: { active: 0, persistent: 0 },
    })
    expect(templatesHeld(rig)).toEqual([])
  })
})

describe('ASSURED', () => {
  test('is a template one of whose connections was ESTABLISHED, as long as it lives', () => {
    serve(P100)
    opens()
    expect(templates()).toMatchObject([{ assured: false }])
    continues('A')
    expect(templates()).toMatchObject([{ assured: true }])
    continues('R')
    rig.advance(11)
    rig.sweep()
    expect(templates()).toMatchObject([{ assured: true, controls: 0 }])
    rig.advance(101)
    opens()
    expect(templates()).toMatchObject([{ assured: false, controls: 1 }])
  })
})

describe('controlled connections', () => {
  test('are counted by their template from the first packet to the end', () => {
    serve(P100)
    for (let i = 1; i <= 5; i++) opens()
    expect(templates()).toMatchObject([{ controls: 5 }])
    expect(ways(rig).every(({ controlled }) => controlled)).toBe(true)
    continues('A')
    rig.advance(61)
    rig.sweep()
    expect(templates()).toMatchObject([{ controls: 1 }])
    rig.advance(900)
    rig.sweep()
    rig.sweep()
    expect(templates()).toEqual([])
    expect(counters(rig)).toEqual({})
  })

  test('that come again after their time are not counted twice', () => {
    serve(P100)
    const again = frame({ src: '192.168.0.1', dst: VIP, payload: tcp(5000, 80, 'S') })
    for (let i = 0; i < 5; i++) {
      rig.goes(again)
      rig.advance(61)
    }
    expect(controls(rig)).toEqual({ counted: 1, actual: 1 })
  })

  test('that are evicted are not counted any more', () => {
    serve({ timeout: 100, prefix: 8 })
    for (let i = 0; i < 3000; i++) opens(`192.168.${i >> 8}.${i & 255}`)
    const { counted, actual } = controls(rig)
    expect(actual).toBeGreaterThan(200)
    expect(counted).toBe(actual)
    expect(counters(rig)).toEqual(census(rig))
    expect(rig.datapath.snapshot({ services: [] } as never).totals.connsEvicted).toBeGreaterThan(1000n)
  })

  test.each([
    ['is gone', () => rig.apply([])],
    ['has a wider mask now', () => serve({ timeout: 100, prefix: 16 })],
    ['has a narrower mask now', () => serve({ timeout: 100, prefix: 32 })],
    ['has no persistence any more', () => rig.apply([{ vip: VIP, scheduler: 'wlc', reals: [A, B] }])],
  ] as const)('do not hold their template for ever when the service %s', (_, change) => {
    serve({ timeout: 100, prefix: 24 })
    opens('192.168.0.7')
    rig.goes(frame({ src: '192.168.0.7', dst: VIP, payload: tcp(port, 80, 'A') }))
    change()
    for (let i = 0; i < 20; i++) {
      rig.advance(100)
      rig.sweep()
    }
    expect(ways(rig)).toEqual([])
    expect(templatesHeld(rig)).toEqual([])
    expect(counters(rig)).toEqual({})
  })
})

describe('a full table of templates', () => {
  test('gives up unused ones, the oldest first, and counts stay true', () => {
    serve(P100)
    for (let i = 0; i < 1000; i++) {
      opens(`10.9.${i >> 8}.${i & 255}`)
      rig.advanceTicks(1)
      if (i % 50 === 0) rig.sweep()
    }
    rig.sweep()
    expect(counters(rig)).toEqual(census(rig))
    expect(controls(rig).counted).toBe(controls(rig).actual)
  })

  test('never gives up one that controls connections; a client without one is still served', () => {
    rig.datapath.setTimeouts({ tcp: 10_000, tcpfin: 120, udp: 300 })
    serve({ timeout: 1000, prefix: 32 })
    const went = new Map<string, string>()
    for (let i = 0; i < 120; i++) {
      const client = `10.9.0.${i}`
      went.set(client, opens(client))
      rig.goes(frame({ src: client, dst: VIP, payload: tcp(port, 80, 'A') }))
    }
    expect([...went.values()].every((real) => real === A || real === B)).toBe(true)
    const held = new Set(templates().map(({ clientNet }) => clientNet))
    expect(held.size).toBeGreaterThan(64)
    for (const client of held) expect(opens(client)).toBe(went.get(client))
    expect(counters(rig)).toEqual(census(rig))
  })
})
