// SPDX-License-Identifier: Apache-2.0
// The overview: rates of everything with their last minutes, how full the tables are, what is dropped and why, and the
// services below. Pure.
import type { TableRow } from '../../api/contract.js'
import { count, duration } from '../numbers.js'
import { clip, exactly } from './cells.js'
import { bits, percent, short, whole } from './figures.js'
import type { Size } from './frame.js'
import { KEPT, span } from './history.js'
import type { ScreenLook } from './look.js'
import { servicesBody } from './services.js'
import { type Data, type State, TOTAL } from './state.js'
import { bar, spark } from './strokes.js'

export function overviewBody(state: State, size: Size, look: ScreenLook): readonly string[] {
  const { data } = state
  if (!data) return [look.dim(clip('waiting for the first answer', size.columns, look.signs.more))]
  const roomy = size.rows >= 18
  const top = [
    ...gauges(state, data, size.columns, look).slice(0, roomy ? 4 : 1),
    ...(roomy ? [spanLine(state, size.columns, look)] : []),
    tablesLine(data.sample.status.tables, size.columns, look),
    ...dropsLines(data, size, look),
    ...(roomy ? [''] : []),
  ]
  const rest = { columns: size.columns, rows: size.rows - top.length }
  return [...top, ...servicesBody(state, rest, look)]
}

const LABEL = 11
const VALUE = 12

function gauges(
  { history }: State,
  { total, dropRate }: Data,
  columns: number,
  look: ScreenLook,
): readonly string[] {
  const cells = sparkCells(columns)
  const rows: readonly (readonly [string, string, string, ScreenLook['dim']])[] = [
    ['packets/s', whole(total.packets), TOTAL.packets, look.accent],
    ['traffic', bits(total.bytes), TOTAL.bytes, look.accent],
    ['conns/s', whole(total.conns), TOTAL.conns, look.accent],
    ['drops/s', short(dropRate), TOTAL.drops, dropRate > 0 ? look.bad : look.dim],
  ]
  const { more } = look.signs
  return rows.map(([label, value, key, paint]) => {
    const strokes = spark(history.of.get(key) ?? [], cells, look.signs)
    return `${look.dim(exactly(label, LABEL, more))}${look.bold(exactly(value, VALUE, more, true))}  ${paint(strokes)}`
  })
}

/** 'tables   conn4 ███······· 31%  conn6 ·········· 0%  …' */
function tablesLine(tables: readonly TableRow[], columns: number, look: ScreenLook): string {
  const { label, room, gap } = labelled('tables', columns)
  const bare = tables.map((table) => `${table.name} ${percent(fill(table))}`).join(gap)
  const cells = Math.min(12, Math.floor((room - bare.length) / Math.max(1, tables.length)) - 1)
  const barred = cells >= 3
  const drawn = tables.map((table) => {
    const strokes = barred ? ` ${bar(fill(table), cells, look.signs)}` : ''
    const paint = fill(table) > 0.9 ? look.bad : fill(table) > 0.7 ? look.warn : look.good
    return `${table.name}${paint(strokes)} ${percent(fill(table))}`
  })
  return `${look.dim(label)} ${bare.length <= room ? drawn.join(gap) : clip(bare, room, look.signs.more)}`
}

function fill({ entries, capacity }: TableRow): number {
  return capacity > 0 ? entries / capacity : 0
}

/** Reasons of all services together, the fastest first; a line or, on a high screen, up to five. */
function dropsLines({ drops }: Data, { columns, rows }: Size, look: ScreenLook): readonly string[] {
  const reasons = new Map<string, { rate: number; packets: number }>()
  for (const { row, rate, left } of drops) {
    if (left) continue
    const sum = reasons.get(row.reason) ?? { rate: 0, packets: 0 }
    reasons.set(row.reason, { rate: sum.rate + rate, packets: sum.packets + row.packets })
  }
  const most = !Number.isFinite(rows) ? 8 : rows >= 32 ? 5 : rows >= 18 ? 2 : 1
  const worst = [...reasons].sort(([, a], [, b]) => b.rate - a.rate || b.packets - a.packets).slice(0, most)
  const { label, room, gap } = labelled('drops', columns)
  const before = (i: number) => look.dim(i === 0 ? label : ' '.repeat(label.length))
  if (worst.length === 0) return [`${before(0)} ${look.dim('none')}`]
  return worst.map(([reason, { rate, packets }], i) => {
    const text = `${reason}${gap}${short(rate)}/s${gap}${count(packets)} in all`
    return `${before(i)} ${(rate > 0 ? look.bad : look.dim)(clip(text, room, look.signs.more))}`
  })
}

/** Below the gauges, at the right: how long ago their left end was. */
function spanLine({ history }: State, columns: number, look: ScreenLook): string {
  const covered = Math.round(span(history, sparkCells(columns)) / 1_000)
  return covered < 1 ? '' : look.dim(exactly(`the last ${duration(covered)}`, columns, '', true))
}

function sparkCells(columns: number): number {
  return Math.min(KEPT, columns - LABEL - VALUE - 2)
}

/** On a narrow screen what stands behind a label is nearer to it. */
function labelled(word: string, columns: number) {
  const narrow = columns < 60
  const label = narrow ? word : exactly(word, LABEL, '')
  return { label, room: columns - label.length - 1, gap: narrow ? ' ' : '  ' }
}
