// SPDX-License-Identifier: Apache-2.0
// Flows over several directors, one of which leaves or joins: how many move to a director that does not know them, and how
// many of those meet another real server there. Pure.
import type { SchedulerName } from '../../src/model/types.js'
import type { Listed } from '../../src/plan/ops.js'
import type { Ecmp, Spread } from './ecmp.js'
import { type Choose, scheduler } from './schedulers.js'

export type Turn = 'leaves' | 'joins'

export interface Scene {
  readonly ecmp: Ecmp
  /** with the one that leaves or joins */
  readonly directors: number
  readonly turn: Turn
  readonly scheduler: SchedulerName
  /** real servers as every director lists them when the flows begin */
  readonly list: readonly Listed[]
  /** as the directors list them afterwards; the same when it is absent */
  readonly listAfter?: readonly Listed[]
  readonly flows: number
}

/** Shares of all flows. */
export interface Disruption {
  /** they reach a director that has no connection of theirs */
  readonly moved: number
  /** of them, those that this director would send to another real server than before */
  readonly misled: number
  /** of these, those whose real server is no longer listed with weight, wherever they go */
  readonly orphaned: number
}

export function disrupt(scene: Scene): Disruption {
  const { directors, turn, list, listAfter = list, flows } = scene
  const { whole, without } = scene.ecmp.leave(directors, directors - 1)
  const [before, after]: readonly [Spread, Spread] = turn === 'leaves' ? [whole, without] : [without, whole]
  const draw = drawsFrom(directors)
  const clients = Uint32Array.from({ length: flows }, () => Math.floor(draw() * 2 ** 32))
  const hashes = Uint32Array.from({ length: flows }, () => Math.floor(draw() * 2 ** 32))
  const choosers = Array.from({ length: directors }, () => scheduler(scene.scheduler, list, draw))
  const homes = clients.map((client, i) => chosen(choosers, before(hashes[i] ?? 0), client))
  if (listAfter !== list)
    choosers.splice(0, directors, ...choosers.map(() => scheduler(scene.scheduler, listAfter, draw)))
  const alive = new Set(listAfter.filter(({ weight }) => weight > 0).map(({ id }) => id))
  let [moved, misled, orphaned] = [0, 0, 0]
  for (const i of shuffled(flows, draw)) {
    const client = clients[i] ?? 0
    const [from, to] = [before(hashes[i] ?? 0), after(hashes[i] ?? 0)]
    if (from === to) continue
    moved++
    if (chosen(choosers, to, client) === homes[i]) continue
    misled++
    if (!alive.has(homes[i] ?? 0)) orphaned++
  }
  return { moved: moved / flows, misled: misled / flows, orphaned: orphaned / flows }
}

/** Without `sloppy_tcp` a TCP segment that finds no connection is not balanced, so all that move break. */
export function broken({ moved, misled }: Disruption, sloppy: boolean): number {
  return sloppy ? misled : moved
}

function chosen(choosers: readonly Choose[], director: number, client: number): number {
  const choose = choosers[director]
  if (!choose) throw new RangeError(`there is no director ${director}`)
  return choose(client)
}

/** Flows do not send their next packets in the order in which they began. */
function shuffled(count: number, draw: () => number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(draw() * (i + 1))
    const at = order[i] ?? 0
    order[i] = order[j] ?? 0
    order[j] = at
  }
  return order
}

/** The same numbers every time (mulberry32). */
function drawsFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
