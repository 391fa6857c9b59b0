// SPDX-License-Identifier: Apache-2.0
// What a load generator counts and reports.

/** Running totals since the start. */
export interface Report {
  /** ms since the start */
  readonly t: number
  readonly done: number
  readonly failed: number
  /** asked and not yet answered */
  readonly open: number
  /** when the oldest of those was asked, or now; what was asked before has ended. ms since the epoch */
  readonly endedBefore: number
  /** answered requests by the server's name */
  readonly by: Readonly<Record<string, number>>
  /** failed requests by reason */
  readonly failures: Readonly<Record<string, number>>
  /** the longest any request took, ms: a lost SYN shows here as a second */
  readonly slowest: number
  /** on the last report */
  readonly end?: true
}

export const NOTHING: Report = {
  t: 0,
  done: 0,
  failed: 0,
  open: 0,
  endedBefore: 0,
  by: {},
  failures: {},
  slowest: 0,
}

/** What happened from `earlier` to `later`. */
export function between(earlier: Report, later: Report): Report {
  return {
    ...later,
    t: later.t - earlier.t,
    done: later.done - earlier.done,
    failed: later.failed - earlier.failed,
    by: subtract(earlier.by, later.by),
    failures: subtract(earlier.failures, later.failures),
  }
}

function subtract(earlier: Report['by'], later: Report['by']): Record<string, number> {
  return Object.fromEntries(
    Object.entries(later).map(([name, count]) => [name, count - (earlier[name] ?? 0)]),
  )
}
