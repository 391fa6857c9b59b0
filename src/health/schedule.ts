// SPDX-License-Identifier: Apache-2.0
// Everything that waits for a moment, in one heap with one timer. At most BATCH acts run before the event loop gets its
// turn; what is due then waits in order.
import { createHeap, type Heap, type Node } from './heap.js'

export interface Entry {
  /** idempotent; also after it ran */
  cancel(): void
}

export interface Schedule {
  /** runs `act` once, at `due` (ms, monotonic) or as soon after it as can be */
  at(due: number, act: () => void): Entry
  /** nothing runs any more */
  end(): void
}

export interface Clock {
  /** ms */
  monotonic(): number
  timer(ms: number, act: () => void): { stop(): void }
}

interface Waiting extends Node, Entry {
  readonly act: () => void
}

const BATCH = 64

export function createSchedule(clock: Clock): Schedule {
  const heap = createHeap<Waiting>()
  let order = 0
  let armed: { readonly due: number; readonly timer: { stop(): void } } | undefined

  const arm = (): void => {
    const first = heap.first()
    if (first === undefined || (armed !== undefined && armed.due <= first.due)) return
    armed?.timer.stop()
    const wait = Math.max(0, Math.ceil(first.due - clock.monotonic()))
    armed = { due: first.due, timer: clock.timer(wait, run) }
  }
  const run = (): void => {
    armed = undefined
    try {
      runDue(heap, clock.monotonic())
    } finally {
      arm()
    }
  }
  return {
    at: (due, act) => {
      const node: Waiting = { due, order: order++, act, place: -1, cancel: () => heap.remove(node) }
      heap.add(node)
      arm()
      return node
    },
    end: () => {
      armed?.timer.stop()
      heap.clear()
    },
  }
}

function runDue(heap: Heap<Waiting>, now: number): void {
  for (let left = BATCH; left > 0; left--) {
    const first = heap.first()
    if (first === undefined || first.due > now) return
    heap.remove(first)
    first.act()
  }
}
