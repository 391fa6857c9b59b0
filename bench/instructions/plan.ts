// SPDX-License-Identifier: Apache-2.0
// What host and guest tell each other: the order, and lines of JSON on the guest's console.

export interface Order {
  /** regular expression of ids */
  readonly only: string
  /** programs and maps, too */
  readonly inventory: boolean
}

/** In front of each line that is for the host. */
export const MARK = '@@ '

export type Line =
  | { readonly kernel: string }
  | { readonly thousand: number }
  | Counted
  | ProgramSize
  | MapBytes
  | { readonly error: string }
  | { readonly done: true }

/** One series: a case by one of its programs, or the harness alone. */
export interface Counted {
  readonly series: string
  /** of each round */
  readonly packets: number
  /** instructions per packet, harness included, by round */
  readonly rounds: readonly number[]
  /** packets of all rounds that had another fate than the case is about */
  readonly wrong: number
}

export interface ProgramSize {
  readonly program: string
  /** instructions that the verifier looked at */
  readonly verified: number
  /** bytes of BPF after the verifier's rewriting */
  readonly translated: number
  /** bytes of machine code */
  readonly jited: number
}

export interface MapBytes {
  readonly map: string
  /** what the kernel charges, with one CPU */
  readonly bytes: number
}
