// SPDX-License-Identifier: Apache-2.0
// What was measured, for people: a table for the terminal, and the curve of loss over load.
import type { Machine } from '../machine.js'
import type { Line, Plot } from '../report/plot.js'
import { drawing } from '../report/svg.js'
import type { Point } from './measure.js'

export interface Series {
  readonly name: string
  readonly family: 4 | 6
  /** a crowd of bench/table/keys.ts */
  readonly crowd: string
  /** limit and ways */
  readonly connections: number
  readonly ways: number
  /** filled from empty, or the last of three turnovers at a steady load */
  readonly kind: 'filled' | 'turned over'
  readonly points: readonly Point[]
}

export interface OtherRule {
  readonly name: string
  /** by load in percent; shares, computed with a table in memory */
  readonly lost: readonly { readonly load: number; readonly filled: number; readonly turnedOver: number }[]
}

export interface TableReport {
  readonly version: 1
  readonly header: Machine
  readonly series: readonly Series[]
  readonly rules: readonly OtherRule[]
  readonly answer: Answer
}

export interface Answer {
  /** the issue's: share of the flows at `load` percent */
  readonly load: number
  readonly target: number
  /** the worst series of each kind */
  readonly filled: number
  readonly turnedOver: number | undefined
  readonly met: boolean
  /** established flows evicted, packets that strayed, over all series */
  readonly evicted: number
  readonly strayed: number
}

const [LOAD, TARGET] = [75, 1 / 10_000]

export function answerOf(series: readonly Series[]): Answer {
  const points = series.flatMap((each) => each.points)
  const worst = (kind: Series['kind']) => {
    const shares = series
      .filter((each) => each.kind === kind)
      .flatMap((each) => each.points.filter(({ load }) => load === LOAD))
      .map(({ lost, offered }) => lost / offered)
    return shares.length > 0 ? Math.max(...shares) : undefined
  }
  const [filled, turnedOver] = [worst('filled'), worst('turned over')]
  if (filled === undefined) throw new Error(`nothing was filled to ${LOAD} %`)
  const sum = (of: (point: Point) => number) => points.reduce((all, point) => all + of(point), 0)
  const met = Math.max(filled, turnedOver ?? 0) < TARGET
  return {
    load: LOAD,
    target: TARGET,
    filled,
    turnedOver,
    met,
    evicted: sum(({ evicted }) => evicted),
    strayed: sum(({ strayed }) => strayed),
  }
}

export function toText({ series, rules, answer }: TableReport): string {
  return [
    ...series.flatMap((each) => ['', titleOf(each), HEAD, ...each.points.map(lineOf)]),
    '',
    'other rules, computed: lost of a million flows, filled / turned over',
    ...rules.map(({ name, lost }) => {
      const cells = lost.map(({ load, filled, turnedOver }) => {
        return `${load} %: ${perMillion(filled)} / ${perMillion(turnedOver)}`
      })
      return `  ${name.padEnd(34)}${cells.map((cell) => cell.padEnd(22)).join('')}`.trimEnd()
    }),
    '',
    sentenceOf(answer),
  ].join('\n')
}

export function sentenceOf({ load, target, filled, turnedOver, evicted, strayed }: Answer): string {
  const judged = (share: number) => `${perMillion(share)} (${share < target ? 'met' : 'missed'})`
  const over = turnedOver === undefined ? '' : `, ${judged(turnedOver)} once it turned over`
  return [
    `at ${load} % load the target is that fewer than ${perMillion(target)} of a million flows find no room:`,
    `${judged(filled)} while the table filled${over}.`,
    `Established flows evicted: ${evicted}. Packets that went to another real server: ${strayed}.`,
  ].join(' ')
}

function titleOf({ name, connections, ways }: Series): string {
  return `${name}: limit ${connections.toLocaleString('en')}, ${ways.toLocaleString('en')} ways`
}

const WIDTHS = [6, 12, 10, 12, 12, 9, 10, 9, 9] as const
const HEAD = row([
  'load',
  'flows',
  'lost',
  'per million',
  'computed',
  'second',
  'computed',
  'evicted',
  'strayed',
])

function lineOf({ load, offered, lost, second, evicted, strayed, computed }: Point): string {
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`
  return row([
    `${load} %`,
    offered.toLocaleString('en'),
    lost.toLocaleString('en'),
    perMillion(lost / offered),
    perMillion(computed.lost),
    percent(second),
    percent(computed.second),
    String(evicted),
    String(strayed),
  ])
}

function row(cells: readonly string[]): string {
  return cells.map((cell, i) => cell.padStart(WIDTHS[i] ?? 0)).join('')
}

function perMillion(share: number): string {
  const parts = share * 1e6
  return parts > 0 && parts < 10 ? parts.toFixed(1) : Math.round(parts).toLocaleString('en')
}

/** Both kinds, each beside what was computed; loads where nothing was lost have no place on a logarithmic axis. */
export function toSvg({ header, series }: TableReport): string {
  const shown = series.filter(({ crowd }) => crowd === 'random')
  const measured = shown.map(({ name, points }): Line => {
    return { name, points: points.flatMap(({ load, lost, offered }) => place(load, lost / offered)) }
  })
  const kinds = ['filled', 'turned over'] as const
  const computed = kinds.flatMap((kind): readonly Line[] => {
    const first = shown.find((each) => each.kind === kind)
    if (!first) return []
    const points = first.points.flatMap(({ load, computed }) => place(load, computed.lost))
    return [{ name: `${kind}, computed`, points, dashed: true }]
  })
  const plot: Plot = {
    title: 'Flows that find no room in the connection table, of a million',
    xLabel: 'flows for 100 ways',
    lines: [...measured, ...computed],
    tick: String,
  }
  return drawing([plot], header)
}

function place(load: number, share: number): Line['points'] {
  return share > 0 ? [[load, share * 1e6, 0]] : []
}
