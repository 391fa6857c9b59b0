// SPDX-License-Identifier: Apache-2.0
// The list of services: what comes in, what is held, who of their real servers is in, what is dropped. Pure.
import type { ServiceRow } from '../../api/contract.js'
import { clean } from './cells.js'
import { short } from './figures.js'
import type { Size } from './frame.js'
import { type Column, widest } from './grid.js'
import { listing } from './listing.js'
import type { ScreenLook, Signs } from './look.js'
import { ordered } from './order.js'
import type { ServiceLine } from './sample.js'
import type { State } from './state.js'
import { spark } from './strokes.js'

export function servicesBody(state: State, size: Size, look: ScreenLook): readonly string[] {
  const lines = ordered(state, 'services')
  const columns = servicesColumns(state, look)
  const nothing = 'there is no service; xlvs add service VIP:PORT --to REALS'
  return listing(state, { list: 'services', lines, columns, nothing }, size, look)
}

function servicesColumns(state: State, { signs }: ScreenLook): readonly Column<ServiceLine>[] {
  const lines = state.data?.services ?? []
  const keys = lines.map(({ key }) => key)
  return [
    {
      title: 'SERVICE',
      width: widest(keys, 16, 46),
      least: 12,
      sort: 'name',
      text: ({ key }) => key,
      paint: (_, look) => look.bold,
    },
    ...nameColumn(lines, signs),
    { title: 'SCHED', width: 5, spare: 6, text: ({ row }) => row.scheduler },
    { title: 'UP', width: 5, right: true, spare: 5, sort: 'state', text: upText, paint: paintUp },
    { title: 'OUT', width: 20, spare: 10, text: ({ row }) => outText(row), paint: (_, look) => look.warn },
    ...NUMBERS,
    {
      title: 'PACKETS/S LATELY',
      brief: 'LATELY',
      past: true,
      width: 8,
      grow: 60,
      spare: 3,
      text: ({ key }, cells) => spark(state.history.of.get(key) ?? [], cells, signs),
      paint: (_, look) => look.accent,
    },
  ]
}

/** Only where somebody has one. */
function nameColumn(lines: readonly ServiceLine[], { unicode }: Signs): readonly Column<ServiceLine>[] {
  const named = lines.flatMap(({ row }) => (row.name === undefined ? [] : [clean(row.name, unicode)]))
  if (named.length === 0) return []
  return [{ title: 'NAME', width: widest(named, 4, 24), spare: 8, text: ({ row }) => row.name ?? '' }]
}

const NUMBERS: readonly Column<ServiceLine>[] = [
  number('PKT/S', 'packets', ({ speed }) => speed.packets),
  number('CONN/S', 'conns', ({ speed }) => speed.conns, 3),
  number('BIT/S', 'bits', ({ speed }) => speed.bytes * 8, 7),
  number('ACTIVE', 'active', ({ row }) => row.active, 1),
  number('INACT', 'inactive', ({ row }) => row.inactive, 4),
  {
    ...number('DROP/S', 'drops', ({ drops }) => drops, 2),
    paint: ({ drops }, look) => (drops > 0 ? look.bad : look.dim),
  },
]

function number(
  title: string,
  sort: NonNullable<Column<ServiceLine>['sort']>,
  value: (line: ServiceLine) => number,
  spare?: number,
): Column<ServiceLine> {
  return {
    title,
    width: title.length + 1,
    right: true,
    sort,
    ...(spare !== undefined && { spare }),
    text: (line) => short(value(line)),
  }
}

/** '2/3' */
function upText({ row }: ServiceLine): string {
  return `${upOf(row)}/${row.reals}`
}

function paintUp({ row }: ServiceLine, look: ScreenLook) {
  if (row.down > 0 || row.reals === 0) return look.bad
  return row.drained + row.quiesced > 0 ? look.warn : look.good
}

type Outs = Pick<ServiceRow, 'down' | 'drained' | 'quiesced'>

/** Real servers that get new connections. */
export function upOf({ reals, down, drained, quiesced }: Outs & Pick<ServiceRow, 'reals'>): number {
  return reals - down - drained - quiesced
}

/** '1 down, 2 drained, 1 quiesced' */
export function outText(outs: Outs): string {
  return (['down', 'drained', 'quiesced'] as const)
    .filter((why) => outs[why] > 0)
    .map((why) => `${outs[why]} ${why}`)
    .join(', ')
}
