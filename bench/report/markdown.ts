// SPDX-License-Identifier: Apache-2.0
// The figures for people: the machine, a table per group, the targets.
import type { ProgramName } from '../cases.js'
import type { Interval } from '../intervals.js'
import type { Cell, Report, Row } from '../results.js'
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
      return `## ${capital(group)}\n\n${table(rows)}`
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
    'Figure [interval]: the median of what the loads of the programs gave, and where that of all loads lies with 95 %',
    'confidence. Ratios are taken load by load; compare within a run.',
  ].join('\n')
}

function faults(all: readonly string[]): readonly string[] {
  if (all.length === 0) return []
  return [`**Not to be relied on:**\n\n${all.map((fault) => `- ${fault}`).join('\n')}`]
}

function targets(all: readonly Judged[]): string {
  const rows = all.map((judged) => {
    const { says, sense, limit, unit, verdict, close } = judged
    const mark = verdict === 'met' ? 'met' : '**missed**'
    return [
      inCell(says),
      `${sense} ${limit} ${unit}`,
      `${intervalText(judged, 2)} ${unit}`,
      close ? `${mark}, too close to tell` : mark,
    ]
  })
  return layOut(['target', 'limit', 'figure', ''], rows)
}

function table(rows: readonly Row[]): string {
  const columns = COLUMNS.filter((name) => rows.some(({ cells }) => cells[name]))
  const told = rows.some((row) => comparison(row) !== '')
  const noted = rows.some((row) => notes(row) !== '')
  const lines = rows.map((row) => [
    inCell(row.title),
    ...columns.map((name) => cellText(row.cells[name])),
    ...(told ? [comparison(row)] : []),
    ...(noted ? [notes(row)] : []),
  ])
  const heads = columns.map((name) => HEADS[name] ?? name)
  return layOut(['', ...heads, ...(told ? ['xlvs is'] : []), ...(noted ? [''] : [])], lines)
}

function intervalText({ value, low, high }: Interval, digits: number): string {
  return `${value.toFixed(digits)} [${low.toFixed(digits)}–${high.toFixed(digits)}]`
}

export function cellText(cell: Cell | undefined): string {
  return cell ? intervalText(cell, Math.abs(cell.value) < 100 ? 1 : 0) : ''
}

export function comparison({ ratios }: Row): string {
  return ratios.map((ratio) => `${intervalText(ratio, 2)} × ${ratio.to}`).join('; ')
}

/** What the figures are less sure for. */
export function notes({ cells }: Row): string {
  const all = Object.entries(cells)
  const unquiet = Math.max(0, ...all.map(([, cell]) => cell.unquiet))
  return [
    ...(unquiet > 0 ? [`${unquiet} of ${all[0]?.[1].loads.length} loads never undisturbed`] : []),
    ...all.flatMap(([name, { wrong }]) =>
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
