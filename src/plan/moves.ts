// SPDX-License-Identifier: Apache-2.0
// How much of a scheduler's table leads elsewhere after a publication: slots of sh, dh and mh, picks of rr and
// wrr, shares by weight of those that look at loads.
import type { TableMove } from '../model/preview.js'
import type { SchedulerFlag, SchedulerName } from '../model/types.js'
import type { ActualService } from './actual.js'
import type { Listed, ServicePublish } from './ops.js'
import { slotsOf } from './table.js'
import { applyEdits } from './walk.js'

/** Flag 2 of sh and mh: the client's port is hashed too. */
const HASHES_PORT: SchedulerFlag = 2

/** In the place of an id */
const NOBODY = 0

/** Undefined: nothing to compare, as between a scheduler that hashes and one that does not. */
export function tableMove(before: ActualService, op: ServicePublish): TableMove | undefined {
  const { list } = applyEdits({ list: op.was, walk: { kind: 'none' } }, op.edits)
  const { scheduler, flags } = op.service
  const [parts, then] = [PARTS[before.scheduler], PARTS[scheduler]]
  if (parts && then) {
    const turns = takesTurns(before.scheduler) && takesTurns(scheduler)
    return { of: turns ? 'picks' : 'weight', share: moved(sharesBy(parts, op.was), sharesBy(then, list)) }
  }
  const [from, to] = [slotsOf(before.scheduler, op.was), slotsOf(scheduler, list)]
  if (from === undefined || to === undefined) return undefined
  const sameHash = hashesPort(before.flags) === hashesPort(flags) || scheduler === 'dh'
  if (before.scheduler === scheduler && sameHash) return { of: 'slots', share: slotsMoved(from, to) }
  return { of: 'clients', share: met(from, to) }
}

type Parts = 'even' | 'by weight'

/** Of new connections in the long run; the others send all to one, or look at where clients go. */
const PARTS: Readonly<Partial<Record<SchedulerName, Parts>>> = {
  rr: 'even',
  lc: 'even',
  wrr: 'by weight',
  wlc: 'by weight',
  sed: 'by weight',
  nq: 'by weight',
  twos: 'by weight',
}

function takesTurns(scheduler: SchedulerName): boolean {
  return scheduler === 'rr' || scheduler === 'wrr'
}

function hashesPort(flags: readonly SchedulerFlag[] = []): boolean {
  return flags.includes(HASHES_PORT)
}

/** Everybody's share, by id. */
function sharesBy(parts: Parts, list: readonly Listed[]): ReadonlyMap<number, number> {
  const usable = list.filter(({ weight }) => weight > 0)
  const part = ({ weight }: Listed) => (parts === 'even' ? 1 : weight)
  const all = usable.reduce((sum, member) => sum + part(member), 0)
  if (all === 0) return new Map([[NOBODY, 1]])
  return new Map(usable.map((member) => [member.id, part(member) / all]))
}

/** What somebody has now and somebody else then. */
function moved(from: ReadonlyMap<number, number>, to: ReadonlyMap<number, number>): number {
  let sum = 0
  for (const [id, share] of from) sum += Math.max(0, share - (to.get(id) ?? 0))
  return Math.min(1, sum)
}

/** Clients that two hashes which have nothing to do with each other send to different real servers. */
function met(from: Uint32Array, to: Uint32Array): number {
  const [before, after] = [from, to].map((slots) => {
    const counts = new Map<number, number>()
    for (const id of slots) counts.set(id, (counts.get(id) ?? 0) + 1 / slots.length)
    return counts
  }) as [Map<number, number>, Map<number, number>]
  let same = 0
  for (const [id, share] of before) same += share * (after.get(id) ?? 0)
  return Math.max(0, 1 - same)
}

function slotsMoved(from: Uint32Array, to: Uint32Array): number {
  let moved = 0
  for (const [slot, id] of from.entries()) if (to[slot] !== id) moved++
  return moved / from.length
}
