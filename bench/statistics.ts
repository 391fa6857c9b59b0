// SPDX-License-Identifier: Apache-2.0
// What rounds say together, and which of them may not speak: a disturbed round is thrown away, never averaged in.

/** One round of one series. */
export interface Round {
  /** CPU time of this process, by packets */
  readonly ns: number
  /** times that somebody else was given the CPU, by ms of CPU time */
  readonly switches: number
  /** ms that the hypervisor took from this machine, counted in ticks of 10 */
  readonly stolen: number
}

export const DISTURBANCES = ['slow', 'preempted', 'stolen'] as const
export type Disturbance = (typeof DISTURBANCES)[number]

export interface Rules {
  /** a round is slow beyond this many times the quickest of its series */
  readonly slow: number
  /** preempted beyond so many switches in a ms */
  readonly switches: number
  /** ms; one tick may have been gathered long before the round */
  readonly stolen: number
}

export const RULES: Rules = { slow: 1.5, switches: 0.5, stolen: 10 }

export interface Sifted {
  readonly kept: readonly number[]
  readonly thrown: Readonly<Record<Disturbance, number>>
}

/** The quickest round is that of all, thrown ones too: a preempted round is never too quick. */
export function sift(rounds: readonly Round[], rules: Rules = RULES): Sifted {
  const quickest = Math.min(...rounds.map(({ ns }) => ns))
  const thrown: Record<Disturbance, number> = { slow: 0, preempted: 0, stolen: 0 }
  const kept: number[] = []
  for (const round of rounds) {
    const why = disturbance(round, quickest, rules)
    if (why === undefined) kept.push(round.ns)
    else thrown[why]++
  }
  return { kept, thrown }
}

function disturbance(round: Round, quickest: number, rules: Rules): Disturbance | undefined {
  if (round.stolen > rules.stolen) return 'stolen'
  if (round.switches > rules.switches) return 'preempted'
  return round.ns > rules.slow * quickest ? 'slow' : undefined
}

export interface Summary {
  readonly min: number
  readonly median: number
  /** interquartile range: half of the rounds are no farther apart */
  readonly spread: number
}

/** Between the two neighbours, linearly. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (sorted.length - 1) * share
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]]
  if (low === undefined || high === undefined) throw new Error('no rounds, no quantile')
  return low + (high - low) * (at - Math.floor(at))
}

export function summary(values: readonly number[]): Summary {
  return {
    min: Math.min(...values),
    median: quantile(values, 0.5),
    spread: quantile(values, 0.75) - quantile(values, 0.25),
  }
}

/** What is left when the harness is taken away; two uncertain figures are more uncertain. */
export function beyond(whole: Summary, harness: Summary): Summary {
  return {
    min: whole.min - harness.min,
    median: whole.median - harness.median,
    spread: Math.hypot(whole.spread, harness.spread),
  }
}

export interface Ratio {
  readonly ratio: number
  /** by how much it may be another, from the spreads of both */
  readonly spread: number
}

/** Of the medians. A part that costs nothing measurable has no ratio. */
export function ratioOf(a: Summary, b: Summary): Ratio | undefined {
  if (a.median <= 0 || b.median <= 0) return undefined
  const ratio = a.median / b.median
  return { ratio, spread: ratio * Math.hypot(a.spread / a.median, b.spread / b.median) }
}
