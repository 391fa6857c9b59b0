// SPDX-License-Identifier: Apache-2.0
// When a table need not be walked: a whole round found nothing in it, and nothing was counted for it since. Pure.
import type { TableName } from './types.js'

/** So many rounds in a row are left out, of four seconds each. */
export const TRUSTED_ROUNDS = 15

/** 64-bit words of a CPU's row of totals */
const ROW = 8
/** created, expired, evicted, unstored; both connection tables count into the same ones */
const FIRST: Readonly<Record<TableName, number>> = { conn4: 0, conn6: 0, template: 4 }
const COUNTED = 4

/** How much was ever counted for a table, modulo 2^32. `totals`: rows of all CPUs, in 32-bit halves, the lower first. */
export function countedFor(name: TableName, totals: Uint32Array): number {
  let sum = 0
  for (let row = 0; row < totals.length; row += 2 * ROW)
    for (let word = FIRST[name]; word < FIRST[name] + COUNTED; word++) sum += totals[row + 2 * word] as number
  return sum >>> 0
}

/**
 * Of one table. `count` is countedFor() of the moment.
 *
 * What enters a table is counted right after it, and so is what leaves it, by the sweep too (bpf/place.h, template.h,
 * sweep.h); what moves within it leaves neighbours where they are (room.h). So while the counts stand still from a
 * round's beginning to its end, what the round met is all there is. Not counted are a template that a packet writes anew
 * in the moment in which it is freed (persist.h), and what other programs write: hence TRUSTED_ROUNDS.
 */
export class Stillness {
  #begun = 0
  /** the count with which a round found nothing */
  #empty: number | undefined
  /** rounds left out since */
  #trusted = 0

  /** A round of this table begins. */
  begin(count: number): void {
    this.#begun = count
    if (this.#trusted >= TRUSTED_ROUNDS) this.#empty = undefined
  }

  /** A walk would find nothing, wherever it is. */
  holdsNothing(count: number): boolean {
    return this.#empty === count
  }

  /** The round ends; `live`: entries that it has met. */
  end(live: number, count: number): void {
    const nothing = live === 0 && count === this.#begun
    this.#trusted = nothing && this.#empty === count ? this.#trusted + 1 : 0
    this.#empty = nothing ? count : undefined
  }
}
