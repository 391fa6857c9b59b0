// SPDX-License-Identifier: Apache-2.0
// Everything that waits for a moment, in one heap with one timer. At most BATCH acts run before the event loop gets its
// turn; what is due then waits in order.

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

interface Node extends Entry {
  readonly due: number
  readonly order: number
  readonly act: () => void
  /** place in the heap; -1 = not in it */
  place: number
}

const BATCH = 64

export function createSchedule(clock: Clock): Schedule {
  const heap = createHeap()
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
    const now = clock.monotonic()
    for (let left = BATCH; left > 0; left--) {
      const first = heap.first()
      if (first === undefined || first.due > now) break
      heap.remove(first)
      first.act()
    }
    arm()
  }
  return {
    at: (due, act) => {
      const node: Node = { due, order: order++, act, place: -1, cancel: () => heap.remove(node) }
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

/** Binary, earliest first, of equal ones the older; each node knows its place, so taking one out is cheap. */
function createHeap() {
  const nodes: Node[] = []
  const before = (a: Node, b: Node) => a.due < b.due || (a.due === b.due && a.order < b.order)
  const put = (node: Node, place: number): void => {
    nodes[place] = node
    node.place = place
  }
  const rise = (node: Node): void => {
    let place = node.place
    while (place > 0) {
      const parent = nodes[(place - 1) >> 1] as Node
      if (!before(node, parent)) break
      put(parent, place)
      place = (place - 1) >> 1
    }
    put(node, place)
  }
  const sink = (node: Node): void => {
    let place = node.place
    for (;;) {
      const [left, right] = [nodes[2 * place + 1], nodes[2 * place + 2]]
      const least = right !== undefined && left !== undefined && before(right, left) ? right : left
      if (least === undefined || !before(least, node)) break
      const next = least.place
      put(least, place)
      place = next
    }
    put(node, place)
  }
  const remove = (node: Node): void => {
    const { place } = node
    if (place < 0) return
    node.place = -1
    const last = nodes.pop()
    if (last === undefined || last === node) return
    put(last, place)
    rise(last)
    sink(last)
  }
  return {
    first: (): Node | undefined => nodes[0],
    add: (node: Node): void => {
      nodes.push(node)
      node.place = nodes.length - 1
      rise(node)
    },
    remove,
    clear: (): void => {
      for (const node of nodes.splice(0)) node.place = -1
    },
  }
}
