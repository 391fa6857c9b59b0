// SPDX-License-Identifier: Apache-2.0
// The order in which rr and wrr pick, as segments of a repeating sequence: pick n is arithmetic, not a search.
import type { Listed } from './ops.js'
import type { WrrWalk } from './walk.js'

export interface Segment {
  /** picks of the period up to and with this segment */
  readonly until: bigint
  /** index of its first id in `ids` */
  readonly first: number
  readonly count: number
}

export interface Sequence {
  readonly segments: readonly Segment[]
  readonly ids: readonly number[]
}

/** rr: everyone usable, once. */
export function rrSequence(list: readonly Listed[]): Sequence {
  const ids = list.filter((member) => member.weight > 0).map((member) => member.id)
  return {
    segments: ids.length === 0 ? [] : [{ until: BigInt(ids.length), first: 0, count: ids.length }],
    ids,
  }
}

/**
 * wrr: levels from the greatest weight down by `step`; at each level everyone whose weight reaches it, in list order.
 * Levels between two weights that occur have the same members and share a segment.
 */
export function wrrSequence(list: readonly Listed[], step: number): Sequence {
  const weights = [...new Set(list.map((member) => member.weight))].filter((weight) => weight > 0)
  weights.sort((a, b) => b - a)
  const segments: Segment[] = []
  const ids: number[] = []
  let until = 0n
  for (const [i, weight] of weights.entries()) {
    const first = ids.length
    for (const member of list) if (member.weight >= weight) ids.push(member.id)
    const count = ids.length - first
    until += BigInt((weight - (weights[i + 1] ?? 0)) / step) * BigInt(count)
    segments.push({ until, first, count })
  }
  return { segments, ids }
}

export function periodOf(sequence: Sequence): bigint {
  return sequence.segments.at(-1)?.until ?? 0n
}

/** Index of the first pick after `position`: the next usable server down the list, or else the first one. */
export function rrStart(list: readonly Listed[], position: number): bigint {
  const at = list.findIndex((member) => member.id === position)
  let before = 0
  for (const member of list.slice(0, at + 1)) if (member.weight > 0) before++
  const usable = list.reduce((count, member) => count + (member.weight > 0 ? 1 : 0), 0)
  return usable === 0 ? 0n : BigInt(before % usable)
}

/** Index of the first pick at the current weight's level. */
export function wrrStart(sequence: Sequence, walk: WrrWalk): bigint {
  if (sequence.segments.length === 0) return 0n
  let levels = BigInt((walk.maxWeight - walk.currentWeight) / walk.step)
  let start = 0n
  for (const { until, count } of sequence.segments) {
    const here = (until - start) / BigInt(count)
    if (levels < here) return start + levels * BigInt(count)
    levels -= here
    start = until
  }
  return 0n
}

/** The current weight after pick `index` of the sequence. */
export function wrrWeightAt(
  segments: readonly Segment[],
  index: bigint,
  maxWeight: number,
  step: number,
): number {
  let levels = 0n
  let start = 0n
  for (const { until, count } of segments) {
    if (index < until) {
      levels += (index - start) / BigInt(count)
      return maxWeight - Number(levels) * step
    }
    levels += (until - start) / BigInt(count)
    start = until
  }
  return maxWeight
}
