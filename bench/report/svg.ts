// SPDX-License-Identifier: Apache-2.0
// The curves: cost over the number of flows and of services, and of a new flow over the number of real servers.
import type { ProgramName } from '../cases.js'
import { short } from '../cases-hit.js'
import { COUNTS, MEASURED, schedulerCase } from '../cases-new.js'
import { SERVICE_COUNTS } from '../cases-other.js'
import type { Report, Row } from '../results.js'
import { escapeXml, HEIGHT, type Line, type Plot, plotSvg, WIDTH } from './plot.js'

const FLOWS = [1, 2 ** 10, 2 ** 16, 2 ** 20, 2 ** 22, 10_000_000] as const
const NAMES = { xlvs: 'xlvs', floor: 'floor', control: 'LRU_HASH' } as const
const FOOT = 34

/** Okabe and Ito's colours, which the colour-blind can tell apart; their yellow and black follow the background. */
const STYLE = `
text { font: 12px system-ui, sans-serif; fill: #222 }
.title { font-weight: 600; font-size: 14px }
.end { text-anchor: end }
.middle { text-anchor: middle }
.grid { stroke: #8886; fill: none }
.line { fill: none; stroke-width: 2; stroke: currentColor }
.dashed { stroke-dasharray: 6 4 }
.bar { stroke: currentColor; stroke-width: 5; opacity: .35 }
.dot, .name { fill: currentColor }
.back { fill: #fff }
.c0 { color: #0072b2 } .c1 { color: #b34700 } .c2 { color: #00795a } .c3 { color: #a3538a }
.c4 { color: #2f7fb0 } .c5 { color: #8f6400 } .c6 { color: #6b6b00 } .c7 { color: #333 }
@media (prefers-color-scheme: dark) {
text { fill: #ddd } .name, .dot { fill: currentColor } .back { fill: #16181b }
.c0 { color: #56b4e9 } .c1 { color: #ff8a4c } .c2 { color: #2fc79a } .c3 { color: #e39ccb }
.c4 { color: #8fcdf2 } .c5 { color: #e6a93a } .c6 { color: #f0e442 } .c7 { color: #ccc }
}`

/** Empty where the rows hold nothing that makes a curve. */
export function toSvg({ header, rows }: Report): string {
  const byId = new Map(rows.map((row) => [row.id, row]))
  return drawing([overFlows(byId, 4), overFlows(byId, 6), overServices(byId), overReals(byId)], header)
}

/** Plots under each other, those without a curve left out. */
export function drawing(plots: readonly Plot[], { cpu, kernel, commit, date }: Report['header']): string {
  const drawn = plots.filter(({ lines }) => lines.some(({ points }) => points.length > 1))
  if (drawn.length === 0) return ''
  const height = drawn.length * HEIGHT + FOOT
  const about = `${cpu}; ${kernel.split(' ').slice(0, 2).join(' ')}; commit ${commit}; ${date.slice(0, 10)}`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${escapeXml(drawn.map(({ title }) => title).join('; '))}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="back" width="${WIDTH}" height="${height}"/>`,
    ...drawn.map((plot, i) => plotSvg(plot, i * HEIGHT)),
    `<text x="16" y="${height - 12}">${escapeXml(about)}</text>`,
    '</svg>\n',
  ].join('\n')
}

type Point = Line['points'][number]

function pointOf(row: Row | undefined, program: ProgramName, x: number): readonly Point[] {
  const cell = row?.cells[program]
  return cell && cell.value > 0 ? [[x, cell.value, cell.high - cell.low]] : []
}

function overFlows(rows: ReadonlyMap<string, Row>, family: 4 | 6): Plot {
  const lines = (['xlvs', 'floor', 'control'] as const).map((program): Line => {
    const points = FLOWS.flatMap((flows) =>
      pointOf(rows.get(`hit/v${family}/tcp/${short(flows)}`), program, flows),
    )
    return { name: NAMES[program], points, dashed: program !== 'xlvs' }
  })
  const title = `Packet of a known IPv${family} flow, ns beyond the harness`
  return { title, xLabel: 'flows that take turns', lines, tick: short }
}

function overServices(rows: ReadonlyMap<string, Row>): Plot {
  const kinds = [
    ['known flow', 'hit'],
    ['not for a VIP', 'miss'],
    ['first packet', 'new'],
  ] as const
  const lines = kinds.map(([name, kind]): Line => {
    const points = SERVICE_COUNTS.flatMap((count) =>
      pointOf(rows.get(`services/${kind}/${count}`), 'xlvs', count),
    )
    return { name, points }
  })
  const title = 'Packets among many services, ns beyond the harness'
  return { title, xLabel: 'services', lines, tick: (x) => x.toLocaleString('en') }
}

function overReals(rows: ReadonlyMap<string, Row>): Plot {
  const lines = MEASURED.map((scheduler, i): Line => {
    const points = COUNTS.flatMap((count) =>
      pointOf(rows.get(schedulerCase(scheduler, count)), 'xlvs', count),
    )
    return { name: scheduler, points, dashed: i >= 8 }
  })
  const title = 'First packet of a flow by scheduler, ns beyond the harness'
  return { title, xLabel: 'real servers', lines, tick: (x) => x.toLocaleString('en') }
}
