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

/** The answer in a line for each: what balancing takes IPVS, as a multiple of what it takes xlvs. */
export function answerOf(rows: readonly Row[]): string {
  const among = (wanted: readonly Row[]) => {
    const ratios = wanted.map(({ ratios }) => ratios.beyond)
    return [...new Set([Math.min(...ratios), Math.max(...ratios)].map(times))].join(' to ')
  }
  const [known, fresh] = [false, true].map((wanted) =>
    among(rows.filter(({ traffic }) => (traffic === 'new flows') === wanted)),
  )
  return [
    `balancing a packet of a known flow takes IPVS ${known} times the instructions of xlvs (target: 5)`,
    `balancing the first packet of a flow takes IPVS ${fresh} times the instructions of xlvs (target: 5)`,
  ].join('\n')
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
