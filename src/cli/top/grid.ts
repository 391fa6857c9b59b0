// SPDX-License-Identifier: Apache-2.0
// A list of a fixed width: columns that do not fit are left out, the least important first; one may grow. Pure.
import { cellsOf, clean, exactly } from './cells.js'
import type { ScreenLook } from './look.js'
import type { SortName } from './state.js'

type Paint = (text: string) => string

export interface Column<Row> {
  readonly title: string
  /** where there is no room for it */
  readonly brief?: string
  /** cells, without the gap before it */
  readonly width: number
  /** of what is left over it takes as much as this, and more the further left it stands */
  readonly grow?: number
  /** the first one may be cut to this when nothing can be left out any more */
  readonly least?: number
  readonly right?: boolean
  /** left out when it is too narrow, highest first; none = always there */
  readonly spare?: number
  readonly sort?: SortName
  /** made of what was at several polls: not there when there was but one look */
  readonly past?: true
  /** `cells`: what it has got */
  readonly text: (row: Row, cells: number) => string
  readonly paint?: (row: Row, look: ScreenLook) => Paint
}

export interface Placed<Row> {
  readonly column: Column<Row>
  readonly cells: number
}

/** A number that stands at the right has room for the sign of the order before it. */
function gap<Row>({ right }: Column<Row>): string {
  return right ? ' ' : '  '
}

/** The cursor and a blank. */
const MARGIN = 2

export function place<Row>(columns: readonly Column<Row>[], cells: number): readonly Placed<Row>[] {
  let shown = columns
  while (needed(shown) > cells) {
    const spare = Math.max(...shown.map((column) => column.spare ?? 0))
    if (spare === 0) break
    shown = shown.filter((column) => column.spare !== spare)
  }
  let over = cells - needed(shown)
  return shown.map((column) => {
    const change =
      over < 0
        ? Math.max(over, (column.least ?? column.width) - column.width)
        : Math.min(over, Math.max(0, (column.grow ?? 0) - column.width))
    over -= change
    return { column, cells: column.width + change }
  })
}

function needed<Row>(columns: readonly Column<Row>[]): number {
  return columns.reduce((sum, column, i) => sum + column.width + (i > 0 ? gap(column).length : 0), MARGIN)
}

/** The titles; the one that the list is sorted by has a sign. */
export function titles<Row>(
  placed: readonly Placed<Row>[],
  { sort, reverse }: { readonly sort: SortName; readonly reverse: boolean },
  look: ScreenLook,
): string {
  const { falling, rising, more } = look.signs
  const cells = placed.map(({ column, cells: width }) => {
    const signed = column.sort === sort
    const fitting = column.title.length + (signed ? 1 : 0) <= width
    const titled = fitting ? column.title : (column.brief ?? column.title)
    if (!signed) return look.dim(exactly(titled, width, more, column.right))
    const sign = reverse ? rising : falling
    return look.accent(
      exactly(column.right ? `${sign}${titled}` : `${titled}${sign}`, width, more, column.right),
    )
  })
  return `${' '.repeat(MARGIN)}${joined(placed, cells)}`
}

/** One line; the chosen one is as wide as the screen. */
export function lineOf<Row>(
  placed: readonly Placed<Row>[],
  row: Row,
  look: ScreenLook,
  selected: boolean,
  columns: number,
): string {
  const { cursor, more, unicode } = look.signs
  const cells = placed.map(({ column, cells: width }) => {
    const text = exactly(clean(column.text(row, width), unicode), width, more, column.right)
    return selected || !column.paint ? text : column.paint(row, look)(text)
  })
  const line = `${selected ? cursor : ' '} ${joined(placed, cells)}`
  return selected ? look.selected(line + ' '.repeat(Math.max(0, columns - cellsOf(line)))) : line.trimEnd()
}

function joined<Row>(placed: readonly Placed<Row>[], cells: readonly string[]): string {
  return placed.map(({ column }, i) => `${i > 0 ? gap(column) : ''}${cells[i]}`).join('')
}

/** As wide as the widest of them, within bounds. */
export function widest(texts: Iterable<string>, least: number, most: number): number {
  let width = least
  for (const text of texts) width = Math.max(width, Math.min(most, cellsOf(text)))
  return width
}
