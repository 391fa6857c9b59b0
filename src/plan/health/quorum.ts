// SPDX-License-Identifier: Apache-2.0
// Who serves: whether the real servers that are up weigh enough, and what stands in when they do not. The arithmetic
// is keepalived's.
import type { HealthPolicy } from '../../model/checks.js'

/** Weight of a sorry server that serves; it is alone, so any would do. */
export const SORRY_WEIGHT = 1

export interface Pool {
  readonly quorum: boolean
  /** 'up': those that are up; 'all': as if all were up; 'none': the sorry server takes their place */
  readonly serve: 'up' | 'all' | 'none'
  /** weight with which the sorry server stands in the service; absent = it is not in it */
  readonly sorry?: number
}

/** One real server, as quorum sees it. */
export interface Member {
  readonly up: boolean
  /** what it counts when it is up */
  readonly weight: number
}

/**
 * Gained at quorum + hysteresis, lost below quorum - hysteresis and always at 0. A service that has just come to be has
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

/**
 * Without a quorum the sorry server serves alone, also where some are up; without a sorry server those that are up
 * serve on. Failing open is for where nobody would serve, so a sorry server comes first.
 */
export function poolOf(previous: boolean, policy: HealthPolicy, members: readonly Member[]): Pool {
  const quorum = quorumAfter(previous, policy, weightUpOf(members))
  if (policy.sorry !== undefined) return withSorry(policy, quorum)
  return { quorum, serve: policy.failOpen === true && !members.some(({ up }) => up) ? 'all' : 'up' }
}

function withSorry(policy: HealthPolicy, quorum: boolean): Pool {
  if (!quorum) return { quorum, serve: 'none', sorry: SORRY_WEIGHT }
  return { quorum, serve: 'up', ...(policy.sorryInhibit === true && { sorry: 0 }) }
}
