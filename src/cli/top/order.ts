// SPDX-License-Identifier: Apache-2.0
// Which lines of a list are shown and in what order, and where its cursor is. Pure.
import { handshakes } from './handshakes.js'
import type { DropLine, RealLine, ServiceLine } from './sample.js'
import { type List, listOf, type Ordering, type SortName, type State } from './state.js'

export type Line = ServiceLine | RealLine | DropLine

interface Lines {
  readonly services: ServiceLine
  readonly reals: RealLine
  readonly drops: DropLine
}

type Measures<Row> = Readonly<Partial<Record<SortName, (line: Row, state: State) => number>>>

const SERVICES: Measures<ServiceLine> = {
  packets: ({ speed }) => speed.packets,
  conns: ({ speed }) => speed.conns,
  bits: ({ speed }) => speed.bytes,
  active: ({ row }) => row.active,
  inactive: ({ row }) => row.inactive,
  drops: ({ drops }) => drops,
  state: ({ row }) => (row.reals === 0 ? 1 : (row.down + (row.drained + row.quiesced) / 2) / row.reals),
}

const REALS: Measures<RealLine> = {
  packets: ({ speed }) => speed.packets,
  conns: ({ speed }) => speed.conns,
  bits: ({ speed }) => speed.bytes,
  active: ({ row }) => row.active,
  inactive: ({ row }) => row.inactive,
  share: ({ share = 0 }) => share,
  weight: ({ row }) => row.effectiveWeight,
  handshake: ({ key, row }, { marks }) => handshakes(row.latency, marks?.older.get(key))?.p99 ?? -1,
  state: ({ row }) => trouble(row),
}

const DROPS: Measures<DropLine> = {
  // What is left to this host comes after all that is lost, in the same order.
  packets: ({ rate, left }) => (left ? -1 / (1 + rate) : rate),
  count: ({ row }) => row.packets,
}

const MEASURES: { readonly [L in List]: Measures<Lines[L]> } = {
  services: SERVICES,
  reals: REALS,
  drops: DROPS,
}

interface Put extends Pick<Ordering, 'sort' | 'reverse' | 'filter'> {
  readonly lines: readonly Line[]
}

/** A cursor that moves through 10,000 lines does not sort them anew. */
const last = new WeakMap<readonly Line[], Put>()

/** What is worst first; by name where measures are equal, so that lines stay where they are. */
export function ordered<L extends List>(state: State, list: L): readonly Lines[L][] {
  const lines = (state.data?.[list] ?? []) as readonly Lines[L][]
  const { sort, reverse, filter } = state.lists[list]
  const known = last.get(lines)
  if (known?.sort === sort && known.reverse === reverse && known.filter === filter)
    return known.lines as readonly Lines[L][]
  const found = put(state, list, lines)
  last.set(lines, { sort, reverse, filter, lines: found })
  return found
}

function put<L extends List>(state: State, list: L, lines: readonly Lines[L][]): readonly Lines[L][] {
  const { sort, reverse, filter } = state.lists[list]
  const wanted = filter.trim().toLowerCase()
  const shown = wanted === '' ? lines : lines.filter((line) => textOf(line).toLowerCase().includes(wanted))
  const measure = MEASURES[list][sort]
  const direction = reverse ? -1 : 1
  const measured = shown.map((line) => ({ line, by: measure ? measure(line, state) : 0 }))
  return measured
    .sort((a, b) => direction * (b.by - a.by || byName(a.line.key, b.line.key)))
    .map(({ line }) => line)
}

export interface Place {
  readonly index: number
  readonly key: string | undefined
}

/** Of the cursor; on the first line when its own is gone. */
export function placeOf(lines: readonly Line[], { selected }: Ordering): Place {
  const found = selected === undefined ? 0 : lines.findIndex(({ key }) => key === selected)
  const index = Math.max(0, found)
  return { index, key: lines[index]?.key }
}

/** The line with the cursor in the view that is shown. */
export function chosen(state: State): Line | undefined {
  const list = listOf(state.view)
  const lines = ordered(state, list)
  return lines[placeOf(lines, state.lists[list]).index]
}

const collator = new Intl.Collator('en', { numeric: true })

function byName(a: string, b: string): number {
  return collator.compare(a, b)
}

/** What a filter looks at. */
function textOf(line: Line): string {
  if ('rate' in line) return `${line.row.reason} ${line.row.service ?? ''}`
  if ('drops' in line) return `${line.key} ${line.row.name ?? ''} ${line.row.scheduler}`
  const { standing, nexthop, name } = line.row
  return `${line.key.split(' > ').at(-1)} ${name ?? ''} ${standing?.reason ?? ''} ${standing?.up === false ? 'down' : 'up'} ${nexthop.state}`
}

/** 3 down, 2 not reachable, 1 gets nothing new, 0 as it should be */
function trouble({ standing, nexthop, effectiveWeight }: RealLine['row']): number {
  if (standing?.up === false && standing.reason !== 'drained' && standing.reason !== 'quiesced') return 3
  if (nexthop.state === 'unresolved') return 2
  return effectiveWeight === 0 ? 1 : 0
}
