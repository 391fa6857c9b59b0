// SPDX-License-Identifier: Apache-2.0
// How things stood, as rows under a key each: what changed from one moment to the next, and what a change makes of them.
// Rows are kept as JSON text, so that ten thousand of them are compared and written without being taken apart. Pure.

/** Key -> JSON text of the row, in the order in which rows are shown. */
export type Facts = ReadonlyMap<string, string>
export type FactRow = readonly [key: string, text: string]

export interface FactChange {
  /** rows that are new, which come last in this order, or other than before */
  readonly set: readonly FactRow[]
  readonly gone: readonly string[]
}

/** Undefined: nothing changed. 'whole': the new facts are shorter to write, or stand in another order. */
export function changeOf(before: Facts, after: Facts): FactChange | 'whole' | undefined {
  const set = [...after].filter(([key, text]) => before.get(key) !== text)
  const gone = [...before.keys()].filter((key) => !after.has(key))
  if (!sameOrder(before, after)) return 'whole'
  if (set.length === 0 && gone.length === 0) return undefined
  return set.length + gone.length > after.size ? 'whole' : { set, gone }
}

export function changed(facts: Facts, { set, gone }: FactChange): Facts {
  const after = new Map(facts)
  for (const key of gone) after.delete(key)
  for (const [key, text] of set) after.set(key, text)
  return after
}

/** Those that stay stand as they stood, and before those that are new. */
function sameOrder(before: Facts, after: Facts): boolean {
  const kept = [...before.keys()].filter((key) => after.has(key))
  let i = 0
  for (const key of after.keys()) {
    if (i < kept.length && kept[i] !== key) return false
    i++
  }
  return true
}
