// SPDX-License-Identifier: Apache-2.0
// Counters read alone are those of a snapshot, to the bit, whoever came, went and took over whose number.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  Limit,
  RealStats_SIZE,
  Reason,
  ServiceInfo_SIZE,
  ServiceReasons_SIZE,
} from '../../../src/abi/generated.js'
import { COUNT_WORDS, Counter, type Counts } from '../../../src/datapath/counts.js'
import type { Maps } from '../../../src/datapath/maps.js'
import { takeSnapshot } from '../../../src/datapath/snapshot.js'
import { retireStats } from '../../../src/datapath/stats.js'
import { Tallies } from '../../../src/datapath/tallies.js'
import type { RealCounters, Snapshot } from '../../../src/datapath/types.js'
import type { Actual, ActualReal, ActualService } from '../../../src/plan/actual.js'

const REALS = 12
const SERVICES = 4
const INTERFACES = 2
const VERDICT_WORDS = 2

/** Memory as the maps have it, where nobody has counted. */
function mapsOf(cpus: number): Maps {
  const view = (bytes: number) => new DataView(new ArrayBuffer(bytes))
  const words = (count: number) => new BigUint64Array(count)
  const verdicts = cpus * INTERFACES * Limit.REASONS
  return {
    sizes: { reals: REALS, services: SERVICES, verdicts },
    realStats: words((cpus * REALS * RealStats_SIZE) / 8),
    serviceInfo: view(SERVICES * ServiceInfo_SIZE),
    serviceReasons: words((cpus * SERVICES * ServiceReasons_SIZE) / 8),
    verdicts: words(verdicts * VERDICT_WORDS),
    ...{ latencies: view(cpus * REALS * 1024), loads: view(REALS * 64), persistents: view(REALS * 8) },
    totals: words(cpus * 8),
  } as unknown as Maps
}

/** Who a real server belongs to: a service, linked or in its trash; undefined: the number is free. */
type Place = { readonly service: number; readonly trash: boolean } | undefined

function actualOf(places: readonly Place[], listed: readonly boolean[]): Actual {
  const reals = places.flatMap((place, i) =>
    place ? [{ id: i + 1, address: `10.0.0.${i + 1}`, port: 80, weight: 1, ...place } as unknown] : [],
  ) as (ActualReal & { readonly trash: boolean })[]
  const services = listed.map((isListed, i): ActualService => {
    const mine = reals.filter(({ service }) => service === i + 1)
    return {
      ...{ id: i + 1, key: `tcp 192.0.2.${i + 1}:80`, vipId: i + 1, listed: isListed, stale: false },
      match: { vip: `192.0.2.${i + 1}`, port: 80, protocol: 'tcp' },
      ...{ scheduler: 'rr', generation: 1 },
      reals: mine.filter(({ trash }) => !trash),
      trash: mine.filter(({ trash }) => trash),
    }
  })
  const limits = { interfaces: INTERFACES }
  return { limits, services: new Map(services.map((one) => [one.key, one])) } as unknown as Actual
}

function snapshotOf(maps: Maps, cpus: number, actual: Actual): Snapshot {
  const sources = {
    ...{ maps, cpus, actual, attachments: [], tallies: new Tallies(maps, cpus) },
    nextHop: (address: string) => ({ address, state: 'local' }) as const,
    tables: {} as Snapshot['tables'],
  }
  return takeSnapshot(sources, { services: [] } as never, 0)
}

function at(rows: Uint32Array, id: number): RealCounters {
  const words = new BigUint64Array(rows.slice(id * COUNT_WORDS, (id + 1) * COUNT_WORDS).buffer)
  const [connections = 0n, packets = 0n, bytes = 0n] = words
  return { connections, packets, bytes }
}

/** A service's sum in a snapshot is not bound to 64 bits; a counter is. */
function bounded({ connections, packets, bytes }: RealCounters): RealCounters {
  const bound = (value: bigint) => BigInt.asUintN(64, value)
  return { connections: bound(connections), packets: bound(packets), bytes: bound(bytes) }
}

function expectSame(counts: Counts, { services, reasons }: Snapshot): void {
  expect(counts.services.map(({ id, key }) => [id, key])).toEqual(services.map(({ id, key }) => [id, key]))
  for (const [i, service] of services.entries()) {
    expect(at(counts.ofServices, service.id)).toEqual(bounded(service))
    const { forward_conn: _, ...unsettled } = service.reasons
    expect(counts.services[i]?.reasons).toEqual(unsettled)
    expect(counts.services[i]?.reals).toEqual(service.reals.map(({ id }) => id))
    for (const real of service.reals) expect(at(counts.ofReals, real.id)).toEqual(bounded(real))
  }
  expect(counts.reasons).toEqual(reasons)
}

