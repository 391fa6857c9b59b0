// SPDX-License-Identifier: Apache-2.0
// Inside one service: its real servers with what each gets beside what its weight entitles it to, and all about the one
// under the cursor. Pure.

import { duration } from '../numbers.js'
import { hopText } from '../views/services.js'
import { paintStanding, standingText } from '../views/standing.js'
import { cellsOf, clean, clip, exactly } from './cells.js'
import { bits, percent, short, time, whole } from './figures.js'
import type { Size } from './frame.js'
import { type Column, widest } from './grid.js'
import { type Handshakes, handshakes } from './handshakes.js'
import { listing } from './listing.js'
import type { ScreenLook } from './look.js'
import { ordered, placeOf } from './order.js'
import type { RealLine, ServiceLine } from './sample.js'
import { outText } from './services.js'
import type { SortName, State } from './state.js'
import { bar, spark } from './strokes.js'

export function realsBody(state: State, size: Size, look: ScreenLook): readonly string[] {
  const { data, service } = state
  const { more } = look.signs
  if (!data?.reals) return [look.dim(clip('waiting for the first answer', size.columns, more))]
  const line = data.services.find(({ key }) => key === service)
  if (!line) return [look.warn(clip(`there is no service ${service}; Esc leads back`, size.columns, more))]
  const lines = ordered(state, 'reals')
  const all = !Number.isFinite(size.rows)
  const roomy = size.rows >= 16
  const head = headLines(state, line, size.columns, look).slice(0, roomy ? 3 : 1)
  const details = size.rows >= 20 ? 4 : roomy ? 3 : 1
  const detail = all ? [] : detailLines(state, lines, size.columns, look).slice(0, details)
  const rest = { columns: size.columns, rows: size.rows - head.length - detail.length - (roomy ? 2 : 0) }
  const list = listing(
    state,
    { list: 'reals', lines, columns: columnsOf(state, look), nothing: 'it has no real server' },
    rest,
    look,
  )
  const gap = roomy ? [''] : []
  const fill = all ? [] : Array.from({ length: Math.max(0, rest.rows - list.length) }, () => '')
  return [...head, ...gap, ...list, ...fill, ...gap, ...detail]
}

function headLines(
  { data, history }: State,
  line: ServiceLine,
  columns: number,
  look: ScreenLook,
): readonly string[] {
  const { more, unicode } = look.signs
  const { row, speed, key } = line
  const out = outText(row)
  const name = row.name === undefined ? '' : `${clean(row.name, unicode)}  `
  const up = `${row.reals - row.down - row.drained} of ${row.reals} up${out ? `, ${out}` : ''}`
  const dropped = (data?.drops ?? []).filter(
    (drop) => drop.row.service === key && drop.rate > 0 && !drop.left,
  )
  const reasons = dropped.map((drop) => `${drop.row.reason} ${short(drop.rate)}/s`).join('  ')
  const first = clip(`${name}${row.scheduler}  ${up}  ${bits(speed.bytes)}`, columns, more)
  const rest = clip(`  ${reasons === '' ? 'no drops' : reasons}`, columns - cellsOf(first), more)
  const gauge = (label: string, value: number, of: string) => {
    const strokes = spark(history.of.get(of) ?? [], Math.max(0, columns - 25), look.signs)
    const figure = look.bold(exactly(whole(value), 12, more, true))
    return `${look.dim(exactly(label, 11, ''))}${figure}  ${look.accent(strokes)}`
  }
  return [
    `${look.bold(first)}${reasons === '' ? look.dim(rest) : look.bad(rest)}`,
    gauge('packets/s', speed.packets, key),
    gauge('conns/s', speed.conns, `${key} conns`),
  ]
}

function timesOf({ marks }: State, { key, row }: RealLine): Handshakes | undefined {
  return handshakes(row.latency, marks?.older.get(key))
}

function columnsOf(state: State, { signs }: ScreenLook): readonly Column<RealLine>[] {
  const lines = state.data?.reals ?? []
  const named = lines.flatMap(({ row }) => (row.name === undefined ? [] : [clean(row.name, signs.unicode)]))
  const standings = lines.map(({ row }) => standingText(row.standing))
  return [
    {
      title: 'REAL',
      width: widest(lines.map(nameOf), 13, 45),
      least: 11,
      sort: 'name',
      text: nameOf,
      paint: (_, look) => look.bold,
    },
    ...(named.length > 0
      ? [
          {
            title: 'NAME',
            width: widest(named, 4, 20),
            spare: 11,
            text: ({ row }: RealLine) => row.name ?? '',
          },
        ]
      : []),
    {
      title: 'STATE',
      width: widest(standings, 6, 16),
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

function shareColumns(signs: ScreenLook['signs']): readonly Column<RealLine>[] {
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

function numberColumns(): readonly Column<RealLine>[] {
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

/** All about the one under the cursor, whatever columns there was room for. */
function detailLines(
  state: State,
  lines: readonly RealLine[],
  columns: number,
  look: ScreenLook,
): readonly string[] {
  const line = lines[placeOf(lines, state.lists.reals).index]
  if (!line) return []
  const { more, unicode, dot } = look.signs
  const { row, speed, share, wanted } = line
  const name = row.name === undefined ? '' : ` ${row.name}`
  const facts = [
    `weight ${weightText(line)}`,
    `share ${percent(share)}, due ${percent(wanted)}`,
    `${short(speed.conns)} conns/s`,
    `${short(speed.packets)} packets/s`,
    bits(speed.bytes),
  ]
  const texts = [
    `${nameOf(line)}${name}: ${stateText(state, row)}`,
    facts.join(` ${dot} `),
    `next hop ${hopDetail(row)}`,
    handshakeText(timesOf(state, line)),
  ]
  return texts.map((text, i) => {
    const cut = clip(clean(text, unicode), columns, more)
    return i === 0 ? look.bold(cut) : look.dim(cut)
  })
}

function stateText({ data }: State, { standing }: RealLine['row']): string {
  if (standing === undefined) return 'of no file'
  const word = standing.reason === 'unchecked' ? 'nobody checks it' : standingText(standing)
  const since =
    standing.since === undefined
      ? ''
      : ` for ${duration(((data?.sample.time ?? 0) - standing.since) / 1_000)}`
  return `${word}${since}${standing.detail ? ` (${standing.detail})` : ''}`
}

function hopDetail({ nexthop }: RealLine['row']): string {
  return `${hopText(nexthop)}${nexthop.mac ? ` ${nexthop.mac}` : ''}${nexthop.why ? ` (${nexthop.why})` : ''}`
}

function handshakeText(times: Handshakes | undefined): string {
  if (!times) return 'handshakes: none timed yet'
  const { p50, p99, count, recent } = times
  return `handshake p50 ${time(p50)} p99 ${time(p99)} incl. the client's path, ${short(count)} ${recent ? 'lately' : 'in all'}`
}

/** With its port where that belongs to its name. */
function nameOf({ row }: RealLine): string {
  return row.real.slice(`${row.service} > `.length)
}

function weightText({ row }: RealLine): string {
  const { weight, effectiveWeight } = row
  return weight === effectiveWeight ? String(weight) : `${effectiveWeight} of ${weight}`
}

function paintWeight({ row }: RealLine, look: ScreenLook) {
  return row.effectiveWeight === 0 ? look.warn : (text: string) => text
}
