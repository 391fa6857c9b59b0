// SPDX-License-Identifier: Apache-2.0
// What numbers were at the last polls: bounded, and forgotten with the thing that they belong to. Pure.

export const KEPT = 240
/** Of real servers, of which there may be 10,000. */
export const KEPT_OF_REALS = 50

export interface History {
  /** ms of the same clock as the samples' */
  readonly at: readonly number[]
  /** as long as `at` at most; the newest last */
  readonly of: ReadonlyMap<string, readonly number[]>
}

export const NO_HISTORY: History = { at: [], of: new Map() }

/** One more moment. */
export function remember(
  history: History,
  at: number,
  now: Iterable<readonly [key: string, value: number]>,
  kept = KEPT,
): History {
  const of = new Map<string, readonly number[]>()
  for (const [key, value] of now) of.set(key, longer(history.of.get(key), value, kept))
  return { at: longer(history.at, at, kept), of }
}

/** ms that the last `points` of them cover. */
export function span({ at }: History, points: number): number {
  const shown = at.slice(-points)
  return (shown.at(-1) ?? 0) - (shown[0] ?? 0)
}

function longer(values: readonly number[] | undefined, value: number, most: number): readonly number[] {
  const kept = values === undefined ? [] : values.slice(1 - most)
  kept.push(value)
  return kept
}
