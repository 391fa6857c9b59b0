// SPDX-License-Identifier: Apache-2.0
// Shares per real server as bars. Pure.
import type { Canvas } from './paint.js'
import type { Report } from './traffic/report.js'

export interface Weighted {
  readonly name: string
  readonly weight: number
}

/** What each one got, and what its weight entitles it to, both of 1. */
export function shares(reals: readonly Weighted[], by: Report['by']): { got: number; wanted: number }[] {
  const answered = reals.reduce((sum, real) => sum + (by[real.name] ?? 0), 0)
  const weights = reals.reduce((sum, real) => sum + real.weight, 0)
  return reals.map((real) => ({
    got: (by[real.name] ?? 0) / Math.max(1, answered),
    wanted: real.weight / Math.max(1, weights),
  }))
}

/** A line per real server and one for all. */
export function barLines(reals: readonly Weighted[], report: Report, canvas: Canvas): string[] {
  const parts = shares(reals, report.by)
  const lines = reals.map(({ name, weight }, i) => {
    const { got = 0, wanted = 0 } = parts[i] ?? {}
    const shade = canvas.shades[i % canvas.shades.length] ?? canvas.shades[0]
    const label = `  ${name.padEnd(5)} weight ${String(weight).padEnd(3)}`
    const count = `${percent(got)} of ${percent(wanted).trimStart().padEnd(7)} ${String(report.by[name] ?? 0).padStart(7)}`
    const width = canvas.columns - label.length - count.length - 2
    return `${label} ${shade(bar(got, width))} ${count}`
  })
  return [...lines, totalLine(report, canvas)]
}

/** The same in one line, for output that is kept. */
export function plainLine(reals: readonly Weighted[], report: Report): string {
  const parts = shares(reals, report.by)
  const each = reals.map(({ name }, i) => `${name} ${percent(parts[i]?.got ?? 0)}`)
  return `  ${each.join('  ')}  ${report.done} requests, ${report.failed} failed`
}

function totalLine(report: Report, { dim, bad, good }: Canvas): string {
  const rate = report.t > 0 ? Math.round((report.done * 1000) / report.t) : 0
  const failed = `${report.failed} failed`
  return `  ${report.done} requests  ${dim(`${rate}/s`)}  ${report.failed > 0 ? bad(failed) : good(failed)}`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1).padStart(5)} %`
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** `width` characters, of which `share` is filled, to an eighth of one. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8)
  const filled = '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '')
  return filled.padEnd(width)
}
