// SPDX-License-Identifier: Apache-2.0
// Removed services and real servers: kept as long as a connection may point at them, and two minutes longer (IPVS).
import type { ActualReal, ActualService } from './actual.js'
import type { Draft } from './draft.js'

/** Seconds from the first look that found nothing pointing at it. */
export const TRASH_SECONDS = 120

/** Stamps, and frees what is due. */
export function planTrash(draft: Draft, trash: readonly ActualReal[]): void {
  for (const real of trash) {
    if (isDue(draft, real)) draft.free.push({ op: 'real-free', id: real.id, service: real.service })
    else if (real.referenced !== (real.trashSince === 0)) {
      draft.retire.push({ op: 'real-stamp', id: real.id, since: real.referenced ? 0 : draft.now })
    }
  }
}

/** A service nobody wants any more: out of its directory at once, its id freed with the last of its trash. */
export function planRemoval(draft: Draft, service: ActualService): void {
  const { id, key, vipId, match, scheduler, reals, trash } = service
  planTrash(draft, trash)
  if (reals.length === 0 && trash.every((real) => isDue(draft, real))) {
    draft.free.push({ op: 'service-free', id, key })
    return
  }
  if (match.mark === undefined) draft.heldVips.add(vipId)
  if (service.listed) {
    draft.retire.push({ op: 'service-withdraw', key, service: { id, vipId, match, scheduler } })
  }
  for (const real of reals) {
    const since = real.referenced ? 0 : draft.now
    draft.retire.push({ op: 'real-trash', id: real.id, address: real.address, since })
  }
}

/** Real servers that were placed but never published, and that no connection points at. */
export function planOrphans(draft: Draft): void {
  for (const real of draft.actual.orphans) {
    if (!real.referenced) draft.free.push({ op: 'real-free', id: real.id, service: real.service })
  }
}

function isDue(draft: Draft, real: ActualReal): boolean {
  return !real.referenced && real.trashSince !== 0 && draft.now - real.trashSince >= TRASH_SECONDS
}
