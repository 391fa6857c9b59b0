// SPDX-License-Identifier: Apache-2.0
// A diff while it is being made: ops by the phase in which they are safe, ids given out so far, what is wrong.
import type { AddressText, Problem, Protocol, ServiceKey } from '../model/types.js'
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
  /** VIPs that keep their ids: packets or connections may have them */
  readonly heldVips: Set<number>
  readonly listed: Readonly<Record<Protocol, DirectoryEntry[]>>
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
    listed: { tcp: [], udp: [], sctp: [] },
    newVip: allocator(Math.min(MAX_VIP_ID, limits.services), () => vips.keys()),
    newService: allocator(limits.services, () => [
      ...[...services.values()].map((service) => service.id),
      ...(actual.strange?.services ?? []),
    ]),
    newReal: allocator(limits.reals, () => [
      ...realsOf(actual).map((real) => real.id),
      ...(actual.strange?.reals ?? []),
    ]),
    nextOrder: actual.nextOrder,
  }
}

/** The VIP's, or a new one with what makes it. */
export function vipIdOf(draft: Draft, address: AddressText, key: ServiceKey): number | undefined {
  const known = draft.vipIds.get(address)
  if (known !== undefined) return known
  const id = draft.newVip()
  if (id === undefined) {
    draft.problems.push(exhausted(key, 'services', draft.actual.limits.services))
    return undefined
  }
  draft.vipIds.set(address, id)
  draft.place.push({ op: 'vip-add', id, address })
  return id
}

export function exhausted(subject: string, what: 'services' | 'reals', limit: number): Problem {
  return {
    subject,
    reason: `the maps have room for ${limit} ${what}, counting removed ones that connections still point at`,
    fix: `raise limits.${what}, then \`xlvs detach --all\` and start again: sizes are fixed when the maps are made`,
  }
}

function realsOf(actual: Actual): ActualReal[] {
  const all = [...actual.orphans]
  for (const service of actual.services.values()) all.push(...service.reals, ...service.trash)
  return all
}
