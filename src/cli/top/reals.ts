// SPDX-License-Identifier: Apache-2.0
// Inside one service: its real servers with what each gets beside what its weight entitles it to, and all about the one
// under the cursor. Pure.
import { duration } from '../numbers.js'
import { hopText } from '../views/services.js'
import { standingText } from '../views/standing.js'
import { cellsOf, clean, clip, exactly } from './cells.js'
import { bits, percent, short, time, whole } from './figures.js'
import type { Size } from './frame.js'
import type { Handshakes } from './handshakes.js'
import { listing } from './listing.js'
import type { ScreenLook } from './look.js'
import { ordered, placeOf } from './order.js'
import { nameOf, realsColumns, timesOf, weightText } from './reals-columns.js'
import type { RealLine, ServiceLine } from './sample.js'
import { outText, upOf } from './services.js'
import type { State } from './state.js'
import { spark } from './strokes.js'

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
    { list: 'reals', lines, columns: realsColumns(state, look), nothing: 'it has no real server' },
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
  const up = `${upOf(row)} of ${row.reals} up${out ? `, ${out}` : ''}`
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
