// SPDX-License-Identifier: Apache-2.0
// A list in a place: titles, the page with the cursor on it, and how much there is beside it. Pure.
import { grouped } from '../numbers.js'
import { clean, clip } from './cells.js'
import type { Size } from './frame.js'
import { type Column, lineOf, place, titles } from './grid.js'
import type { ScreenLook } from './look.js'
import { type Line, placeOf } from './order.js'
import type { List, State } from './state.js'

export interface Drawn<Row> {
  readonly list: List
  readonly lines: readonly Row[]
  readonly columns: readonly Column<Row>[]
  /** when there is nothing at all, not even without the filter */
  readonly nothing: string
}

export function listing<Row extends Line>(
  state: State,
  { list, lines, columns, nothing }: Drawn<Row>,
  size: Size,
  look: ScreenLook,
): readonly string[] {
  const ordering = state.lists[list]
  const present = state.history.at.length > 0 ? columns : columns.filter(({ past }) => !past)
  const placed = place(present, size.columns)
  const { more, unicode } = look.signs
  const head = titles(placed, ordering, look)
  if (lines.length === 0) {
    const { filter } = ordering
    const text =
      filter === '' ? nothing : `nothing matches "${clean(filter, unicode)}"; Esc takes the filter away`
    return [head, look.dim(clip(`  ${text}`, size.columns, more))]
  }
  const all = !Number.isFinite(size.rows)
  const whole = lines.length <= size.rows - 1
  const height = Math.max(1, size.rows - (whole ? 1 : 2))
  const { index } = placeOf(lines, ordering)
  const first = all || whole ? 0 : Math.floor(index / height) * height
  const shown = all || whole ? lines : lines.slice(first, first + height)
  const drawn = shown.map((line, i) => lineOf(placed, line, look, !all && first + i === index, size.columns))
  if (all || whole) return [head, ...drawn]
  const told = `  ${first + 1} to ${first + shown.length} of ${grouped(lines.length)}`
  const blank = Array.from({ length: height - shown.length }, () => '')
  return [head, ...drawn, ...blank, look.dim(clip(told, size.columns, more))]
}
