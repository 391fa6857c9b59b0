// SPDX-License-Identifier: Apache-2.0
// Whether the real servers of a service that are up weigh enough. The arithmetic is keepalived's; what follows from a
// lost quorum is in ../effective.ts.
import type { HealthPolicy } from '../../model/checks.js'

/** One real server, as quorum sees it. */
export interface Member {
  readonly up: boolean
  /** what it counts while it is up */
  readonly weight: number
}

/**
 * Gained at quorum + hysteresis; lost below quorum - hysteresis, and always at 0. A service that has just come to be had
 * none before: `previous` is false.
 */
export function quorumAfter(previous: boolean, policy: HealthPolicy, weightUp: number): boolean {
  const { quorum, hysteresis } = policy
  if (!previous) return weightUp >= quorum + hysteresis
  return weightUp > 0 && weightUp >= quorum - hysteresis
}

/** Sum of the weights that are up. */
export function weightUpOf(members: readonly Member[]): number {
  return members.reduce((sum, { up, weight }) => sum + (up ? weight : 0), 0)
}
