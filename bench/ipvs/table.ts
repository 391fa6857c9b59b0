// SPDX-License-Identifier: Apache-2.0
// The rows for people: a table for the terminal.

import { type Row, share } from './figures.js'
import { CASES } from './plan.js'

const WIDTHS = [9, 14, 7, 7, 7, 7, 14, 7, 14, 7, 7] as const
const HEAD = ['sender', 'traffic', ...CASES, '- stop', '', '- swap', '', 'whole']
const NAMES = ['', '', '', '', '', '', 'xlvs:ipvs', 'ratio', 'xlvs:ipvs', 'ratio', 'ratio']

export function tableOf(rows: readonly Row[]): string {
  return [HEAD, NAMES, ...rows.map(cells)].map(lineOf).join('\n')
}

function cells({ sender, traffic, perPacket, ratios }: Row): readonly string[] {
  const pair = (ratio: 'arrived' | 'beyond') =>
    `${whole(share(perPacket, 'xlvs', ratio))}:${whole(share(perPacket, 'ipvs', ratio))}`
  return [
    sender,
    traffic,
    ...CASES.map((director) => whole(perPacket[director].median)),
    pair('arrived'),
    times(ratios.arrived),
    pair('beyond'),
    times(ratios.beyond),
    times(ratios.all),
  ]
}

function lineOf(texts: readonly string[]): string {
  const padded = texts.map((text, i) => (i < 2 ? text.padEnd(WIDTHS[i] ?? 0) : text.padStart(WIDTHS[i] ?? 0)))
  return padded.join('').trimEnd()
}

function whole(figure: number): string {
  return Math.round(figure).toString()
}

function times(ratio: number): string {
  return ratio.toFixed(1)
}
