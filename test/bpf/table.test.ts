// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { describe, expect, onTestFinished, test } from 'vitest'
import { State } from '../../src/abi/generated.js'
import type { Limits } from '../../src/model/types.js'
import { CLIENT, CLIENT6, VIP, VIP6 } from '../packets/case.js'
import { frame, tcp, udp } from '../packets/frames.js'
import { chance, freshSeed } from '../packets/random.js'
import { census, counters, ways } from './census.js'
import { Rig, type ServiceWords } from './rig.js'

const FIVE = [1, 2, 3, 4, 5].map((i) => `10.0.2.${i}`)
const FIVE6 = FIVE.map((_, i) => `fd00:2::${i + 1}`)
const SERVICES: readonly ServiceWords[] = [
  { vip: VIP, reals: FIVE },
  { vip: VIP, port: 53, protocol: 'udp', reals: FIVE },
  { vip: VIP6, reals: FIVE6 },
  { vip: VIP6, port: 53, protocol: 'udp', reals: FIVE6 },
]

async function opened(connections: number, services = SERVICES, more: Partial<Limits> = {}): Promise<Rig> {
  const rig = await Rig.open({ limits: { connections, templates: 64, ...more } })
  onTestFinished(() => rig.close())
  rig.apply(services)
  return rig
}

const clientOf = (i: number) => `172.${16 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`
const segment = (flags: string, i: number) =>
  frame({ src: clientOf(i), dst: VIP, payload: tcp(1000 + (i % 60_000), 80, flags) })
const datagram = (i: number) => frame({ src: clientOf(i), dst: VIP, payload: udp(1000 + (i % 60_000), 53) })

/** Opens and completes a connection; its real server. */
function establishes(rig: Rig, i: number): string {
  const real = rig.goes(segment('S', i))
  rig.goes(segment('A', i))
  return real
}
const states = (rig: Rig) =>
  ways(rig)
    .map(({ state }) => state)
    .sort((a, b) => a - b)

describe('a SYN flood', () => {
  test('breaks no established connection, and is never refused', { timeout: 60_000 }, async () => {
    const rig = await opened(1024)
    const went = new Map<number, string>()
    for (let i = 0; i < 800; i++) went.set(i, establishes(rig, i))
    expect(ways(rig).filter(({ state }) => state === State.TCP_ESTABLISHED)).toHaveLength(800)

    const syn = frame({ src: '198.18.0.0', dst: VIP, payload: tcp(1, 80, 'S') })
    const view = new DataView(syn.buffer)
    let forwarded = 0
    for (let i = 0; i < 100_000; i++) {
      view.setUint32(26, 0xc612_0000 + i)
      view.setUint16(34, 1024 + (i % 60_000))
      if (rig.run(syn).returnValue === 3) forwarded++
      if (i % 5000 === 0) rig.advanceTicks(1)
    }
    expect(forwarded).toBe(100_000)
    for (const i of went.keys()) expect(rig.send(segment('A', i)).reason).toBe('forward_conn')
    for (const [i, real] of went) expect(rig.goes(segment('PA', i))).toBe(real)
    expect(counters(rig)).toEqual(census(rig))
    rig.advance(61)
    rig.sweep()
    expect(states(rig)).toEqual(Array(800).fill(State.TCP_ESTABLISHED))
  })

  test('of IPv6 breaks no established connection', { timeout: 60_000 }, async () => {
    const rig = await opened(512)
    const six = (i: number, flags: string) =>
      frame({ src: `fd00:c::${i.toString(16)}`, dst: VIP6, payload: tcp(1000, 80, flags) })
    const went = Array.from({ length: 300 }, (_, i) => {
      const real = rig.goes(six(i, 'S'))
      rig.goes(six(i, 'A'))
      return real
    })
    const held = new Set(
      ways(rig)
        .filter(({ state }) => state === State.TCP_ESTABLISHED)
        .map(({ at }) => at),
    )
    const syn = six(0, 'S')
    for (let i = 0; i < 20_000; i++) {
      new DataView(syn.buffer).setUint32(14 + 8 + 8, 0xabc0_0000 + i)
      rig.run(syn)
    }
    for (const [i, real] of went.entries()) expect(rig.goes(six(i, 'A'))).toBe(real)
    const now = new Set(
      ways(rig)
        .filter(({ state }) => state === State.TCP_ESTABLISHED)
        .map(({ at }) => at),
    )
    expect([...held].filter((at) => !now.has(at))).toEqual([])
    expect(counters(rig)).toEqual(census(rig))
  })
})

