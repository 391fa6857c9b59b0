// SPDX-License-Identifier: Apache-2.0
// What is due first: a binary heap, of equal ones the older first. Each node knows its place, so that taking one out
// from anywhere is cheap.

export interface Node {
  readonly due: number
  readonly order: number
  /** the heap's own; -1 = not in one */
  place: number
}

export interface Heap<N extends Node> {
  first(): N | undefined
  add(node: N): void
  /** nothing happens when it is not in it */
  remove(node: N): void
  clear(): void
}

export function createHeap<N extends Node>(): Heap<N> {
  const nodes: N[] = []
  return {
    first: () => nodes[0],
    add: (node) => {
      nodes.push(node)
      rise(nodes, node, nodes.length - 1)
    },
    remove: (node) => {
      const { place } = node
      if (place < 0) return
      node.place = -1
      const last = nodes.pop()
      if (last === undefined || last === node) return
      rise(nodes, last, place)
      sink(nodes, last, last.place)
    },
    clear: () => {
      for (const node of nodes.splice(0)) node.place = -1
    },
  }
}

function rise<N extends Node>(nodes: N[], node: N, from: number): void {
  let place = from
  while (place > 0) {
    const above = (place - 1) >> 1
    const parent = nodes[above] as N
    if (!isBefore(node, parent)) break
    put(nodes, parent, place)
    place = above
  }
  put(nodes, node, place)
}

function sink<N extends Node>(nodes: N[], node: N, from: number): void {
  let place = from
  for (;;) {
    const least = lesser(nodes[2 * place + 1], nodes[2 * place + 2])
    if (least === undefined || !isBefore(least, node)) break
    const next = least.place
    put(nodes, least, place)
    place = next
  }
  put(nodes, node, place)
}

function lesser<N extends Node>(left: N | undefined, right: N | undefined): N | undefined {
  return left !== undefined && right !== undefined && isBefore(right, left) ? right : left
}

function put<N extends Node>(nodes: N[], node: N, place: number): void {
  nodes[place] = node
  node.place = place
}

function isBefore(a: Node, b: Node): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order)
}
