// SPDX-License-Identifier: Apache-2.0
// The whole screen as lines, none wider than the screen: a title, the view, and the keys. Pure.

import { duration } from '../numbers.js'
import { cellsOf, clean, clip, exactly, wrap } from './cells.js'
import { dropsBody } from './drops.js'
import { seconds } from './figures.js'
import { helpBody } from './help.js'
import { NO_HISTORY } from './history.js'
import type { ScreenLook } from './look.js'
import { overviewBody } from './overview.js'
import { realsBody } from './reals.js'
import { servicesBody } from './services.js'
import { listOf, type State, type View } from './state.js'

export interface Size {
  readonly columns: number
  readonly rows: number
}

/** Below it nothing useful fits. */
export const LEAST: Size = { columns: 40, rows: 10 }

/** Draws into a place: at most that many lines, none wider. */
export type Body = (state: State, size: Size, look: ScreenLook) => readonly string[]

const BODIES: Readonly<Record<View, Body>> = {
  overview: overviewBody,
  services: servicesBody,
  drops: dropsBody,
  reals: realsBody,
}

export function fits({ columns, rows }: Size): boolean {
  return columns >= LEAST.columns && rows >= LEAST.rows
}

export function tooSmall({ columns, rows }: Size): string {
  return `xlvs top needs ${LEAST.columns} columns and ${LEAST.rows} lines; here are ${columns} and ${rows}`
}

/** Lines from the top; what is below them is empty. */
export function render(state: State, size: Size, look: ScreenLook): readonly string[] {
  const { columns, rows } = size
  if (!fits(size)) return wrap(tooSmall(size), columns, rows, '').map((line) => clip(line, columns, ''))
  const head = [titleLine(state, columns, look), ...staleLine(state, columns, look)]
  const foot = footLine(state, columns, look)
  const room = { columns, rows: rows - head.length - 1 }
  const body = (state.help ? helpBody : BODIES[state.view])(state, room, look).slice(0, room.rows)
  const blank = Array.from({ length: Math.max(0, room.rows - body.length) }, () => '')
  return [...head, ...body, ...blank, foot]
}

/** The same for a file or a pipe: no cursor, no keys, no past, as long as it needs to be. */
export function page(state: State, columns: number, look: ScreenLook): readonly string[] {
  const size = { columns, rows: Number.POSITIVE_INFINITY }
  const now = { ...state, history: NO_HISTORY, realHistory: NO_HISTORY }
  const lines = [titleLine(now, columns, look), ...BODIES[state.view](now, size, look)]
  return lines.map((line) => line.trimEnd())
}

function titleLine(state: State, columns: number, look: ScreenLook): string {
  const { dot, unicode, more } = look.signs
  const where = state.view === 'reals' ? (state.service ?? '') : state.view
  const left = `xlvs top ${dot} ${clean(where, unicode)}`
  const condition = state.paused ? 'PAUSED' : state.lost ? 'STALE' : `every ${seconds(state.interval)}`
  const clock = state.data?.sample.clock ?? ''
  const long = [clock, condition].filter((word) => word !== '').join(`  `)
  const right = cellsOf(left) + long.length + 2 <= columns ? long : condition
  const room = Math.max(0, columns - right.length - 1)
  const paint = state.paused || state.lost ? look.warn : look.dim
  return `${look.bold(exactly(left, room, more))} ${paint(right)}`
}

function staleLine({ lost, now, paused }: State, columns: number, look: ScreenLook): readonly string[] {
  if (!lost || paused) return []
  const { more, unicode } = look.signs
  const age = duration((now - lost.since) / 1_000)
  return [look.bad(clip(`stale for ${age}: ${clean(lost.reason, unicode)}; trying on`, columns, more))]
}

const LISTS = [
  '? help',
  'q quit',
  'Enter real servers',
  '/ filter',
  's sort',
  'Tab view',
  'p pause',
  '+- pace',
]
const KEYS: Readonly<Record<View, readonly string[]>> = {
  overview: LISTS,
  services: LISTS,
  drops: LISTS,
  reals: ['? help', 'q quit', 'Esc back', '/ filter', 's sort', 'r reverse', 'p pause', '+- pace'],
}

/** What is typed, or the filter that is set, or as many keys as there is room for. */
function footLine(state: State, columns: number, look: ScreenLook): string {
  const { more, unicode } = look.signs
  const { filter, sort } = state.lists[listOf(state.view)]
  if (state.help) return look.dim(clip('any key: back', columns, more))
  if (state.typing !== undefined) {
    const told = '   Enter keeps, Esc clears'
    const text = `/${clean(filter, unicode)}_`
    return cellsOf(text) + told.length <= columns
      ? `${look.bold(text)}${look.dim(told)}`
      : look.bold(tail(text, columns))
  }
  const set = filter === '' ? [] : [`filter "${clean(filter, unicode)}"`]
  const words = [...set, ...KEYS[state.view].map((word) => (word === 's sort' ? `s sort: ${sort}` : word))]
  let line = ''
  for (const word of words) {
    const longer = line === '' ? word : `${line}  ${word}`
    if (cellsOf(longer) <= columns) line = longer
  }
  return look.dim(line)
}

/** The end of what is typed is what is looked at. */
function tail(text: string, cells: number): string {
  let kept = ''
  for (const sign of [...text].reverse()) {
    if (cellsOf(sign + kept) > cells) break
    kept = sign + kept
  }
  return kept
}
