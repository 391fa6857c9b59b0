// SPDX-License-Identifier: Apache-2.0
// Families over many rows: the first of them have a series each, the rest is summed into one, which is called overflow.
// Text comes in pieces, so that a scrape never holds up the event loop for long.
import { type Family, header, type LabelText, number, plus, type Value } from './exposition.js'

export interface Row {
  readonly labels: LabelText
}

/** Neighbours of one name are one family. */
export interface Column<R extends Row> extends Family {
  /** appended to the labels of the row, with its comma */
  readonly label?: string | ((row: R) => string)
  /** undefined: the row has no sample */
  readonly value: (row: R) => Value | undefined
  /** instead of label and sum, where names are told and not numbers */
  readonly beyond?: { readonly label: string; readonly value: Value }
}

export interface Rows<R extends Row> {
  readonly rows: readonly R[]
  /** how many of them, from the first on, have series of their own */
  readonly shown: number
  /** labels of what the others are summed into */
  readonly overflow: LabelText
}

/** Counts what was summed. */
export interface Tally {
  dropped: number
}

/** lines of a piece of text, about */
export const PIECE = 1_000

export function* columnTexts<R extends Row>(
  columns: readonly Column<R>[],
  of: Rows<R>,
  tally: Tally,
): Generator<string> {
  let last = ''
  for (const column of columns) {
    if (column.name !== last) yield header(column)
    last = column.name
    for (let from = 0; from < of.shown; from += PIECE)
      yield shownText(column, of.rows, from, Math.min(from + PIECE, of.shown))
    yield overflowText(column, of, tally)
  }
}

function shownText<R extends Row>(column: Column<R>, rows: readonly R[], from: number, to: number): string {
  const { name, label, value } = column
  const own = typeof label === 'function' ? label : undefined
  const end = `${own ? '' : (label ?? '')}} `
  let text = ''
  for (let i = from; i < to; i++) {
    const row = rows[i] as R
    const found = value(row)
    if (found === undefined) continue
    text += `${name}{${row.labels}${own ? own(row) : ''}${end}${number(found)}\n`
  }
  return text
}

function overflowText<R extends Row>(column: Column<R>, of: Rows<R>, tally: Tally): string {
  const { name, label, value, beyond } = column
  let sum: Value | undefined
  for (let i = of.shown; i < of.rows.length; i++) {
    const found = value(of.rows[i] as R)
    if (found === undefined) continue
    tally.dropped++
    sum = sum === undefined ? plus(typeof found === 'bigint' ? 0n : 0, found) : plus(sum, found)
  }
  if (sum === undefined) return ''
  const own = beyond?.label ?? (typeof label === 'string' ? label : '')
  return `${name}{${of.overflow}${own}} ${number(beyond?.value ?? sum)}\n`
}
