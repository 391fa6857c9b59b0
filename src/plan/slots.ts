// SPDX-License-Identifier: Apache-2.0
// How a service's scheduler shares clients out, as its published table has it: who holds which slot, and how many.
import type { SchedulerName } from '../model/types.js'
import type { Listed } from './ops.js'
import { periodOf, rrSequence, type Sequence, wrrSequence } from './sequence.js'
import { slotsOf } from './table.js'
import { freshWalk } from './walk.js'

/**
 * 'slots': a hash names a slot; 'turns': picks until the order repeats; 'weights': the scheduler looks at the
 * connections of the moment, so only weights can be told.
 */
export type MapKind = 'slots' | 'turns' | 'weights'

/** Index into the list and how many slots or picks in a row; -1 = nobody, they are refused. */
export type Run = readonly [member: number, length: number]

export interface SlotShares {
  readonly kind: MapKind
  /** slots, picks until the order repeats, or the sum of weights */
  readonly size: number
  /** of each member, in the list's order */
  readonly held: readonly number[]
  /** slots that nobody serves: their real server has weight 0 now */
  readonly empty: number
  /** in the order of slots or picks; none of weights, nor of an order that is too long to be written out */
  readonly runs: readonly Run[]
}

/** An order longer than this is told by its shares only. */
const LONGEST_ORDER = 4_096

export function slotShares(scheduler: SchedulerName, list: readonly Listed[]): SlotShares {
  const slots = slotsOf(scheduler, list)
  if (slots !== undefined) return ofSlots(slots, list)
  const walk = freshWalk(scheduler, list)
  if (walk.kind === 'rr') return ofSequence(rrSequence(list), list)
  if (walk.kind === 'wrr') return ofSequence(wrrSequence(list, walk.step), list)
  const held = list.map(({ weight }) => weight)
  return { kind: 'weights', size: held.reduce((a, b) => a + b, 0), held, empty: 0, runs: [] }
}

function ofSlots(slots: Uint32Array, list: readonly Listed[]): SlotShares {
  const runs = runsOf(slots, indexOf(list))
  const held = list.map(() => 0)
  let empty = 0
  for (const [member, length] of runs)
    if (member < 0) empty += length
    else held[member] = (held[member] as number) + length
  return { kind: 'slots', size: slots.length, held, empty, runs }
}

function ofSequence(sequence: Sequence, list: readonly Listed[]): SlotShares {
  const at = indexOf(list)
  const held = list.map(() => 0)
  let before = 0n
  for (const { until, first, count } of sequence.segments) {
    const rounds = Number(until - before) / count
    for (const id of sequence.ids.slice(first, first + count)) {
      const member = at.get(id) as number
      held[member] = (held[member] as number) + rounds
    }
    before = until
  }
  const size = Number(periodOf(sequence))
  const runs = size > LONGEST_ORDER ? [] : runsOf(written(sequence), at)
  return { kind: 'turns', size, held, empty: 0, runs }
}

/** Ids in the order of picks, until it repeats. */
function written({ segments, ids }: Sequence): number[] {
  const order: number[] = []
  for (const { until, first, count } of segments)
    while (order.length < Number(until)) order.push(...ids.slice(first, first + count))
  return order
}

function runsOf(ids: Iterable<number>, at: ReadonlyMap<number, number>): Run[] {
  const runs: [number, number][] = []
  for (const id of ids) {
    const member = at.get(id) ?? -1
    const last = runs.at(-1)
    if (last?.[0] === member) last[1] += 1
    else runs.push([member, 1])
  }
  return runs
}

function indexOf(list: readonly Listed[]): ReadonlyMap<number, number> {
  return new Map(list.map(({ id }, i) => [id, i]))
}
