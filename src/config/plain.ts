// SPDX-License-Identifier: Apache-2.0
// Nodes -> plain values, with a bound on what aliases may unfold to; and paths in those values -> places.
import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml'
import { formatPlace, quote } from '../model/describe.js'
import type { Place, Problem } from '../model/types.js'
import type { Path } from '../model/validate.js'
import type { Source } from './document.js'

const MAX_VALUES = 4_000_000
const MAX_DEPTH = 32

export interface Plain {
  /** maps have no prototype, so that any word can be a key */
  readonly value: unknown
  readonly problems: readonly Problem[]
  /** false: the walk was given up, so `value` is not what the file says */
  readonly whole: boolean
  /** of the value at a path; of the nearest thing around it when there is no such value */
  readonly placeOf: (path: Path) => Place
  /** of the key that a path ends with */
  readonly placeOfKey: (path: Path) => Place
}

interface Walk {
  readonly source: Source
  readonly problems: Problem[]
  readonly anchors: Map<string, Node>
  readonly targets: Map<Alias, Node>
  readonly pairs: Map<YAMLMap, Map<string, Pair>>
  values: number
}

export function toPlain(source: Source): Plain {
  const walk: Walk = {
    source,
    problems: [],
    anchors: new Map(),
    targets: new Map(),
    pairs: new Map(),
    values: 0,
  }
  const root = source.document.contents as Node | null
  const value = plain(walk, root, 0, false)
  const placeOf = (path: Path) => source.placeAt(offsetOf(trace(walk, root, path)))
  const placeOfKey = (path: Path) => {
    const around = trace(walk, root, path.slice(0, -1))
    const pair = isMap(around) ? findPair(walk, around, path.at(-1)) : undefined
    return source.placeAt(offsetOf((pair?.key as Node | undefined) ?? around))
  }
  return { value, whole: walk.values <= MAX_VALUES, problems: walk.problems, placeOf, placeOfKey }
}

function plain(walk: Walk, node: Node | null, depth: number, replay: boolean): unknown {
  if (node === null) return null
  if (++walk.values > MAX_VALUES)
    return overflow(walk, node, `the file unfolds to more than ${MAX_VALUES} values`)
  if (depth > MAX_DEPTH) return overflow(walk, node, `values nest more than ${MAX_DEPTH} deep`)
  if (isAlias(node)) return unfold(walk, node, depth)
  if (node.anchor !== undefined && !replay) walk.anchors.set(node.anchor, node)
  if (isScalar(node)) return node.value
  if (isSeq(node)) return node.items.map((item) => plain(walk, item as Node | null, depth + 1, replay))
  return isMap(node) ? plainMap(walk, node, depth, replay) : null
}

function plainMap(walk: Walk, map: YAMLMap, depth: number, replay: boolean): object {
  const out: Record<string, unknown> = Object.create(null)
  const seen = new Map<string, Node>()
  for (const pair of map.items) {
    const key = pair.key as Node | null
    const word = isScalar(key) && key.value !== null ? String(key.value) : undefined
    const value = plain(walk, pair.value as Node | null, depth + 1, replay)
    if (word === undefined || key === null) {
      complain(
        walk,
        key ?? map,
        'a key is not a word',
        'write "key: value", with text that holds : in quotes',
      )
      continue
    }
    const earlier = seen.get(word)
    if (earlier !== undefined) {
      const where = formatPlace(walk.source.placeAt(offsetOf(earlier)))
      complain(walk, key, `key ${quote(word)} is there twice, first at ${where}`, 'keep one of them')
      continue
    }
    seen.set(word, key)
    out[word] = value
  }
  return out
}

function unfold(walk: Walk, alias: Alias, depth: number): unknown {
  const target = walk.targets.get(alias) ?? walk.anchors.get(alias.source)
  if (target === undefined) {
    complain(
      walk,
      alias,
      `there is no anchor ${quote(`&${alias.source}`)} before this alias`,
      'define it first, or put text that starts with * in quotes',
    )
    return null
  }
  walk.targets.set(alias, target)
  return plain(walk, target, depth + 1, true)
}

/** Said once; the walk then comes to its end without unfolding more. */
function overflow(walk: Walk, node: Node, reason: string): null {
  walk.values = Number.POSITIVE_INFINITY
  if (!walk.problems.some((problem) => problem.reason === reason)) {
    complain(walk, node, reason, 'use fewer aliases and plain maps and lists')
  }
  return null
}

function complain(walk: Walk, node: Node, reason: string, fix: string): void {
  walk.problems.push({ place: walk.source.placeAt(offsetOf(node)), reason, fix })
}

/** The node at a path, or the last one on the way to it. */
function trace(walk: Walk, root: Node | null, path: Path): Node | null {
  let node = behind(walk, root)
  for (const step of path) {
    const value: unknown = isMap(node)
      ? findPair(walk, node, step)?.value
      : isSeq(node)
        ? node.items[step as number]
        : undefined
    const next = value === undefined || value === null ? null : behind(walk, value as Node)
    if (next === null) return node
    node = next
  }
  return node
}

function behind(walk: Walk, node: Node | null): Node | null {
  let at = node
  for (let hops = 0; isAlias(at) && hops < MAX_DEPTH; hops++) at = walk.targets.get(at) ?? null
  return at
}

/** The first pair with that key; indexed once per map, since a map may be huge and all of it wrong. */
function findPair(walk: Walk, map: YAMLMap, word: unknown): Pair | undefined {
  let index = walk.pairs.get(map)
  if (index === undefined) {
    index = new Map(
      [...map.items].reverse().map((pair) => [isScalar(pair.key) ? String(pair.key.value) : '', pair]),
    )
    walk.pairs.set(map, index)
  }
  return index.get(String(word))
}

function offsetOf(node: Node | null): number {
  return node?.range?.[0] ?? 0
}
