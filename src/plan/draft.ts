// SPDX-License-Identifier: Apache-2.0
// A diff while it is being made: ops by the phase in which they are safe, ids given out so far, what is wrong.
import type { AddressText, Problem } from '../model/types.js'
import type { Actual, ActualReal } from './actual.js'
import { type Allocate, allocator } from './ids.js'
import type { DirectoryEntry, Op } from './ops.js'

export const MAX_VIP_ID = 65_535

export interface Draft {
  readonly actual: Actual
  /** CLOCK_BOOTTIME seconds, never 0 */
  readonly now: number
  /** nothing points at these yet */
  readonly place: Op[]
  readonly publish: Op[]
  /** nothing new comes to these any more */
  readonly retire: Op[]
  /** nothing at all points at these any more */
  readonly free: Op[]
  readonly problems: Problem[]
  readonly vipIds: Map<AddressText, number>
  /** VIPs that stay in their directory */
  readonly heldVips: Set<number>
  readonly listed: { readonly tcp: DirectoryEntry[]; readonly udp: DirectoryEntry[] }
  readonly newVip: Allocate
  readonly newService: Allocate
  readonly newReal: Allocate
  nextOrder: number
}

export function newDraft(actual: Actual, now: number): Draft {
  const { limits, vips, services } = actual
  const vipIds = new Map<AddressText, number>()
  for (const { id, address } of vips.values()) vipIds.set(address, id)
  return {
    actual,
    now: Math.max(1, now),
    place: [],
    publish: [],
    retire: [],
    free: [],
    problems: [],
    vipIds,
    heldVips: new Set(),
    listed: { tcp: [], udp: [] },
    newVip: allocator(Math.min(MAX_VIP_ID, limits.services), () => vips.keys()),
    newService: allocator(limits.services, () => [...services.values()].map((service) => service.id)),
    newReal: allocator(limits.reals, () => realsOf(actual).map((real) => real.id)),
    nextOrder: actual.nextOrder,
  }
}

function realsOf(actual: Actual): ActualReal[] {
  const all = [...actual.orphans]
  for (const service of actual.services.values()) all.push(...service.reals, ...service.trash)
  return all
}
