// SPDX-License-Identifier: Apache-2.0
// The figures for people: a line per case, and what they say about two CPUs. Pure.
import type { Machine } from '../machine.js'
import type { Ratio } from '../statistics.js'
import type { Row } from './figures.js'
import { DIRECTORS, type Director } from './plan.js'

export const TARGET = 1.8

export interface Report {
  readonly version: 1
  readonly header: Machine & {
    /** those that send and forward */
    readonly onCpus: readonly number[]
    readonly packets: number
    readonly seconds: number
  }
  readonly rows: readonly Row[]
  /** what is not measured here, and why */
  readonly notes: readonly string[]
  /** what makes this run less than it says; empty in a good one */
  readonly faults: readonly string[]
}

const HEAD = ['case', 'CPUs', ...DIRECTORS, 'swap', 'xlvs', 'xlvs / swap', 'swap', 'xlvs', 'contention']
const UNDER = ['', '', 'ns', 'ns', 'ns', 'ns', 'Mpps', 'Mpps', 'beyond stop', '2 : 1', '2 : 1', 'ns']

export function toText({ header, rows, notes, faults }: Report): string {
  return [
    `ns of a CPU per packet, median ± spread; ${header.cpu}, ${header.kernel}, commit ${header.commit}`,
    layOut([HEAD, UNDER, ...rows.map(cellsOf)]),
    ...['', ...answers(rows), ...notes],
    ...faults.map((fault) => `not to be relied on: ${fault}`),
  ].join('\n')
}

function cellsOf({
  title,
  cpus,
  cells,
  packetsPerSecond,
  ratio,
  scaling,
  contention,
}: Row): readonly string[] {
  const { xlvs: more } = contention
  const ns = (director: Director) => {
    const cell = cells[director]
    return cell ? around(cell.median, cell.spread) : director === 'line' ? '' : '?'
  }
  const millions = (director: Director) => {
    const value = packetsPerSecond[director]
    return value === undefined ? '?' : (value / 1e6).toFixed(2)
  }
  return [
    ...[title, `${cpus}`, ...DIRECTORS.map(ns), millions('swap'), millions('xlvs')],
    ...[ratioText(ratio), ratioText(scaling.swap), ratioText(scaling.xlvs)],
    more === undefined ? '' : around(more.ns, more.spread),
  ]
}

function around(figure: number, spread: number): string {
  return `${figure.toFixed(0)} ± ${spread.toFixed(0)}`
}

function ratioText(ratio: Ratio | undefined): string {
  return ratio === undefined ? '' : `${ratio.ratio.toFixed(2)} ± ${ratio.spread.toFixed(2)}`
}

function layOut(lines: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)))
  return lines
    .map((line) =>
      line
        .map((text, i) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart((widths[i] ?? 0) + 2)))
        .join('')
        .trimEnd(),
    )
    .join('\n')
}

/** A line for each case of two CPUs: the target, and how much of what is missed is the rig's own. */
export function answers(rows: readonly Row[]): readonly string[] {
  return [...scalings(rows), ...linePrice(rows)]
}

/** What there is to lose. */
function linePrice(rows: readonly Row[]): readonly string[] {
  return rows.flatMap(({ contention: { line } }) =>
    line
      ? [
          `a cache line that two CPUs write for every packet: ${around(line.ns, line.spread)} ns a packet each`,
        ]
      : [],
  )
}

function scalings(rows: readonly Row[]): readonly string[] {
  return rows.flatMap(({ id, title, sharing, scaling: { swap, xlvs } }) => {
    if (!swap || !xlvs) return []
    const own = xlvs.ratio / swap.ratio
    const rig = `the rig ${swap.ratio.toFixed(2)}, so xlvs keeps ${(own * 100).toFixed(0)} % of what there is`
    const aimed = sharing === 'different' && id.startsWith('hit/')
    const verdict = aimed ? `; target ${TARGET}: ${xlvs.ratio >= TARGET ? 'met' : 'missed'}` : ''
    return [`two CPUs, ${title}: xlvs ${xlvs.ratio.toFixed(2)} × one, ${rig}${verdict}`]
  })
}

/** With no more digits than there are. */
export function toJson(report: Report): string {
  const round = (_: string, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value
  return `${JSON.stringify(report, round, 2)}\n`
}
