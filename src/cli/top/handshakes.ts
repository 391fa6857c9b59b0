// SPDX-License-Identifier: Apache-2.0
// Handshake times of one real server: of the last minutes where enough were counted, else of all. Pure.
import type { LatencyRow } from '../../api/contract-sight.js'
import { quantileUs } from '../../model/latency.js'

export interface Handshakes {
  /** us */
  readonly p50: number
  readonly p99: number
  readonly count: number
  /** of the window that is looked at, not of all that was ever counted */
  readonly recent: boolean
}

/** Fewer say nothing about a 99th percentile of now. */
const ENOUGH = 20

export function handshakes(
  latency: LatencyRow | undefined,
  base: LatencyRow | undefined,
): Handshakes | undefined {
  if (!latency || latency.count === 0) return undefined
  const since = base && base.count <= latency.count ? subtract(latency, base) : undefined
  const recent = since !== undefined && since.count >= ENOUGH
  const of = recent ? since : latency
  const [p50, p99] = [quantile(of, 0.5), quantile(of, 0.99)]
  return p50 === undefined || p99 === undefined ? undefined : { p50, p99, count: of.count, recent }
}

function quantile({ count, sumUs, buckets }: LatencyRow, part: number): number | undefined {
  return quantileUs({ count, sumUs: BigInt(Math.trunc(sumUs)), buckets }, part)
}

function subtract(now: LatencyRow, base: LatencyRow): LatencyRow {
  return {
    count: now.count - base.count,
    sumUs: Math.max(0, now.sumUs - base.sumUs),
    buckets: now.buckets.map((n, i) => Math.max(0, n - (base.buckets[i] ?? 0))),
  }
}