describe('a set of four ways', () => {
  const full = async () => opened(1)
  const stored = (rig: Rig, data: Uint8Array) => rig.send(data).reason
  const known = (rig: Rig, i: number) => rig.send(segment('A', i)).reason === 'forward_conn'

  test('holds four; a fifth goes by its hash, and no live one is given up', async () => {
    const rig = await full()
    for (let i = 0; i < 4; i++) establishes(rig, i)
    for (let i = 4; i < 40; i++) expect(stored(rig, segment('S', i))).toBe('forward_unstored')
    for (let i = 4; i < 40; i++) expect(stored(rig, datagram(i))).toBe('forward_unstored')
    for (let i = 0; i < 4; i++) expect(known(rig, i)).toBe(true)
    expect(counters(rig)).toEqual(census(rig))
  })

  test('gives up the oldest embryonic one for another', async () => {
    const rig = await full()
    establishes(rig, 0)
    for (const i of [1, 2, 3]) {
      rig.goes(segment('S', i))
      rig.advance(1)
    }
    expect(stored(rig, segment('S', 4))).toBe('forward_new')
    expect([0, 1, 2, 3, 4].map((i) => known(rig, i))).toEqual([true, false, true, true, true])
    expect(counters(rig)).toEqual(census(rig))
  })

  test('gives up an expired one before a younger embryonic one', async () => {
    const rig = await full()
    for (const i of [0, 1, 2]) rig.goes(segment('S', i))
    rig.advance(50)
    establishes(rig, 3)
    rig.goes(segment('R', 3))
    for (const i of [0, 1, 2]) rig.goes(segment('S', i))
    rig.advance(11)
    expect(stored(rig, segment('S', 4))).toBe('forward_new')
    expect([0, 1, 2, 4].map((i) => known(rig, i))).toEqual([true, true, true, true])
    expect(counters(rig)).toEqual(census(rig))
  })

  test('gives up a closing one only when it has been quiet for 8 s, and embryonic ones before it', async () => {
    const rig = await full()
    for (const i of [0, 1, 2, 3]) establishes(rig, i)
    rig.goes(segment('F', 0))
    rig.advance(7)
    expect(stored(rig, segment('S', 4))).toBe('forward_unstored')
    rig.advance(2)
    expect(stored(rig, segment('S', 5))).toBe('forward_new')
    rig.goes(segment('F', 1))
    rig.advance(9)
    expect(stored(rig, segment('S', 6))).toBe('forward_new')
    expect(known(rig, 5)).toBe(false)
    expect([1, 2, 3].map((i) => known(rig, i))).toEqual([true, true, true])
    expect(counters(rig)).toEqual(census(rig))
  })

  test('gives up the oldest UDP flow to UDP, never to TCP', async () => {
    const rig = await full()
    for (const i of [0, 1, 2, 3]) {
      rig.goes(datagram(i))
      rig.advance(1)
    }
    expect(stored(rig, segment('S', 9))).toBe('forward_unstored')
    expect(stored(rig, datagram(4))).toBe('forward_new')
    expect([1, 2, 3, 4].map((i) => stored(rig, datagram(i)))).toEqual(Array(4).fill('forward_conn'))
    expect(counters(rig)).toEqual(census(rig))
  })

  test('has room again after a sweep', async () => {
    const rig = await full()
    for (let i = 0; i < 4; i++) establishes(rig, i)
    rig.advance(901)
    rig.sweep()
    expect(counters(rig)).toEqual({})
    for (let i = 4; i < 8; i++) expect(stored(rig, segment('S', i))).toBe('forward_new')
  })
})

describe('a flow that finds no room', () => {
  test.each(['rr', 'wrr', 'wlc', 'sh'] as const)(
    'goes the same way with all its packets (%s)',
    async (scheduler) => {
      const services = SERVICES.map((service) => ({ ...service, scheduler }))
      const rig = await opened(1, services)
      for (let i = 0; i < 4; i++) establishes(rig, i)
      const went = new Set<string>()
      for (let i = 10; i < 110; i++) {
        const real = rig.goes(segment('S', i))
        went.add(real)
        for (const flags of ['A', 'PA', 'A', 'FA', 'A']) expect(rig.goes(segment(flags, i))).toBe(real)
        const answer = rig.goes(datagram(i))
        for (let n = 0; n < 3; n++) expect(rig.goes(datagram(i))).toBe(answer)
      }
      if (scheduler !== 'sh') expect([...went].sort()).toEqual(FIVE)
      expect(counters(rig)).toEqual(census(rig))
    },
  )

  test('stays on its way when there is room again', async () => {
    const rig = await opened(1)
    const length = 40
    const keep = () => {
      for (let i = 0; i < 4; i++) rig.goes(segment('A', i))
    }
    for (let i = 0; i < 4; i++) establishes(rig, i)
    const went = Array.from({ length }, (_, i) => rig.goes(segment('S', 10 + i)))
    const answers = Array.from({ length }, (_, i) => rig.goes(datagram(10 + i)))
    for (let minutes = 0; minutes < 60; minutes += 10) {
      rig.advance(600)
      keep()
      for (const [i, real] of went.entries()) expect(rig.goes(segment('A', 10 + i))).toBe(real)
      for (const [i, real] of answers.entries()) expect(rig.goes(datagram(10 + i))).toBe(real)
    }
    for (let i = 0; i < 4; i++) rig.goes(segment('R', i))
    rig.advance(11)
    rig.sweep()
    for (const [i, real] of went.entries()) expect(rig.goes(segment('A', 10 + i))).toBe(real)
    for (const [i, real] of answers.entries()) expect(rig.goes(datagram(10 + i))).toBe(real)
    expect(counters(rig)).toEqual(census(rig))
  })

  test('of a persistent client goes where the client goes', async () => {
    const rig = await opened(1, [{ vip: VIP, reals: FIVE, persistence: { timeout: 100, prefix: 32 } }])
    const own = (sport: number, flags: string) =>
      rig.goes(frame({ src: CLIENT, dst: VIP, payload: tcp(sport, 80, flags) }))
    const real = own(1, 'S')
    own(1, 'A')
    for (let i = 0; i < 3; i++) establishes(rig, i)
    for (let sport = 100; sport < 130; sport++) {
      for (const flags of ['S', 'A', 'PA']) expect(own(sport, flags)).toBe(real)
    }
    expect(counters(rig)).toEqual(census(rig))
  })
})

