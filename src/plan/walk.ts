// SPDX-License-Identifier: Apache-2.0
// Where rr and wrr stand in their list, and what an addition, a new weight or a removal does to that: IPVS's rules,
// one change at a time, because wrr's current weight depends on the history of changes.
import type { SchedulerName } from '../model/types.js'
import type { ListEdit, Listed } from './ops.js'

export interface RrWalk {
  readonly kind: 'rr'
  /** real server picked last; 0 = the head of the list */
  readonly position: number
}

export interface WrrWalk {
  readonly kind: 'wrr'
  readonly currentWeight: number
  readonly maxWeight: number
  readonly step: number
  /** nothing happened to the list: the walk goes on in mid-sequence */
  readonly resume?: { readonly next: bigint; readonly start: bigint; readonly startWeight: number }
}

export type Walk = RrWalk | WrrWalk | { readonly kind: 'none' }

/** A list, head first, and where its scheduler stands. */
export interface Schedule {
  readonly list: readonly Listed[]
  readonly walk: Walk
}

/** State of a scheduler that was just bound to a service whose list may have members already. */
export function freshWalk(scheduler: SchedulerName, list: readonly Listed[]): Walk {
  if (scheduler === 'rr') return { kind: 'rr', position: 0 }
  if (scheduler !== 'wrr') return { kind: 'none' }
  const { max, step } = weigh(list)
  const maxWeight = max - (step - 1)
  return { kind: 'wrr', currentWeight: maxWeight, maxWeight, step }
}

export function applyEdits(schedule: Schedule, edits: readonly ListEdit[]): Schedule {
  const list = [...schedule.list]
  let walk = schedule.walk
  for (const edit of edits) {
    walk = walk.kind === 'rr' && edit.edit === 'remove' ? stepBack(walk, list, edit.id) : walk
    change(list, edit)
    if (walk.kind === 'wrr') walk = rearm(walk, list, edit)
  }
  return { list, walk }
}

function change(list: Listed[], edit: ListEdit): void {
  if (edit.edit === 'add') {
    const { id, weight, address, port } = edit
    list.unshift({ id, weight, lastWeight: weight, address, port })
    return
  }
  const at = list.findIndex((member) => member.id === edit.id)
  if (at < 0) return
  if (edit.edit === 'remove') {
    list.splice(at, 1)
    return
  }
  const member = list[at] as Listed
  list[at] = {
    ...member,
    weight: edit.weight,
    lastWeight: edit.weight === 0 ? member.lastWeight : edit.weight,
  }
}

/** rr: the position leaves a server that goes away for the one before it. */
function stepBack(walk: RrWalk, list: readonly Listed[], id: number): RrWalk {
  if (walk.position !== id) return walk
  const at = list.findIndex((member) => member.id === id)
  return { kind: 'rr', position: at > 0 ? (list[at - 1] as Listed).id : 0 }
}

/** wrr: back to the head, but with the current weight as it stood, fitted to the new step. */
function rearm(walk: WrrWalk, list: readonly Listed[], edit: ListEdit): WrrWalk {
  const { max, step } = edit.edit === 'add' ? grown(walk, edit.weight) : weigh(list)
  const maxWeight = max - (step - 1)
  let currentWeight = walk.currentWeight
  if (currentWeight > maxWeight || currentWeight === 0) currentWeight = maxWeight
  else if (step > 1) currentWeight = Math.floor(currentWeight / step) * step + 1
  return { kind: 'wrr', currentWeight, maxWeight, step }
}

/** weigh() of a list that gained one member, without reading the list. */
function grown(walk: WrrWalk, weight: number): { max: number; step: number } {
  const max = walk.maxWeight + walk.step - 1
  if (weight === 0) return { max, step: walk.step }
  return { max: Math.max(max, weight), step: max === 0 ? weight : gcd(walk.step, weight) }
}

/** Greatest weight, and the greatest common divisor of those that are not 0 (1 if none). */
export function weigh(list: readonly Listed[]): { max: number; step: number } {
  let max = 0
  let step = 0
  for (const { weight } of list) {
    if (weight === 0) continue
    if (weight > max) max = weight
    if (step !== 1) step = gcd(step, weight)
  }
  return { max, step: step === 0 ? 1 : step }
}

export function gcd(a: number, b: number): number {
  let [x, y] = [a, b]
  while (y !== 0) [x, y] = [y, x % y]
  return x
}
