// SPDX-License-Identifier: Apache-2.0
// What ended badly or was left to this host, for what reason and in which service, and what that means. Pure.
import { count } from '../numbers.js'
import { clean, wrap } from './cells.js'
import { short } from './figures.js'
import type { Size } from './frame.js'
import { type Column, widest } from './grid.js'
import { listing } from './listing.js'
import type { ScreenLook } from './look.js'
import { ordered, placeOf } from './order.js'
import type { DropLine } from './sample.js'
import type { State } from './state.js'
import { spark } from './strokes.js'

/** Lines of what a reason means. */
const ABOUT = 4

export function dropsBody(state: State, size: Size, look: ScreenLook): readonly string[] {
  const lines = ordered(state, 'drops')
  const columns = columnsOf(state, look)
  const about = Number.isFinite(size.rows) ? aboutLines(state, lines, size.columns, look) : []
  const gap = about.length > 0 ? [''] : []
  const rest = { columns: size.columns, rows: size.rows - about.length - gap.length }
  const list = listing(state, { list: 'drops', lines, columns, nothing: 'nothing was dropped' }, rest, look)
  const fill = about.length > 0 ? Array.from({ length: Math.max(0, rest.rows - list.length) }, () => '') : []
  return [...list, ...fill, ...gap, ...about]
}

function columnsOf(state: State, { signs }: ScreenLook): readonly Column<DropLine>[] {
  const lines = state.data?.drops ?? []
  const service = ({ row }: DropLine) => row.service ?? '-'
  return [
    {
      title: 'REASON',
      width: widest(
        lines.map(({ row }) => row.reason),
        16,
        40,
      ),
      least: 14,
      sort: 'name',
      text: ({ row }) => row.reason,
      paint: ({ rate, left }, look) => (rate > 0 && !left ? look.bad : look.dim),
    },
    { title: 'SERVICE', width: widest(lines.map(service), 7, 46), spare: 2, text: service },
    { title: 'PKT/S', width: 6, right: true, sort: 'packets', text: ({ rate }) => short(rate) },
    {
      title: 'PACKETS',
      width: 8,
      right: true,
      spare: 1,
      sort: 'count',
      text: ({ row }) => count(row.packets),
    },
    {
      title: 'PACKETS/S LATELY',
      brief: 'LATELY',
      past: true,
      width: 8,
      grow: 60,
      spare: 3,
      text: ({ key }, cells) => spark(state.history.of.get(`! ${key}`) ?? [], cells, signs),
      paint: ({ left }, look) => (left ? look.dim : look.bad),
    },
  ]
}

function aboutLines(
  state: State,
  lines: readonly DropLine[],
  columns: number,
  look: ScreenLook,
): readonly string[] {
  const line = lines[placeOf(lines, state.lists.drops).index]
  if (!line || line.row.about === '') return []
  const { unicode, more } = look.signs
  return wrap(`${line.row.reason}: ${clean(line.row.about, unicode)}`, columns, ABOUT, more)
}
