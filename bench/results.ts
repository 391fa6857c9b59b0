// SPDX-License-Identifier: Apache-2.0
// From the figures of series to rows of cases: the harness taken away, ratios, and what became of the targets.
import type { Case, ProgramName } from './cases.js'
import { type Figure, isUnsure, thrownOf } from './harness.js'
import type { Machine } from './machine.js'
import { harnessId, seriesId } from './series-names.js'
import { beyond, type Ratio, ratioOf, type Summary, summary } from './statistics.js'
import { type Judged, judgeTargets } from './targets.js'

export interface Cell extends Summary {
  /** rounds that count, and those thrown away as disturbed */
  readonly rounds: number
  readonly thrown: number
  /** per round */
  readonly packets: number
  /** share of packets that had another fate than the case is about */
  readonly wrong: number
}

export interface Row {
  readonly id: string
  readonly title: string
  readonly group: string
  /** ns per packet beyond the harness; a program is missing when too few of its rounds were undisturbed */
  readonly cells: Readonly<Partial<Record<ProgramName, Cell>>>
}

export interface Report {
  readonly version: 1
  readonly header: Machine
  readonly rows: readonly Row[]
  readonly targets: readonly Judged[]
  /** what makes this run less than it says; empty in a good one */
  readonly faults: readonly string[]
}

/** More packets than this with another fate, and a case is about something else. */
const TOLERATED = 0.01

export function rowOf(each: Case, group: string, figures: ReadonlyMap<string, Figure>): Row {
  const harness = figures.get(harnessId(each.work))
  const cells = each.programs.flatMap((name) => {
    const figure = figures.get(seriesId(each.id, name))
    if (!figure || !harness || isUnsure(figure) || isUnsure(harness)) return []
    return [[name, cellOf(figure, harness)] as const]
  })
  return { id: each.id, title: each.title, group, cells: Object.fromEntries(cells) }
}

function cellOf(figure: Figure, harness: Figure): Cell {
  const { kept, thrown, packets, total, wrong } = figure
  const rest = { rounds: kept.length, thrown: thrownOf(thrown), packets, wrong: wrong / total }
  return { ...beyond(summary(kept), summary(harness.kept)), ...rest }
}

export function faultsOf(cases: readonly Case[], rows: readonly Row[]): readonly string[] {
  return rows.flatMap((row) => {
    const each = cases.find(({ id }) => id === row.id)
    return (each?.programs ?? (['xlvs'] as const)).flatMap((name) => {
      const cell = row.cells[name]
      if (!cell)
        return [`${row.id}, ${name}: fewer than three undisturbed rounds; run again when the machine is idle`]
      if (cell.wrong <= TOLERATED || each?.lossy) return []
      return [`${row.id}, ${name}: ${(cell.wrong * 100).toFixed(1)} % of the packets had another fate`]
    })
  })
}

export function report(header: Machine, rows: readonly Row[], faults: readonly string[]): Report {
  return { version: 1, header, rows, targets: judgeTargets(rows), faults }
}

/** Of two programs of one row. */
export function ratioIn({ cells }: Row, a: ProgramName, b: ProgramName): Ratio | undefined {
  const [one, other] = [cells[a], cells[b]]
  return one && other ? ratioOf(one, other) : undefined
}
