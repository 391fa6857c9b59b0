// SPDX-License-Identifier: Apache-2.0
// Jump: packets that come to a bad end more often since a change than before it, and what of that is tolerated.

/** What an operator may say about what a jump is. */
export interface Tolerance {
  /** packets a second of one reason above what was usual; absent: two, or one in a hundred of those forwarded */
  readonly rate?: number
  /** packets of all reasons together above what was usual, over the whole watch; absent = any number */
  readonly packets?: number
}

/** A reason whose packets come at another rate since the change. */
export interface Jump {
  readonly reason: string
  /** packets a second: the most that was usual, and now */
  readonly before: number
  readonly after: number
  /** packets since the change that were not to be expected */
  readonly unexpected: number
}
