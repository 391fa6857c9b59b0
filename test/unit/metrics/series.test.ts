// SPDX-License-Identifier: Apache-2.0
// Whatever is configured and whatever the traffic: no series twice, never more than the cap, and always the same ones.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RealSnapshot, ServiceSnapshot, Snapshot } from '../../../src/datapath/types.js'
import type { ServiceHealth } from '../../../src/metrics/health.js'
import { HISTOGRAM_SERIES } from '../../../src/metrics/histograms.js'
import { IPVS_BACKENDS } from '../../../src/metrics/ipvs.js'
import { controlMetrics } from '../../../src/metrics/process.js'
import { REAL_COLUMNS } from '../../../src/metrics/reals.js'
import { OWN_SERIES } from '../../../src/metrics/room.js'
import { SERVICE_COLUMNS } from '../../../src/metrics/services.js'
import { matchOf, realText, serviceFamily, serviceKey } from '../../../src/model/keys.js'
import { NO_LATENCY } from '../../../src/model/latency.js'
import {
  DEFAULT_SERIES,
  METRICS_LEVELS,
  METRICS_NAMES,
  type MetricsView,
} from '../../../src/model/metrics.js'
import type { Service } from '../../../src/model/types.js'
import { desired } from '../config/arbitrary.js'
import { interfaceOf, pageText, realOf, serviceOf, snapshotOf } from './given.js'

const control = controlMetrics('0.1.0')

/** Numbers without end, each as any other. */
type Traffic = () => number
const traffic: fc.Arbitrary<Traffic> = fc.array(fc.nat(), { minLength: 7, maxLength: 31 }).map((seeds) => {
  let next = 0
  return () => seeds[next++ % seeds.length] as number
})

/** Around the least that may be configured, where not all fit. */
const view: fc.Arbitrary<MetricsView> = fc.record({
  level: fc.constantFrom(...METRICS_LEVELS),
  series: fc.integer({ min: 1_000, max: 1_600 }),
  names: fc.subarray([...METRICS_NAMES]),
})
const services = desired.map((one) => one.services)

function countersOf(count: Traffic) {
  return { packets: BigInt(count()), bytes: BigInt(count()), connections: BigInt(count()) }
}

function latencyOf(count: Traffic) {
  if (count() % 2 === 0) return {}
  const buckets = NO_LATENCY.buckets.map(count)
  return { latency: { count: buckets.reduce((a, b) => a + b), sumUs: BigInt(count()), buckets } }
}

function realIn(
  service: Service,
  id: number,
  { address, port }: Service['reals'][number],
  count: Traffic,
): RealSnapshot {
  const own = service.mark === undefined ? service.port : (port ?? 0)
  return realOf({
    id,
    address,
    port: own,
    upper: 5,
    active: count(),
    ...countersOf(count),
    ...latencyOf(count),
  })
}

const SORRY = { 4: '203.0.113.1', 6: '2001:db8:cb00:7100::1' } as const

/** In no order at all, as the maps have them, with a sorry server that no list of real servers names. */
function seen(wished: readonly Service[], count: Traffic): Snapshot {
  const all = wished.map((service, s): ServiceSnapshot => {
    const reals = service.reals.map((real, r) => realIn(service, s * 100 + r + 1, real, count))
    const sorry = realIn(service, s * 100 + 99, { address: SORRY[serviceFamily(service)], weight: 1 }, count)
    return serviceOf({
      ...{ id: s + 1, key: serviceKey(service), match: matchOf(service) },
      ...countersOf(count),
      ...latencyOf(count),
      reasons: count() % 2 ? { drop_no_real: BigInt(count()), answer_ttl: 1n } : { forward_new: 5n },
      reals: [...reals, sorry].reverse(),
    })
  })
  return snapshotOf({
    services: count() % 2 ? all : all.reverse(),
    interfaces: [interfaceOf('eth0'), interfaceOf('eth1')],
  })
}

function judged(wished: readonly Service[], count: Traffic): readonly ServiceHealth[] {
  return wished.map((service) => ({
    match: matchOf(service),
    quorum: count() % 2 === 0,
    reals: service.reals.map((real) => ({
      name: realText(real),
      up: count() % 2 === 0,
      failures: count(),
      drained: false,
    })),
  }))
}

