// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'
import { frame, tcp } from '../packets/frames.js'
import { census, controls, counters, templatesHeld, ways } from './census.js'
import {
  A,
  B,
  continues,
  opens,
  other,
  P100,
  persistentDirector,
  port,
  rig,
  serve,
  templates,
  VIP,
} from './persistent.js'

persistentDirector()

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
    expect(opens('192.168.0.2')).toBe('answer_no_real')
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
    expect(opens('192.168.0.2')).toBe('answer_no_real')
    expect(opens()).toBe('answer_no_real')
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
    const held = new Set<string>()
    for (let i = 0; i < 120; i++) {
      const client = `10.9.0.${i}`
      went.set(client, opens(client))
      rig.goes(frame({ src: client, dst: VIP, payload: tcp(port, 80, 'A') }))
      rig.advanceTicks(1)
      for (const { clientNet } of templates()) held.add(clientNet)
    }
    expect([...went.values()].every((real) => real === A || real === B)).toBe(true)
    expect(
      templates()
        .map(({ clientNet }) => clientNet)
        .sort(),
    ).toEqual([...held].sort())
    expect(held.size).toBeGreaterThan(64)
    for (const client of held) expect(opens(client)).toBe(went.get(client))
    expect(counters(rig)).toEqual(census(rig))
  })
})
