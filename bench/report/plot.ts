// SPDX-License-Identifier: Apache-2.0
// One plot as SVG, made by hand: both axes logarithmic, a line per series, its name at its end. Readable on light and dark.

export interface Line {
  readonly name: string
  /** x, y and how far half of the rounds lie apart; x and y above 0 */
  readonly points: readonly (readonly [x: number, y: number, spread: number])[]
  readonly dashed?: boolean
}

export interface Plot {
  readonly title: string
  readonly xLabel: string
  readonly lines: readonly Line[]
  readonly tick: (x: number) => string
}

export const WIDTH = 784
export const HEIGHT = 420
const [LEFT, RIGHT, TOP, BOTTOM] = [56, 174, 40, 52]
const INNER = { width: WIDTH - LEFT - RIGHT, height: HEIGHT - TOP - BOTTOM }
/** Names stand no closer, px. */
const APART = 13
const COLOURS = 8

type Scale = (value: number) => number

/** As a group of its own, `down` px from the top. Nothing without points. */
export function plotSvg(plot: Plot, down = 0): string {
  const points = plot.lines.flatMap((line) => line.points)
  if (points.length === 0) return ''
  const x = scale(
    points.map(([value]) => value),
    LEFT,
    LEFT + INNER.width,
  )
  const ys = points.flatMap(([, y, spread]) => [y, y + spread / 2])
  const y = scale([decadeBelow(Math.min(...ys)), Math.max(...ys) * 1.1], TOP + INNER.height, TOP)
  return [
    `<g transform="translate(0 ${down})">`,
    `<text class="title" x="${LEFT}" y="20">${escapeXml(plot.title)}</text>`,
    ...yGrid(y, decadeBelow(Math.min(...ys)), Math.max(...ys) * 1.1),
    ...xGrid(plot, x, [...new Set(points.map(([value]) => value))]),
    ...plot.lines.flatMap((line, i) => drawn(line, i, x, y)),
    ...names(plot.lines, y),
    '</g>',
  ].join('\n')
}

function scale(values: readonly number[], from: number, to: number): Scale {
  const [low, high] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))]
  if (high === low) return () => (from + to) / 2
  return (value) => Number((from + ((Math.log(value) - low) / (high - low)) * (to - from)).toFixed(1))
}

/** The 1, 2 or 5 of its decade that is not above. */
export function decadeBelow(value: number): number {
  const decade = 10 ** Math.floor(Math.log10(value))
  return ([5, 2, 1].find((step) => step * decade <= value) ?? 1) * decade
}

export function ticksBetween(low: number, high: number): readonly number[] {
  const ticks: number[] = []
  for (let decade = 10 ** Math.floor(Math.log10(low)); decade <= high; decade *= 10) {
    ticks.push(...[1, 2, 5].map((step) => step * decade))
  }
  return ticks.filter((tick) => tick >= low && tick <= high)
}

function yGrid(y: Scale, low: number, high: number): readonly string[] {
  return ticksBetween(low, high).map((tick) => {
    const label = Number(tick.toPrecision(2)).toLocaleString('en')
    return `<path class="grid" d="M${LEFT} ${y(tick)}h${INNER.width}"/><text class="end" x="${LEFT - 8}" y="${y(tick) + 4}">${label}</text>`
  })
}

function xGrid({ xLabel, tick }: Plot, x: Scale, values: readonly number[]): readonly string[] {
  const bottom = TOP + INNER.height
  const ticks = values.map((value) => {
    return `<path class="grid" d="M${x(value)} ${TOP}v${INNER.height}"/><text class="middle" x="${x(value)}" y="${bottom + 18}">${escapeXml(tick(value))}</text>`
  })
  const label = `<text class="middle" x="${LEFT + INNER.width / 2}" y="${bottom + 40}">${escapeXml(xLabel)}</text>`
  return [...ticks, label]
}

function drawn({ points, dashed }: Line, index: number, x: Scale, y: Scale): readonly string[] {
  const colour = `c${index % COLOURS}`
  const path = points.map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${x(px)} ${y(py)}`).join('')
  const floor = (value: number, other: number) => Math.max(value, other / 2)
  const bars = points.map(([px, py, spread]) => {
    return `<path class="bar ${colour}" d="M${x(px)} ${y(floor(py - spread / 2, py))}V${y(py + spread / 2)}"/>`
  })
  const dots = points.map(([px, py]) => `<circle class="dot ${colour}" cx="${x(px)}" cy="${y(py)}" r="3"/>`)
  return [`<path class="line ${colour}${dashed ? ' dashed' : ''}" d="${path}"/>`, ...bars, ...dots]
}

/** At the ends of the lines, pushed apart from above to below. */
function names(lines: readonly Line[], y: Scale): readonly string[] {
  const ends = lines.flatMap(({ name, points }, index) => {
    const last = points.at(-1)
    return last ? [{ name, index, at: y(last[1]) }] : []
  })
  let lowest = Number.NEGATIVE_INFINITY
  const spaced = ends
    .sort((a, b) => a.at - b.at)
    .map((end) => {
      lowest = Math.max(end.at, lowest + APART)
      return { ...end, at: lowest }
    })
  const over = Math.max(0, lowest - (TOP + INNER.height + BOTTOM - 8))
  return spaced.map(({ name, index, at }) => {
    const left = LEFT + INNER.width + 10
    return `<text class="name c${index % COLOURS}" x="${left}" y="${(at - over + 4).toFixed(1)}">${escapeXml(name)}</text>`
  })
}

export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
