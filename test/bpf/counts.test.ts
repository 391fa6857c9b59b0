// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { CLIENT, CLIENT6, VIP, VIP6 } from '../packets/case.js'
import { type FrameWords, frame, icmp, ipPacket, raw, tcp, udp } from '../packets/frames.js'
import { chance, freshSeed } from '../packets/random.js'
import { census, counters, templatesHeld, ways } from './census.js'
import { desired, type Rig, type ServiceWords } from './rig.js'
import { FIVE, FIVE6, opened, SERVICES } from './tables.js'

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

/** What was made and is not gone yet, by the totals that are published. */
function madeAndThere(rig: Rig): { readonly conns: bigint; readonly templates: bigint } {
  const { totals } = rig.datapath.snapshot(desired([]))
  return {
    conns: totals.connsCreated - totals.connsExpired - totals.connsEvicted,
    templates: totals.templatesCreated - totals.templatesExpired - totals.templatesEvicted,
  }
}
const there = (rig: Rig) => ({
  conns: BigInt(ways(rig).length),
  templates: BigInt(templatesHeld(rig).length),
})

describe('a real server', () => {
  const counted = (rig: Rig) => {
    const [service] = rig.datapath.snapshot(desired([])).services
    return service?.reals.map(({ packets, bytes, connections }) => ({ packets, bytes, connections }))
  }
  const one = () => opened(64, [{ vip: VIP, reals: ['10.0.2.1'] }])
  const segment = (flags: string, rest: Partial<FrameWords> = {}, data = 0) =>
    frame({ src: CLIENT, dst: VIP, payload: tcp(1000, 80, flags, new Uint8Array(data)), ...rest })

  test('counts IP packets and their bytes, without link header and padding', async () => {
    const rig = await one()
    rig.run(segment('S', { padding: 6 }))
    rig.run(segment('A', { tags: [{ vid: 1 }] }))
    rig.run(segment('PA', { options: new Uint8Array(8).fill(1) }, 1000))
    expect(counted(rig)).toEqual([{ packets: 3n, bytes: 40n + 40n + 1048n, connections: 1n }])
  })

  test('counts fragments and ICMP errors, and what is delivered here', async () => {
    const rig = await one()
    rig.run(segment('S', { fragment: { id: 1, offset: 0, more: true } }))
    rig.run(
      frame({
        src: CLIENT,
        dst: VIP,
        fragment: { id: 1, offset: 24, more: false },
        payload: raw(6, new Uint8Array(30)),
      }),
    )
    const quoted = ipPacket({ src: VIP, dst: CLIENT, payload: tcp(80, 1000, 'A') })
    rig.run(frame({ src: '172.16.0.1', dst: VIP, payload: icmp(3, 4, quoted) }))
    rig.setHop('10.0.2.1', { kind: 'local' })
    rig.run(segment('A'))
    expect(counted(rig)).toEqual([{ packets: 4n, bytes: 40n + 50n + 68n + 40n, connections: 1n }])
  })

  test('counts what was meant for it, whether or not it gets there; nothing once it is removed', async () => {
    const rig = await one()
    rig.run(segment('S'))
    rig.run(segment('A', { ttl: 1 }))
    rig.run(segment('A', { dst: '10.0.1.2' }))
    rig.setHop('10.0.2.1', { kind: 'unresolved' })
    rig.run(segment('A'))
    rig.apply([{ vip: VIP, reals: [] }])
    rig.run(segment('A'))
    rig.apply([{ vip: VIP, reals: ['10.0.2.1'] }])
    expect(counted(rig)).toEqual([{ packets: 3n, bytes: 120n, connections: 1n }])
  })

  test('counts a connection each time its ports are used anew', async () => {
    const rig = await one()
    for (let i = 0; i < 3; i++) {
      rig.run(segment('S'))
      rig.run(segment('A'))
      rig.run(segment('R'))
    }
    rig.advance(100)
    rig.run(segment('S'))
    rig.run(segment('S'))
    expect(rig.datapath.snapshot(desired([])).totals).toMatchObject({
      connsCreated: 4n,
      connsExpired: 3n,
      connsEvicted: 0n,
    })
    expect(counted(rig)).toMatchObject([{ connections: 4n }])
  })
})

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
    expect(madeAndThere(rig), `seed ${seed}`).toEqual(there(rig))
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
    expect(madeAndThere(rig)).toEqual(there(rig))
    rig.advance(1000)
    for (let i = 0; i < 10; i++) {
      rig.sweep()
      rig.advance(100)
    }
    expect(counters(rig)).toEqual({})
    expect(ways(rig)).toEqual([])
  })
})
