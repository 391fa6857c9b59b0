// SPDX-License-Identifier: Apache-2.0
// From the figures of series to rows of cases: what a packet costs, ratios load by load, and what became of the targets.
import type { Case, Place, ProgramName } from './cases.js'
import type { Figure } from './harness.js'
import { type Interval, intervalOf } from './intervals.js'
import type { Machine } from './machine.js'
import { seriesId } from './series-names.js'
import { type Judged, judgeTargets } from './targets.js'

/** ns per packet beyond the harness, and the figures of all loads that it is the median of. */
export interface Cell extends Interval, Omit<Figure, 'id'> {}

export interface Ratio extends Interval {
  /** "floor", "10,000 services to 1" */
  readonly to: string
}

export interface Row {
  readonly id: string
  readonly title: string
  readonly group: string
  readonly cells: Readonly<Partial<Record<ProgramName, Cell>>>
  /** how many times as much its first program takes */
  readonly ratios: readonly Ratio[]
}

export interface Report {
  readonly version: 2
  readonly header: Machine
  readonly rows: readonly Row[]
  readonly targets: readonly Judged[]
  /** what makes this run less than it says; empty in a good one */
  readonly faults: readonly string[]
}

/** More packets than this with another fate, and a case is about something else. */
const TOLERATED = 0.01
const OTHERS: readonly (readonly [ProgramName, string])[] = [
  ['floor', 'floor'],
  ['parsed', 'empty parse'],
  ['control', 'LRU_HASH'],
]

type Figures = ReadonlyMap<string, Figure>

export function rowOf(each: Case, group: string, figures: Figures): Row {
  const { id, title, programs, beside } = each
  const cells = programs.flatMap((name) => {
    const figure = figures.get(seriesId(id, name))
    return figure ? [[name, cellOf(figure)] as const] : []
  })
  const own: Place = [id, programs[0] ?? 'xlvs']
  const ratios = [
    ...OTHERS.flatMap(([name, to]) => ratioBetween(own, [id, name], to, figures)),
    ...(beside ? ratioBetween(own, beside.place, beside.says, figures) : []),
  ]
  return { id, title, group, cells: Object.fromEntries(cells), ratios }
}

export function cellOf({ id: _, ...figure }: Figure): Cell {
  return { ...intervalOf(figure.loads), ...figure }
}

function ratioBetween(a: Place, b: Place, to: string, figures: Figures): readonly Ratio[] {
  const [one, other] = [figures.get(seriesId(...a)), figures.get(seriesId(...b))]
  const interval = one && other ? ratioOf(one, other) : undefined
  return interval ? [{ to, ...interval }] : []
}

/** Load by load, of two series of one heat. What costs nothing measurable has no ratio. */
export function ratioOf(a: Pick<Figure, 'loads'>, b: Pick<Figure, 'loads'>): Interval | undefined {
  if ([...a.loads, ...b.loads].some((ns) => ns <= 0)) return undefined
  return intervalOf(a.loads.map((ns, load) => ns / (b.loads[load] as number)))
}

export function faultsOf(cases: readonly Case[], rows: readonly Row[]): readonly string[] {
  return cases.flatMap(({ id, lossy }) => {
    if (lossy) return []
    const cells = Object.entries(rows.find((row) => row.id === id)?.cells ?? {})
    return cells.flatMap(([name, { wrong }]) => {
      if (wrong <= TOLERATED) return []
      return [`${id}, ${name}: ${(wrong * 100).toFixed(1)} % of the packets had another fate`]
    })
  })
}

export function report(header: Machine, rows: readonly Row[], faults: readonly string[]): Report {
  return { version: 2, header, rows, targets: judgeTargets(rows), faults }
}
