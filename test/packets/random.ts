// SPDX-License-Identifier: Apache-2.0
// Chance that can be repeated: the seed is printed, and XLVS_SEED brings it back.

export interface Chance {
  readonly seed: number
  /** 0..below-1 */
  readonly int: (below: number) => number
  readonly pick: <T>(list: readonly T[]) => T
  /** true once in so many times */
  readonly once: (times: number) => boolean
}

export function freshSeed(): number {
  return Number(process.env['XLVS_SEED'] ?? Date.now() % 0xffff_ffff)
}

/** mulberry32. */
export function chance(seed: number): Chance {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
  const int = (below: number) => next() % below
  return { seed, int, pick: (list) => list[int(list.length)] as never, once: (times) => int(times) === 0 }
}
