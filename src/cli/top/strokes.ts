// SPDX-License-Identifier: Apache-2.0
// Numbers as strokes: what was over time, and a share beside what it should be. Pure.
import type { Signs } from './look.js'

/** The last `cells` values from 0 to their highest, the newest at the right; blank where nothing is known. */
export function spark(values: readonly number[], cells: number, { heights }: Signs): string {
  const shown = values.slice(-Math.max(0, cells))
  if (cells <= 0) return ''
  const highest = Math.max(0, ...shown.filter((value) => !Number.isNaN(value)))
  const steps = heights.length - 1
  const strokes = shown.map((value) => {
    if (Number.isNaN(value)) return ' '
    if (value <= 0 || highest <= 0) return heights[0]
    return heights[Math.max(1, Math.round((value / highest) * steps))] ?? heights[0]
  })
  return strokes.join('').padStart(cells)
}

/** A bar of `part` (0..1), with a mark where `wanted` ends. */
export function bar(part: number, cells: number, signs: Signs, wanted?: number): string {
  const { fills, empty, mark } = signs
  const units = fills.length
  const filled = Math.round(within(part) * cells * units)
  const whole = Math.floor(filled / units)
  const rest = filled % units
  const strokes = Array.from({ length: cells }, (_, i) => {
    if (i < whole) return fills[units - 1] as string
    return i === whole && rest > 0 ? (fills[rest - 1] as string) : empty
  })
  if (wanted !== undefined && cells > 0)
    strokes[Math.min(cells - 1, Math.max(0, Math.round(within(wanted) * cells) - 1))] = mark
  return strokes.join('')
}

function within(part: number): number {
  return Number.isFinite(part) ? Math.min(1, Math.max(0, part)) : 0
}