async function linesOf(wished: readonly Service[], count: Traffic, how: MetricsView): Promise<string[]> {
  const snapshot = seen(wished, count)
  const text = await pageText(snapshot, { wished, health: judged(wished, count), view: how }, control)
  return text.split('\n').filter((line) => line !== '')
}

const isSample = (line: string) => !line.startsWith('#')
const nameOf = (line: string) => line.slice(0, line.lastIndexOf(' '))
const isOurs = (line: string) => /^(xlvs|node_ipvs)_/.test(line)
const namesOf = (lines: readonly string[]) => lines.filter(isSample).map(nameOf)

describe('a page', () => {
  it('has no series twice, one HELP and TYPE for each family, and no more series than the cap', () =>
    fc.assert(
      fc.asyncProperty(services, traffic, view, async (wished, count, how) => {
        const lines = await linesOf(wished, count, how)
        const names = namesOf(lines)
        expect(names.length).toBe(new Set(names).size)
        expect(names.length).toBeLessThanOrEqual(how.series as number)
        for (const kind of ['# HELP ', '# TYPE ']) {
          const heads = lines.filter((line) => line.startsWith(kind)).map((line) => line.split(' ')[2])
          expect(heads.length).toBe(new Set(heads).size)
        }
      }),
      { numRuns: 25 },
    ))

  it('has the same series in the same order, whatever the traffic', () =>
    fc.assert(
      fc.asyncProperty(services, traffic, traffic, view, async (wished, one, other, how) => {
        const [before, after] = [await linesOf(wished, one, how), await linesOf(wished, other, how)]
        expect(namesOf(after).filter(isOurs)).toEqual(namesOf(before).filter(isOurs))
      }),
      { numRuns: 25 },
    ))

  it('keeps the sum of a counter, however much of it is summed up', () =>
    fc.assert(
      fc.asyncProperty(
        services,
        traffic,
        fc.integer({ min: 1_000, max: 1_600 }),
        async (wished, count, series) => {
          const snapshot = seen(wished, count)
          const sums = async (cap: number) => {
            const text = await pageText(snapshot, { wished, view: { series: cap } }, control)
            const sum = (of: RegExp) =>
              text
                .split('\n')
                .filter((line) => of.test(line))
                .reduce((total, line) => total + BigInt(line.slice(line.lastIndexOf(' ') + 1)), 0n)
            return [
              /^xlvs_real_packets_total/,
              /^xlvs_service_drops_total/,
              /^xlvs_real_handshake_seconds_count/,
            ].map(sum)
          }
          expect(await sums(series)).toEqual(await sums(1_000_000))
        },
      ),
      { numRuns: 15 },
    ))
})

