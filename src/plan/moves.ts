// SPDX-License-Identifier: Apache-2.0
// How much of a scheduler's table leads elsewhere after a publication: slots of sh, dh and mh, picks of rr and wrr.
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

/** Undefined: nothing to compare, or clients are hashed otherwise than before. */
export function tableMove(before: ActualService, op: ServicePublish): TableMove | undefined {
  const { list } = applyEdits({ list: op.was, walk: { kind: 'none' } }, op.edits)
  const { scheduler, flags } = op.service
  if (takesTurns(before.scheduler) && takesTurns(scheduler)) {
    return { of: 'picks', share: picksMoved(picks(before.scheduler, op.was), picks(scheduler, list)) }
  }
  const sameHash = hashesPort(before.flags) === hashesPort(flags) || scheduler === 'dh'
  if (before.scheduler !== scheduler || !sameHash) return undefined
  const [from, to] = [slotsOf(scheduler, op.was), slotsOf(scheduler, list)]
  return from && to && { of: 'slots', share: slotsMoved(from, to) }
}

function takesTurns(scheduler: SchedulerName): boolean {
  return scheduler === 'rr' || scheduler === 'wrr'
}

function hashesPort(flags: readonly SchedulerFlag[] = []): boolean {
  return flags.includes(HASHES_PORT)
}

/** Of all picks, by id: rr gives everyone usable the same, wrr what its weight is of all. */
function picks(scheduler: SchedulerName, list: readonly Listed[]): ReadonlyMap<number, number> {
  const usable = list.filter(({ weight }) => weight > 0)
  const part = ({ weight }: Listed) => (scheduler === 'rr' ? 1 : weight)
  const all = usable.reduce((sum, member) => sum + part(member), 0)
  if (all === 0) return new Map([[NOBODY, 1]])
  return new Map(usable.map((member) => [member.id, part(member) / all]))
}

/** What somebody has now and somebody else then. */
function picksMoved(from: ReadonlyMap<number, number>, to: ReadonlyMap<number, number>): number {
  let moved = 0
  for (const [id, share] of from) moved += Math.max(0, share - (to.get(id) ?? 0))
  return Math.min(1, moved)
}

function slotsMoved(from: Uint32Array, to: Uint32Array): number {
  let moved = 0
  for (const [slot, id] of from.entries()) if (to[slot] !== id) moved++
  return moved / from.length
}
