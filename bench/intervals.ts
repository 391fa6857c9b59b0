// SPDX-License-Identifier: Apache-2.0
// What the loads of one run say together: their median, and where the median of all loads there could have been lies.

export interface Interval {
  readonly value: number
  readonly low: number
  readonly high: number
}

/** Of a hundred intervals so many hold the true median. */
const SURE = 0.95

export function median(values: readonly number[]): number {
  const sorted = ascending(values)
  const half = (sorted.length - 1) / 2
  return ((sorted[Math.floor(half)] as number) + (sorted[Math.ceil(half)] as number)) / 2
}

/** Between two ranks, so nothing is assumed about how values are spread; of six the least and the greatest. */
export function intervalOf(values: readonly number[]): Interval {
  const sorted = ascending(values)
  const rank = rankOf(sorted.length)
  return {
    value: median(sorted),
    low: sorted[rank] as number,
    high: sorted[sorted.length - 1 - rank] as number,
  }
}

/** Two runs agree when there is a value that both hold possible. */
export function agree(a: Interval, b: Interval): boolean {
  return a.low <= b.high && b.low <= a.high
}

function ascending(values: readonly number[]): readonly number[] {
  if (values.length === 0) throw new Error('no values, no median')
  return [...values].sort((a, b) => a - b)
}

/** The farthest from the ends (0) at which one end misses the median in no more than half of what SURE leaves. */
export function rankOf(count: number): number {
  let outside = 0.5 ** count
  let term = outside
  let rank = 0
  for (;;) {
    term *= (count - rank) / (rank + 1)
    if (2 * (outside + term) > 1 - SURE || 2 * (rank + 1) >= count) return rank
    outside += term
    rank++
  }
}
