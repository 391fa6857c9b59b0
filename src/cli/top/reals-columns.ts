// SPDX-License-Identifier: Apache-2.0
// The columns of a service's real servers, and in which order they go when the screen is narrow. Pure.
import { hopText } from '../views/services.js'
import { paintStanding, standingText } from '../views/standing.js'
import { clean } from './cells.js'
import { percent, short, time } from './figures.js'
import { type Column, widest } from './grid.js'
import { type Handshakes, handshakes } from './handshakes.js'
import type { ScreenLook, Signs } from './look.js'
import type { RealLine } from './sample.js'
import type { SortName, State } from './state.js'
import { bar, spark } from './strokes.js'

type Columns = readonly Column<RealLine>[]

export function realsColumns(state: State, { signs }: ScreenLook): Columns {
  const lines = state.data?.reals ?? []
  return [
    {
      title: 'REAL',
      width: widest(lines.map(nameOf), 13, 45),
      least: 11,
      sort: 'name',
      text: nameOf,
      paint: (_, look) => look.bold,
    },
    ...nameColumn(lines, signs),
    ...standingColumns(lines),
    ...shareColumns(signs),
    ...numberColumns(),
    handshakeColumn('P50', 9, (line) => timesOf(state, line)?.p50),
    handshakeColumn('P99', 8, (line) => timesOf(state, line)?.p99, 'handshake'),
    {
      title: 'NEXT HOP',
      width: 12,
      spare: 12,
      text: ({ row }) => hopText(row.nexthop),
      paint: ({ row }, look) => (row.nexthop.state === 'unresolved' ? look.bad : look.dim),
    },
    {
      title: 'PACKETS/S LATELY',
      brief: 'LATELY',
      past: true,
      width: 14,
      grow: 50,
      spare: 13,
      text: ({ key }, cells) => spark(state.realHistory.of.get(key) ?? [], cells, signs),
      paint: (_, look) => look.accent,
    },
  ]
}

/** Only where somebody has one. */
function nameColumn(lines: readonly RealLine[], { unicode }: Signs): Columns {
  const named = lines.flatMap(({ row }) => (row.name === undefined ? [] : [clean(row.name, unicode)]))
  if (named.length === 0) return []
  return [{ title: 'NAME', width: widest(named, 4, 20), spare: 11, text: ({ row }) => row.name ?? '' }]
}

function standingColumns(lines: readonly RealLine[]): Columns {
  return [
    {
      title: 'STATE',
      width: widest(
        lines.map(({ row }) => standingText(row.standing)),
        6,
        16,
      ),
      sort: 'state',
      text: ({ row }) => standingText(row.standing),
      paint:
        ({ row }, look) =>
        (text) =>
          paintStanding(row.standing, text, look),
    },
    {
      title: 'WEIGHT',
      width: 7,
      right: true,
      spare: 4,
      sort: 'weight',
      text: weightText,
      paint: paintWeight,
    },
  ]
}

function shareColumns(signs: Signs): Columns {
  return [
    {
      title: 'SHARE',
      width: 6,
      right: true,
      spare: 3,
      sort: 'share',
      text: ({ share }) => percent(share),
    },
    {
      title: 'DUE',
      width: 5,
      right: true,
      spare: 6,
      text: ({ wanted }) => percent(wanted),
      paint: (_, look) => look.dim,
    },
    {
      title: `SHARE ${signs.mark} DUE`,
      brief: 'BAR',
      width: 8,
      grow: 24,
      spare: 2,
      text: ({ share, wanted }, cells) => bar(share ?? 0, cells, signs, wanted),
      paint: (_, look) => look.accent,
    },
  ]
}

function numberColumns(): Columns {
  const number = (
    title: string,
    sort: SortName,
    spare: number,
    value: (line: RealLine) => number,
  ): Column<RealLine> => ({
    title,
    width: title.length + 1,
    right: true,
    sort,
    ...(spare > 0 && { spare }),
    text: (line) => short(value(line)),
  })
  return [
    number('ACTIVE', 'active', 1, ({ row }) => row.active),
    number('INACT', 'inactive', 7, ({ row }) => row.inactive),
    number('CONN/S', 'conns', 5, ({ speed }) => speed.conns),
    number('PKT/S', 'packets', 0, ({ speed }) => speed.packets),
    number('BIT/S', 'bits', 10, ({ speed }) => speed.bytes * 8),
  ]
}

function handshakeColumn(
  title: string,
  spare: number,
  value: (line: RealLine) => number | undefined,
  sort?: SortName,
): Column<RealLine> {
  return {
    title,
    width: 6,
    right: true,
    spare,
    ...(sort && { sort }),
    text: (line) => time(value(line)),
  }
}

export function timesOf({ marks }: State, { key, row }: RealLine): Handshakes | undefined {
  return handshakes(row.latency, marks?.older.get(key))
}

/** With its port where that belongs to its name. */
export function nameOf({ row }: RealLine): string {
  return row.real.slice(`${row.service} > `.length)
}

export function weightText({ row }: RealLine): string {
  const { weight, effectiveWeight } = row
  return weight === effectiveWeight ? String(weight) : `${effectiveWeight} of ${weight}`
}

function paintWeight({ row }: RealLine, look: ScreenLook) {
  return row.effectiveWeight === 0 ? look.warn : (text: string) => text
}
