// SPDX-License-Identifier: Apache-2.0
// From one frame to the next in the fewest writes: only lines that changed are sent, in one synchronized piece. Pure.

import { cellsOf } from './cells.js'

/** Terminals that know of it show the frame at once; others ignore it. */
const BEGIN = '\x1b[?2026h'
const END = '\x1b[?2026l'

/** '' when nothing changed. Without a frame before, the screen is cleared first. */
export function changes(
  before: readonly string[] | undefined,
  now: readonly string[],
  columns: number,
): string {
  const lines = Math.max(before?.length ?? 0, now.length)
  let text = before === undefined ? '\x1b[0m\x1b[2J' : ''
  for (let i = 0; i < lines; i++) {
    const line = now[i] ?? ''
    if (line === (before === undefined ? '' : (before[i] ?? ''))) continue
    text += `\x1b[${i + 1};1H${line}\x1b[0m${visible(line) < columns ? '\x1b[K' : ''}`
  }
  return text === '' ? '' : `${BEGIN}${text}${END}`
}

/** Cells of a painted line. A full one leaves the cursor on its last cell, which must not be cleared. */
export function visible(line: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: paints are control sequences
  return cellsOf(line.replace(/\x1b\[[0-9;]*m/g, ''))
}
