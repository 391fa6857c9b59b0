// SPDX-License-Identifier: Apache-2.0
// What theory says of the connection table: the shares of sets with 0, 1 ... all ways taken, in a table without end whose
// keys are random. No table is filled here: these are the differential equations of bpf/room.h's rule. Pure.

/** Share of the sets that have so many ways taken, from 0 to all of them; together 1. */
export type Sets = readonly number[]

/** Flows per set; `offered` is the sum of the other three. */
export interface Passed {
  readonly offered: number
  readonly first: number
  readonly second: number
  readonly lost: number
}

export const NONE: Passed = { offered: 0, first: 0, second: 0, lost: 0 }
/** Flows per set in one step of the integration. */
const STEP = 1 / 256

export function emptySets(ways: number): Sets {
  return [1, ...Array.from({ length: ways }, () => 0)]
}

/** `flows` per set come, one after the other. */
export function offer(sets: Sets, flows: number): { readonly sets: Sets; readonly passed: Passed } {
  const steps = Math.max(1, Math.ceil(flows / STEP))
  const h = flows / steps
  let [x, passed] = [sets, { ...NONE, offered: flows }]
  for (let i = 0; i < steps; i++) {
    const a = rates(x)
    const b = rates(along(x, a.grow, h / 2))
    const c = rates(along(x, b.grow, h / 2))
    const d = rates(along(x, c.grow, h))
    const mean = (of: (each: Rates) => number) => ((of(a) + 2 * of(b) + 2 * of(c) + of(d)) * h) / 6
    x = x.map((share, k) => share + mean(({ grow }) => grow[k] ?? 0))
    passed = {
      ...passed,
      first: passed.first + mean(({ first }) => first),
      second: passed.second + mean(({ second }) => second),
      lost: passed.lost + mean(({ lost }) => lost),
    }
  }
  return { sets: x, passed }
}

/** Each flow ends with probability `share`. */
export function thin(sets: Sets, share: number): Sets {
  return sets.map((_, left) =>
    sets.reduce((sum, before, taken) => sum + before * binomial(taken, left, 1 - share), 0),
  )
}

/** The loss once a table that is kept at `load` (flows per way) has turned over often enough not to change any more. */
export function turnedOver(ways: number, load: number, share: number): Passed {
  let [sets, last] = [offer(emptySets(ways), load * ways).sets, NONE]
  for (let turn = 0; turn < 10_000; turn++) {
    const next = offer(thin(sets, share), share * load * ways)
    const still = Math.abs(next.passed.lost - last.lost) <= 1e-9 * next.passed.lost
    if (still && turn > 1 / share) return next.passed
    ;[sets, last] = [next.sets, next.passed]
  }
  return last
}

interface Rates {
  readonly grow: readonly number[]
  readonly first: number
  readonly second: number
  readonly lost: number
}

/**
 * Of the next flow: its first set while half of that is empty, else the emptier of the two, the first when they are
 * equal. Lost when both are full.
 */
function rates(x: Sets): Rates {
  const ways = x.length - 1
  const joins = x.map(() => 0)
  let [first, second] = [0, 0]
  for (const [i, one] of x.entries()) {
    const crowded = ways - i < ways / 2
    for (const [j, other] of x.entries()) {
      const chance = one * other
      if (crowded && j < i) {
        joins[j] = (joins[j] ?? 0) + chance
        second += chance
      } else if (i < ways) {
        joins[i] = (joins[i] ?? 0) + chance
        first += chance
      }
    }
  }
  const grow = joins.map((here, k) => (joins[k - 1] ?? 0) - here)
  return { grow, first, second, lost: (x[ways] ?? 0) ** 2 }
}

function along(x: Sets, grow: readonly number[], h: number): Sets {
  return x.map((share, k) => share + h * (grow[k] ?? 0))
}

function binomial(n: number, k: number, p: number): number {
  if (k > n) return 0
  let ways = 1
  for (let i = 0; i < k; i++) ways = (ways * (n - i)) / (i + 1)
  return ways * p ** k * (1 - p) ** (n - k)
}