const MIXED: readonly ServiceWords[] = [
  ...SERVICES.slice(1, 3),
  { vip: VIP, reals: FIVE, scheduler: 'wlc', persistence: { timeout: 20, prefix: 28 } },
  {
    vip: VIP6,
    port: 53,
    protocol: 'udp',
    reals: FIVE6,
    scheduler: 'sh',
    persistence: { timeout: 5, prefix: 120 },
  },
]

describe('counts', () => {
  test('are those of a census after any traffic', { timeout: 60_000 }, async () => {
    const rig = await opened(300, MIXED, { templates: 40 })
    const { int, pick, once: seldom, seed } = chance(freshSeed())
    console.info(`XLVS_SEED=${seed}`)
    for (let i = 0; i < 60_000; i++) {
      const six = seldom(2)
      const words = six
        ? { src: `${CLIENT6}${int(500).toString(16).padStart(3, '0')}`, dst: VIP6 }
        : { src: `10.7.${int(4)}.${int(256)}`, dst: VIP }
      const payload = seldom(2)
        ? udp(int(4) + 1, 53)
        : tcp(int(4) + 1, 80, pick(['S', 'S', 'A', 'F', 'R', '', 'SR']))
      rig.run(frame({ ...words, payload }))
      if (seldom(50)) rig.advance(int(10))
      if (seldom(2000)) rig.advance(int(1000))
      if (seldom(200)) rig.datapath.sweep({ sets: int(100) })
      if (seldom(3000))
        rig.apply(seldom(2) ? MIXED : MIXED.map((each) => ({ ...each, reals: each.reals.slice(2) })))
      if (i % 1000 === 0) expect(counters(rig), `seed ${seed}, packet ${i}`).toEqual(census(rig))
    }
    expect(counters(rig), `seed ${seed}`).toEqual(census(rig))
    rig.apply(MIXED)
    for (let i = 0; i < 40; i++) {
      rig.advance(100)
      rig.sweep()
    }
    expect(ways(rig)).toEqual([])
    expect(counters(rig), `seed ${seed}`).toEqual({})
  })

  test('are those of a census after CPUs fought over the same ways', { timeout: 60_000 }, async () => {
    const rig = await opened(200, MIXED, { templates: 40 })
    const shapes = [
      { words: { src: CLIENT, dst: VIP, payload: tcp(1, 80, 'S') }, source: 28, ports: 34, flags: 47 },
      { words: { src: CLIENT, dst: VIP, payload: udp(1, 53) }, source: 28, ports: 34 },
      { words: { src: CLIENT6, dst: VIP6, payload: tcp(1, 80, 'S') }, source: 36, ports: 54, flags: 67 },
      { words: { src: CLIENT6, dst: VIP6, payload: udp(1, 53) }, source: 36, ports: 54 },
    ]
    const frames = shapes.map(({ words, ...where }) => ({ data: frame(words), ...where }))
    const file = new URL('./programs/hammer.mjs', import.meta.url)
    let running = 2
    const done = [1, 2].map(async (own) => {
      const workerData = { pin: `${rig.pinRoot}/prog`, frames, count: 300_000, seed: own * 7919, own }
      const [actions] = (await once(new Worker(file, { workerData }), 'message')) as [number[]]
      running--
      return actions
    })
    while (running > 0) {
      rig.advanceTicks(1)
      rig.sweep()
      await sleep(1)
    }
    const actions = await Promise.all(done)
    for (const counted of actions) {
      expect(counted[0]).toBe(0)
      expect(counted[3]).toBeGreaterThan(100_000)
    }
    expect(counters(rig)).toEqual(census(rig))
    rig.advance(1000)
    for (let i = 0; i < 10; i++) {
      rig.sweep()
      rig.advance(100)
    }
    expect(counters(rig)).toEqual({})
    expect(ways(rig)).toEqual([])
  })
})
