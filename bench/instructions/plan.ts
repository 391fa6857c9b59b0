// SPDX-License-Identifier: Apache-2.0
// What host and guest tell each other: the order, and lines of JSON on the guest's console.

export interface Order {
  /** regular expression of ids */
  readonly only: string
}

/** In front of each line that is for the host. */
export const MARK = '@@ '

export type Line =
  | { readonly kernel: string; readonly clock: string }
  | { readonly thousand: number }
  | Counted
  | { readonly error: string }
  | { readonly done: true }

/** One series: a case by one of its programs, or the harness alone. */
export interface Counted {
  readonly series: string
  readonly group: string
  /** of each round */
  readonly packets: number
  /** instructions per packet, harness included, by round */
  readonly rounds: readonly number[]
  /** packets of all rounds that had another fate than the case is about */
  readonly wrong: number
}