describe('over the cap', () => {
  const wished = Array.from({ length: 3 }, (_, s) => ({
    ...{ vip: `192.0.2.${s + 1}`, port: 80, protocol: 'tcp', scheduler: 'rr', owner: 'file' },
    reals: Array.from({ length: 20 }, (_, r) => ({ address: `198.51.100.${r + 1}`, weight: 1 })),
  })) as readonly Service[]
  const quiet = () => 3
  const shown = (lines: readonly string[], family: string) =>
    lines
      .filter((line) => line.startsWith(`${family}{`))
      .map((line) => /real="([^"]*)"/.exec(line)?.[1] ?? line)
  const dropped = (lines: readonly string[]) =>
    Number(lines.find((line) => line.startsWith('xlvs_metrics_series_dropped '))?.split(' ')[1])

  it('the first of the configuration have their series, the others are one, and it is said how many they are', async () => {
    const lines = await linesOf(wished, quiet, { series: 1_000 + 3 * 36 + 25 * 15 })
    const names = [...Array.from({ length: 20 }, (_, r) => r + 1), 1, 2, 3, 4].map((n) => `198.51.100.${n}`)
    // the sorry server of the first service comes after its own
    expect(shown(lines, 'xlvs_real_packets_total')).toEqual([
      ...names.slice(0, 20),
      '203.0.113.1',
      ...names.slice(20),
      'overflow',
    ])
    expect(lines).toContain('xlvs_real_packets_total{vip="overflow",port="",proto="",real="overflow"} 114')
    expect(lines).toContain('xlvs_real_up{vip="overflow",port="",proto="",real="overflow"} 0')
    expect(dropped(lines)).toBeGreaterThan(38 * 9)
    expect(namesOf(lines).length).toBeLessThanOrEqual(1_000 + 3 * 36 + 25 * 15)
  })

  it('a real server that is added at the end changes nobody', async () => {
    const more = wished.map((service, s) =>
      s < 2 ? service : { ...service, reals: [...service.reals, { address: '198.51.100.200', weight: 1 }] },
    ) as readonly Service[]
    const series = 1_000 + 3 * 36 + 50 * 15
    const plain = async (list: readonly Service[]) =>
      namesOf(await linesOf(list, quiet, { series })).filter((n) => /^xlvs_(service|real)/.test(n))
    expect(await plain(more)).toEqual(await plain(wished))
  })

  it('histograms of real servers have what is left, whole ones, from the first on', async () => {
    const series = 1_000 + 3 * 36 + 63 * 15 + 2 * 16 + 15
    const lines = await linesOf(wished, quiet, { series })
    expect(shown(lines, 'xlvs_real_packets_total')).toHaveLength(63)
    expect(shown(lines, 'xlvs_real_handshake_seconds_count')).toEqual([
      '198.51.100.1',
      '198.51.100.2',
      'overflow',
    ])
    expect(shown(lines, 'xlvs_real_handshake_seconds_bucket')).toHaveLength(3 * 14)
    expect(dropped(lines)).toBe(61 * 16)
  })

  it('is counted as the document says', () => {
    const text = readFileSync('docs/METRICS.md', 'utf8').replaceAll('\n', ' ')
    const service = SERVICE_COLUMNS.length + HISTOGRAM_SERIES
    const real = REAL_COLUMNS.length
    expect(text).toContain(
      `A service counts for ${service}, a real server for ${real} (${real + IPVS_BACKENDS.length} with`,
    )
    expect(text).toContain(`handshake times, ${HISTOGRAM_SERIES} series each`)
    expect(text).toContain(`${OWN_SERIES.toLocaleString('en')} are kept for the daemon`)
    expect(text).toContain(`\`metrics.series\` series (${DEFAULT_SERIES.toLocaleString('en')} unless told)`)
  })

  it('nothing is called overflow while all fit', async () => {
    const lines = await linesOf(wished, quiet, {})
    expect(lines.join('\n')).not.toContain('overflow"')
    expect(dropped(lines)).toBe(0)
  })

  it('64 interfaces fit under the least cap', async () => {
    const interfaces = Array.from({ length: 64 }, (_, i) => interfaceOf(`eth${i}`))
    const reasons = seen([], quiet).reasons
    const text = await pageText(
      snapshotOf({ interfaces, reasons }),
      { view: { series: 1_000, names: ['node_ipvs'] } },
      control,
    )
    expect(namesOf(text.split('\n').filter((line) => line !== '')).length).toBeLessThanOrEqual(1_000)
  })
})

describe('a level', () => {
  it.each([
    ['interface', /^xlvs_(service|real)_/, 'xlvs_packets_total'],
    ['service', /^xlvs_real_|^node_ipvs_backend/, 'xlvs_service_handshake_seconds_count'],
    ['real', /^nothing/, 'node_ipvs_backend_weight'],
  ] as const)(
    '%s leaves out what is below it, and says no more of it than its own',
    async (level, without, has) => {
      const wished = fc
        .sample(services, { seed: 1, numRuns: 20 })
        .find((list) =>
          list.some((one) => one.mark === undefined && one.protocol === 'tcp' && one.reals.length > 0),
        )
      const lines = await linesOf(wished as readonly Service[], () => 3, { level, names: ['node_ipvs'] })
      expect(lines.filter((line) => without.test(line) || without.test(line.slice(7)))).toEqual([])
      expect(lines.some((line) => line.startsWith(has))).toBe(true)
      expect(lines.some((line) => line.startsWith('node_ipvs_connections_total '))).toBe(true)
    },
  )
})
