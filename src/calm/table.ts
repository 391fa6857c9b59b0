// SPDX-License-Identifier: Apache-2.0
// The rows of a run as a table, for a terminal or in Markdown. Pure.
import { brokenIn, heldBackIn, longestGap, lostIn } from './judge.js'
import type { Row } from './run.js'
import type { Window } from './window.js'

const COLUMNS: readonly (readonly [title: string, cell: (row: Row) => string])[] = [
  ['event', ({ name }) => name],
  ['seconds', ({ window }) => (window.length / 1000).toFixed(1)],
  ['packets', ({ window }) => grouped(window.books.sent)],
  ['lost', lostCell],
  ['wire', ({ window }) => grouped(window.books.wire)],
  ['broken', ({ window, fails }) => (fails ? `${brokenIn(window)} (its own)` : String(brokenIn(window)))],
  ['gap UDP', (row) => gapCell(row, ({ streams }) => streams.gaps)],
  ['gap TCP', (row) => gapCell(row, (window) => window.gaps)],
  ['requests', ({ window }) => grouped(window.requests)],
  ['failed', ({ window }) => grouped(window.failed)],
  ['', ({ note }) => note],
]

/** Cells in columns; faults beneath their row. */
export function plainTable(rows: readonly Row[]): string {
  const cells = [COLUMNS.map(([title]) => title), ...rows.map(cellsOf)]
  const widths = COLUMNS.map((_, i) => Math.max(...cells.map((line) => line[i]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (isText(i) ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd()
  const [head = [], ...body] = cells
  return [
    line(head),
    ...body.flatMap((row, i) => [line(row), ...(rows[i]?.faults ?? []).map((fault) => `  ✗ ${fault}`)]),
  ].join('\n')
}

export function markdownTable(rows: readonly Row[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(COLUMNS.map(([title]) => title)),
    line(COLUMNS.map((_, i) => (isText(i) ? '---' : '--:'))),
    ...rows.map((row) => line(cellsOf(row))),
  ].join('\n')
}

function cellsOf(row: Row): readonly string[] {
  return COLUMNS.map(([, cell]) => cell(row))
}

function isText(column: number): boolean {
  return column === 0 || column === COLUMNS.length - 1
}

export function grouped(count: number): string {
  return count.toLocaleString('en-GB')
}

/** What the director held back is apart: it is what the event costs. */
function lostCell({ window, fails, holds }: Row): string {
  const lost = lostIn(window)
  if (fails) return `${grouped(lost)} (its own)`
  const held = holds ? heldBackIn(window) : 0
  return `${grouped(lost - held)}${holds ? ` + ${grouped(held)} held` : ''}`
}

function gapCell({ window, quiet, fails }: Row, of: (window: Window) => Window['gaps']): string {
  return `${ms(longestGap(of(window), fails))} (${ms(longestGap(of(quiet)))})`
}

function ms(value: number): string {
  return value.toFixed(0)
}
