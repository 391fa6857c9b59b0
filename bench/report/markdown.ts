// SPDX-License-Identifier: Apache-2.0
// The figures for people: the machine, a table per group, the targets.
import type { ProgramName } from '../cases.js'
import { type Cell, type Report, type Row, ratioIn } from '../results.js'
import type { Ratio } from '../statistics.js'
import type { Judged } from '../targets.js'

/** The subject first, then what it is compared with. */
const COLUMNS: readonly ProgramName[] = ['xlvs', 'untraced', 'floor', 'parsed', 'control']
const HEADS: Readonly<Partial<Record<ProgramName, string>>> = {
  untraced: 'untraced',
  parsed: 'empty parse',
  control: 'LRU_HASH',
}

export function toMarkdown(report: Report): string {
  const groups = [...new Set(report.rows.map(({ group }) => group))]
  const parts = [
    header(report),
    ...faults(report.faults),
    ...(report.targets.length > 0 ? [`## Targets\n\n${targets(report.targets)}`] : []),
    ...groups.map((group) => {
      const rows = report.rows.filter((row) => row.group === group)
      return `## ${capital(group)}\n\n${table(rows, report.targets)}`
    }),
  ]
  return `${parts.join('\n\n')}\n`
}

function header({ header }: Report): string {
  const { machine, cpu, caches, memoryMiB, kernel, commit, flags, date } = header
  return [
    '# ns per packet, beyond the harness',
    '',
    `- ${date}, commit ${commit}${flags.length > 0 ? `, ${flags.map((flag) => `\`${flag}\``).join(' ')}` : ''}`,
    `- ${machine}; ${cpu}; ${caches.join(', ')}; ${memoryMiB.toLocaleString('en')} MiB`,
    `- ${kernel}`,
    '',
    'Each figure: median ± spread (half of the rounds are no farther apart), and the least. Ratios are of medians; they',
    'compare within this run only.',
  ].join('\n')
}

function faults(all: readonly string[]): readonly string[] {
  if (all.length === 0) return []
  return [`**Not to be relied on:**\n\n${all.map((fault) => `- ${fault}`).join('\n')}`]
}

function targets(all: readonly Judged[]): string {
  const rows = all.map(({ says, sense, limit, unit, value, spread, verdict, close }) => {
    const sure = close ? `${verdict}, within the spread` : verdict
    return [
      inCell(says),
      `${sense} ${limit} ${unit}`,
      `${value.toFixed(2)} ± ${spread.toFixed(2)} ${unit}`,
      sure,
    ]
  })
  return layOut(['target', 'limit', 'figure', ''], rows)
}

function table(rows: readonly Row[], judged: readonly Judged[]): string {
  const columns = COLUMNS.filter((name) => rows.some(({ cells }) => cells[name]))
  const lines = rows.map((row) => [
    inCell(row.title),
    ...columns.map((name) => cellText(row.cells[name])),
    comparison(row),
    notes(row, judged),
  ])
  return layOut(['', ...columns.map((name) => HEADS[name] ?? name), 'ratio', ''], lines)
}

export function cellText(cell: Cell | undefined): string {
  if (!cell) return ''
  const digits = cell.median < 100 ? 1 : 0
  const [median, spread, min] = [cell.median, cell.spread, cell.min].map((ns) => ns.toFixed(digits))
  return `${median} ± ${spread} (${min})`
}

export function comparison(row: Row): string {
  const said = (ratio: Ratio | undefined, what: string) =>
    ratio ? [`${ratio.ratio.toFixed(2)} ± ${ratio.spread.toFixed(2)} × ${what}`] : []
  return [
    ...said(ratioIn(row, 'xlvs', 'floor'), 'floor'),
    ...said(ratioIn(row, 'xlvs', 'parsed'), 'empty parse'),
    ...said(ratioIn(row, 'xlvs', 'control'), 'LRU_HASH'),
  ].join('; ')
}

export function notes(row: Row, judged: readonly Judged[]): string {
  const cells = Object.entries(row.cells)
  return [
    ...judged
      .filter(({ id }) => id === row.id)
      .map(({ sense, limit, unit, verdict }) => `${verdict} (${sense} ${limit} ${unit})`),
    ...cells.flatMap(([name, { thrown, rounds }]) =>
      thrown > 0 ? [`${name}: ${thrown} of ${thrown + rounds} rounds disturbed`] : [],
    ),
    ...cells.flatMap(([name, { wrong }]) =>
      wrong > 0 ? [`${name}: ${(wrong * 100).toPrecision(2)} % with another fate`] : [],
    ),
  ].join('; ')
}

function layOut(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n')
}

function inCell(text: string): string {
  return text.replaceAll('|', '\\|')
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
