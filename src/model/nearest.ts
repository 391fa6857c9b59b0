// SPDX-License-Identifier: Apache-2.0
// The word that was probably meant.
import { oneOf } from './describe.js'

/** The closest of `known`, when it is close enough to be a slip of the finger. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (word.length > 40) return undefined
  const close = known
    .map((candidate) => ({ candidate, slips: distance(word.toLowerCase(), candidate) }))
    .filter(({ candidate, slips }) => slips <= Math.max(1, Math.floor(candidate.length / 3)))
  return close.sort((a, b) => a.slips - b.slips)[0]?.candidate
}

/** 'write weight', or the list of all there are. */
export function suggestion(word: string, known: readonly string[]): string {
  const meant = nearest(word, known)
  return meant === undefined ? `use ${oneOf(known)}` : `write ${meant}`
}

/** Insertions, deletions, substitutions and swaps of neighbours between two words. */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row[j] = Math.min(
        cell(rows, i - 1, j) + 1,
        (row[j - 1] ?? 0) + 1,
        cell(rows, i - 1, j - 1) + same,
        swapped ? cell(rows, i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    rows.push(row)
  }
  return cell(rows, a.length, b.length)
}

function cell(rows: readonly (readonly number[])[], i: number, j: number): number {
  return rows[i]?.[j] ?? Number.POSITIVE_INFINITY
}