const count = fc.oneof(
  fc.constantFrom(0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 64n - 1n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
)
const place = fc.option(
  fc.record({ service: fc.integer({ min: 1, max: SERVICES - 1 }), trash: fc.boolean() }),
  {
    nil: undefined,
  },
)
const places = fc.array(place, { minLength: REALS - 1, maxLength: REALS - 1 })
const listed = fc.array(fc.boolean(), { minLength: SERVICES - 1, maxLength: SERVICES - 1 })
const fill = fc.array(count, { minLength: 7, maxLength: 61 })
const world = fc.record({ cpus: fc.integer({ min: 1, max: 5 }), fill, before: places, after: places, listed })

/** One of the figures in each word, and in two of three rows of real servers none. */
function count64(maps: Maps, fill: readonly bigint[], turn: number): void {
  const rowWords = RealStats_SIZE / 8
  for (let i = 0; i < maps.realStats.length; i++) {
    const blank = (Math.floor(i / rowWords) + turn) % 3 === 2
    maps.realStats[i] = blank ? 0n : (fill[(i + turn) % fill.length] as bigint)
  }
  for (const map of [maps.serviceReasons, maps.verdicts])
    for (let i = 0; i < map.length; i++) map[i] = (fill[(i * 3 + turn) % fill.length] as bigint) >> 3n
}

describe('counters read alone', () => {
  it('are those of a snapshot, through carries, lists, trash and services that are not listed', () => {
    fc.assert(
      fc.property(world, ({ cpus, fill: figures, before, after, listed: isListed }) => {
        const maps = mapsOf(cpus)
        const counter = new Counter(maps, cpus, new Tallies(maps, cpus))
        for (const [turn, who] of [before, after, before].entries()) {
          const actual = actualOf(who, isListed)
          count64(maps, figures, turn)
          for (const id of [2, 5]) retireStats(maps, cpus, id, 1 + (turn % (SERVICES - 1)))
          counter.moved()
          expectSame(
            counter.look(() => actual, INTERFACES),
            snapshotOf(maps, cpus, actual),
          )
        }
      }),
    )
  })

  it('ask who is there once, until something is applied', () => {
    const maps = mapsOf(1)
    const counter = new Counter(maps, 1, new Tallies(maps, 1))
    let asked = 0
    const look = () =>
      counter.look(() => {
        asked += 1
        return actualOf([{ service: 1, trash: false }], [true])
      }, INTERFACES)
    const { services } = look()
    maps.realStats[RealStats_SIZE / 8] = 7n
    for (let i = 0; i < 2; i++) expect(at(look().ofReals, 1).packets).toBe(7n)
    expect([look().services, asked]).toEqual([services, 1])
    counter.moved()
    expect(look().services).not.toBe(services)
    expect(asked).toBe(2)
  })

  it('forget what an id had when it is nobody’s any more', () => {
    const maps = mapsOf(2)
    const counter = new Counter(maps, 2, new Tallies(maps, 2))
    maps.realStats.fill(9n)
    const one = () => actualOf([{ service: 1, trash: false }], [true])
    expect(at(counter.look(one, INTERFACES).ofServices, 1).packets).toBe(18n)
    retireStats(maps, 2, 1, 1)
    counter.moved()
    const nobody = counter.look(() => actualOf([], [true]), INTERFACES)
    expect(at(nobody.ofServices, 1).packets).toBe(18n)
    expect(nobody.services[0]?.reals).toEqual([])
    counter.moved()
    const next = counter.look(() => actualOf([{ service: 2, trash: false }], [true, true]), INTERFACES)
    expect([at(next.ofReals, 1).packets, at(next.ofServices, 2).packets]).toEqual([0n, 0n])
  })

  it('tell of reasons only those that a packet ended with', () => {
    const maps = mapsOf(1)
    const row = ServiceReasons_SIZE / 8
    maps.serviceReasons[row + Reason.DROP_NO_REAL] = 3n
    const { services } = new Counter(maps, 1, new Tallies(maps, 1)).look(
      () => actualOf([], [true, true]),
      INTERFACES,
    )
    expect(services.map(({ reasons }) => reasons)).toEqual([{ drop_no_real: 3n }, {}])
  })
})
