// SPDX-License-Identifier: Apache-2.0
// How long handshakes take: from a client's first SYN to its first ACK, to the microsecond.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Latency_OFFSETS, Latency_SIZE } from '../../src/abi/generated.js'
import { LATENCY_BOUNDS_US, type Latency } from '../../src/model/latency.js'
import { FAMILIES, REAL, REAL6, VIP, VIP6 } from '../packets/case.js'
import { frame, tcp, udp } from '../packets/frames.js'
import { desired, RIG_TUNABLES, Rig, type ServiceWords } from './rig.js'

const CALM = { secureTcp: false, dropRate: 0, dropCounter: 0 }
const WEB: readonly ServiceWords[] = [
  { vip: VIP, reals: [REAL] },
  { vip: VIP6, reals: [REAL6] },
  { vip: VIP, port: 53, protocol: 'udp', reals: [REAL] },
]
/** of the clock of handshakes */
const UNIT_US = 1.024
/** of the rig's clock */
const TICK_US = 268_435

let rig: Rig
beforeAll(async () => {
  rig = await Rig.open({ limits: { connections: 16_384, templates: 64 } })
})
beforeEach(() => {
  rig.datapath.setDefence(CALM)
  rig.setTunables(RIG_TUNABLES)
  rig.apply(WEB)
  rig.reset()
})
afterAll(() => rig?.close())

function latencyOf(key = `tcp ${VIP}:80`): Latency | undefined {
  return rig.datapath.snapshot(desired([])).services.find((service) => service.key === key)?.latency
}

/** What was timed meanwhile. */
function timed(act: () => void, key?: string) {
  const before = latencyOf(key)
  act()
  const after = latencyOf(key)
  return {
    count: (after?.count ?? 0) - (before?.count ?? 0),
    us: Number((after?.sumUs ?? 0n) - (before?.sumUs ?? 0n)),
    buckets: (after?.buckets ?? []).flatMap((n, i) => (n > (before?.buckets[i] ?? 0) ? [i] : [])),
  }
}
const NONE = { count: 0, us: 0, buckets: [] }

const segment = (flags: string, sport = 1000) =>
  frame({ src: '192.168.0.1', dst: VIP, payload: tcp(sport, 80, flags) })

/** Places where a handshake is under way. */
function places(): readonly number[] {
  const { buffer, byteOffset, byteLength } = rig.memory('handshakes')
  return [...new BigUint64Array(buffer, byteOffset, byteLength / 8)].flatMap((word, i) => (word ? [i] : []))
}

/** As if the handshake that is under way had begun so much earlier. */
function sooner(units: number): void {
  const [place = 0, ...others] = places()
  expect(others).toEqual([])
  const view = rig.memory('handshakes')
  view.setUint32(8 * place, (view.getUint32(8 * place, true) - units) >>> 0, true)
}

describe('a handshake', () => {
  test.each(FAMILIES)('is timed from SYN to ACK, once: $name', ({ words, vip }) => {
    const key = vip === VIP ? `tcp ${VIP}:80` : `tcp [${VIP6}]:80`
    const found = timed(() => {
      rig.send(frame(words(tcp(1000, 80, 'S'))))
      rig.advanceTicks(1)
      for (const flags of ['A', 'A', 'PA', 'FA']) rig.send(frame(words(tcp(1000, 80, flags))))
    }, key)
    expect(found).toEqual({ count: 1, us: TICK_US, buckets: [11] })
    expect(places()).toEqual([])
  })

  test('counts from the first SYN, however many there are', () => {
    const found = timed(() => {
      rig.send(segment('S'))
      for (let i = 0; i < 3; i++) {
        rig.advanceTicks(1)
        rig.send(segment('S'))
      }
      rig.send(segment('A'))
    })
    expect(found).toEqual({ count: 1, us: Math.floor((3 * 2 ** 28) / 1000), buckets: [12] })
  })

  test('is timed under secure_tcp too', () => {
    rig.datapath.setDefence({ ...CALM, secureTcp: true })
    const found = timed(() => {
      rig.send(segment('S'))
      rig.advanceTicks(1)
      rig.send(segment('A'))
    })
    expect(found).toEqual({ count: 1, us: TICK_US, buckets: [11] })
  })

  test('is timed again when its ports are used anew', () => {
    const found = timed(() => {
      for (const flags of ['S', 'A', 'R']) rig.send(segment(flags))
      rig.advance(100)
      rig.send(segment('S'))
      rig.advanceTicks(1)
      rig.send(segment('A'))
    })
    expect(found).toEqual({ count: 2, us: TICK_US, buckets: [0, 11] })
  })

  test.each([
    ['is reset', () => void rig.send(segment('R'))],
    ['ends with a FIN', () => void rig.send(segment('F'))],
    [
      'is answered too late, when its connection is forgotten',
      () => {
        rig.advance(61)
        rig.send(segment('A'))
      },
    ],
  ])('that %s is not timed', (_, then) => {
    const found = timed(() => {
      rig.send(segment('S'))
      rig.advanceTicks(1)
      then()
    })
    expect(found).toEqual(NONE)
  })

  test('that nobody saw begin is not timed, nor is UDP', () => {
    const found = timed(() => {
      rig.setTunables({ sloppy_tcp: 1 })
      rig.send(segment('A', 7))
      rig.send(segment('A', 7))
    })
    expect(found).toEqual(NONE)
    const datagrams = timed(() => {
      for (let i = 0; i < 3; i++) rig.send(frame({ src: '192.168.0.1', dst: VIP, payload: udp(1000, 53) }))
    }, `udp ${VIP}:53`)
    expect(datagrams).toEqual(NONE)
    expect(places()).toEqual([])
  })
})

