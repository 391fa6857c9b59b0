// SPDX-License-Identifier: Apache-2.0
// Handshake times: from a client's first SYN to its first ACK, as the director sees them. The client's path is in them
// twice, because replies bypass the director. Histograms as the datapath counts them.

/** us, bucket by bucket: up to and including; what took longer is in one bucket more. 250 us * 2^i, as in bpf/latency.h. */
export const LATENCY_BOUNDS_US: readonly number[] = Array.from({ length: 13 }, (_, i) => 250 * 2 ** i)

export interface Latency {
  readonly count: number
  /** us, of all together */
  readonly sumUs: bigint
  /** LATENCY_BOUNDS_US.length + 1 of them; not cumulative */
  readonly buckets: readonly number[]
}

export const NO_LATENCY: Latency = {
  count: 0,
  sumUs: 0n,
  buckets: Array.from({ length: LATENCY_BOUNDS_US.length + 1 }, () => 0),
}

export function addLatency(a: Latency, b: Latency): Latency {
  return {
    count: a.count + b.count,
    sumUs: a.sumUs + b.sumUs,
    buckets: a.buckets.map((n, i) => n + (b.buckets[i] ?? 0)),
  }
}

/** undefined: there is none. A plain loop: there may be a hundred thousand of them. */
export function sumLatencies(all: readonly (Latency | undefined)[]): Latency | undefined {
  const some = all.filter((each) => each !== undefined)
  if (some.length <= 1) return some[0]
  const buckets = NO_LATENCY.buckets.slice()
  let [count, sumUs] = [0, 0n]
  for (const each of some) {
    count += each.count
    sumUs += each.sumUs
    for (let i = 0; i < buckets.length; i++) buckets[i] = (buckets[i] as number) + (each.buckets[i] ?? 0)
  }
  return { count, sumUs, buckets }
}

/** us; interpolated within its bucket, as Prometheus's histogram_quantile does. undefined: nothing was timed. The
 * last bucket has no upper end: its lower one is the answer. */
export function quantileUs({ count, buckets }: Latency, quantile: number): number | undefined {
  if (count === 0) return undefined
  const rank = quantile * count
  let below = 0
  for (const [i, n] of buckets.entries()) {
    const upper = LATENCY_BOUNDS_US[i]
    const lower = i === 0 ? 0 : (LATENCY_BOUNDS_US[i - 1] as number)
    if (upper === undefined) return lower
    if (n > 0 && below + n >= rank) return lower + ((upper - lower) * (rank - below)) / n
    below += n
  }
  return LATENCY_BOUNDS_US.at(-1)
}
