// SPDX-License-Identifier: Apache-2.0
// What host and guest of a profile tell each other: on the console lines of JSON, on a second serial port when a round begins and ends.
import type { Line } from './plan.js'
import type { Code } from './profile-code.js'

/** Cases whose instructions are attributed unless others are asked for. */
export const PROFILED = ['hit/v4/tcp/1', 'miss', 'new/wrr', 'scheduler/wlc/1000', 'flood/syn']

/** Where the guest says `begin N` and `end N` and waits for a line before it goes on. */
export const PORT = '/dev/ttyS1'
/** The program that prints a program's machine code and lines; compiled from jited.c. */
export const DUMPER = 'build/bench-instructions/jited'
export const ROUNDS = 3

/** A program under the harness, before its rounds; `harness`: series of the empty program over the same frames. */
export interface Profiled {
  readonly profiled: string
  readonly harness: string
  readonly code: Code
}

/** One round that was logged, by its number. */
export interface Round {
  readonly round: number
  readonly of: string
  readonly packets: number
  /** instructions by the kernel's statistics of the program */
  readonly spent: number
  /** packets that had another fate than the case is about */
  readonly wrong: number
}

export type ProfileLine = Line | Profiled | Round