describe('a bucket', () => {
  test.each(LATENCY_BOUNDS_US.map((bound, i) => [bound, i] as const))(
    'takes what took up to %i us, and what took more is in the next',
    (bound, i) => {
      const units = Math.floor((bound + 1) / UNIT_US)
      const last = Math.floor(units * UNIT_US) > bound ? units - 1 : units
      for (const [took, bucket] of [
        [last, i],
        [last + 1, i + 1],
      ] as const) {
        const us = Math.floor((took * 1024) / 1000)
        expect(us > bound).toBe(bucket > i)
        rig.reset()
        const found = timed(() => {
          rig.send(segment('S'))
          sooner(took)
          rig.send(segment('A'))
        })
        expect(found).toEqual({ count: 1, us, buckets: [bucket] })
      }
    },
  )
})

test('a handshake whose place another has taken is not timed; the other is', () => {
  const byPlace = new Map<number, number>()
  let ports: readonly [first: number, second: number] | undefined
  for (let port = 1; ports === undefined; port++) {
    expect(port).toBeLessThan(5000)
    const view = rig.memory('handshakes')
    const { buffer, byteOffset, byteLength } = view
    const words = new BigUint64Array(buffer, byteOffset, byteLength / 8)
    words.fill(0n)
    rig.run(segment('S', port))
    const place = words.findIndex((word) => word !== 0n)
    const first = byPlace.get(place)
    if (first !== undefined) ports = [first, port]
    byPlace.set(place, port)
  }
  const [first, second] = ports
  rig.reset()
  rig.send(segment('S', first))
  rig.send(segment('S', second))
  expect(places()).toHaveLength(1)
  rig.advanceTicks(1)
  expect(timed(() => rig.send(segment('A', first)))).toEqual(NONE)
  expect(timed(() => rig.send(segment('A', second)))).toEqual({ count: 1, us: TICK_US, buckets: [11] })
})

describe('handshake_sample', () => {
  const FLOWS = 512
  const someBegun = () => {
    const { buffer, byteOffset, byteLength } = rig.memory('handshakes')
    return Buffer.from(buffer, byteOffset, byteLength).compare(Buffer.alloc(byteLength)) !== 0
  }
  /** Ports whose handshake is timed, one after the other. */
  function sampled(n: number): readonly number[] {
    rig.reset()
    rig.setTunables({ handshake_sample: n })
    const found: number[] = []
    for (let port = 1001; port <= 1000 + FLOWS; port++) {
      rig.run(segment('S', port))
      if (someBegun()) found.push(port)
      rig.run(segment('A', port))
      expect(someBegun()).toBe(false)
    }
    return found
  }

  test('times one in 2^n, the same ones at both ends, and the fewer are of the more', () => {
    const counts = [0, 1, 3].map((n) => {
      const before = latencyOf()?.count ?? 0
      const ports = sampled(n)
      expect((latencyOf()?.count ?? 0) - before).toBe(ports.length)
      return ports
    })
    const [all = [], half = [], eighth = []] = counts
    expect(all).toHaveLength(FLOWS)
    // a fair coin leaves these bounds less than once in 10^14 times
    expect(Math.abs(half.length - FLOWS / 2)).toBeLessThan(90)
    expect(Math.abs(eighth.length - FLOWS / 8)).toBeLessThan(62)
    expect(eighth.filter((port) => !half.includes(port))).toEqual([])
    expect(sampled(1)).toEqual(half)
  })
})

describe('what is counted', () => {
  const row = (cpu: number, real: number) => {
    const view = rig.memory('latencies')
    return { view, at: (cpu * (1024 + 1) + real) * Latency_SIZE }
  }
  const cpus = () => rig.memory('latencies').byteLength / Latency_SIZE / (1024 + 1)
  const realId = () => rig.datapath.actual().services.get(`tcp ${VIP}:80`)?.reals[0]?.id as number

  test('is the sum of all CPUs', () => {
    const found = timed(() => {
      for (let cpu = 0; cpu < Math.floor(cpus()); cpu++) {
        const { view, at } = row(cpu, realId())
        const sum = at + Latency_OFFSETS.sum
        view.setBigUint64(sum, view.getBigUint64(sum, true) + 300n, true)
        const bucket = at + Latency_OFFSETS.bucket + 4
        view.setUint32(bucket, view.getUint32(bucket, true) + 1, true)
      }
    })
    expect(found).toEqual({ count: Math.floor(cpus()), us: 300 * Math.floor(cpus()), buckets: [1] })
  })

  test('goes on beyond the 32 bits that the datapath has for it', () => {
    const { view, at } = row(0, realId())
    const bucket = at + Latency_OFFSETS.bucket
    const before = view.getUint32(bucket, true)
    // in steps, as a daemon looks
    const found = timed(() => {
      for (const word of [2 ** 30, 2 ** 31, 3 * 2 ** 30, 0, 5]) {
        view.setUint32(bucket, (before + word) >>> 0, true)
        latencyOf()
      }
    })
    expect(found).toEqual({ count: 2 ** 32 + 5, us: 0, buckets: [0] })
  })
})
