// SPDX-License-Identifier: Apache-2.0
// Aligned tables for a terminal of a given width. A table that is too wide leaves out its least important columns
// and says which; into a pipe everything is written.
import type { Look } from './look.js'

export interface Column<Row> {
  readonly title: string
  readonly value: (row: Row) => string
  /** numbers stand at the right */
  readonly right?: boolean
  /** left out when the terminal is too narrow, highest first; 0 or none = always there */
  readonly spare?: number
  readonly paint?: (row: Row, text: string, look: Look) => string
}

export interface TableOptions {
  /** written before every line */
  readonly indent?: string
}

const GAP = '  '

/** The lines of a table, title first; none when there are no rows. */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  look: Look,
  options: TableOptions = {},
): readonly string[] {
  return grouped(columns, [{ rows }], look, options)
}

export interface Group<Row> {
  /** stands above its rows */
  readonly title?: string
  readonly rows: readonly Row[]
}

/** Several groups under one title line, all with the same column widths. */
export function grouped<Row>(
  columns: readonly Column<Row>[],
  groups: readonly Group<Row>[],
  look: Look,
  { indent = '' }: TableOptions = {},
): readonly string[] {
  const rows = groups.flatMap((group) => group.rows)
  if (groups.length === 0 || (rows.length === 0 && !groups.some((group) => group.title))) return []
  const measured = columns.map((column) => ({ column, width: widthOf(column, rows) }))
  const { shown, left } = narrow(measured, look.columns - indent.length)
  const line = (cells: readonly string[]) => `${indent}${cells.join(GAP)}`.trimEnd()
  const lines = [look.dim(line(shown.map(({ column, width }) => pad(column.title, width, column.right))))]
  for (const group of groups) {
    if (group.title) lines.push(group.title)
    for (const row of group.rows)
      lines.push(line(shown.map(({ column, width }) => cell(column, row, width, look))))
  }
  if (left.length > 0)
    lines.push(look.dim(`left out: ${left.join(', ')} (a wider terminal or --json has them)`))
  return lines
}

interface Measured<Row> {
  readonly column: Column<Row>
  readonly width: number
}

function narrow<Row>(measured: readonly Measured<Row>[], columns: number) {
  let shown = measured
  const left: string[] = []
  while (total(shown) > columns) {
    const spare = Math.max(...shown.map(({ column }) => column.spare ?? 0))
    if (spare === 0) break
    const at = shown.findIndex(({ column }) => column.spare === spare)
    left.push(shown[at]?.column.title ?? '')
    shown = shown.filter((_, i) => i !== at)
  }
  return { shown, left }
}

function total<Row>(measured: readonly Measured<Row>[]): number {
  return measured.reduce((sum, { width }) => sum + width, (measured.length - 1) * GAP.length)
}

function widthOf<Row>(column: Column<Row>, rows: readonly Row[]): number {
  return rows.reduce((widest, row) => Math.max(widest, wide(column.value(row))), wide(column.title))
}

function cell<Row>(column: Column<Row>, row: Row, width: number, look: Look): string {
  const text = column.value(row)
  const painted = column.paint ? column.paint(row, text, look) : text
  return pad(text, width, column.right).replace(text, () => painted)
}

function pad(text: string, width: number, right = false): string {
  const space = ' '.repeat(Math.max(0, width - wide(text)))
  return right ? space + text : text + space
}

/** Characters, not UTF-16 units. */
function wide(text: string): number {
  return [...text].length
}
