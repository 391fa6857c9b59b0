// SPDX-License-Identifier: Apache-2.0
// Colours and the width of what is drawn on: colour only on a terminal and never against NO_COLOR.

type Paint = (text: string) => string

export interface Canvas {
  readonly live: boolean
  readonly columns: number
  readonly bold: Paint
  readonly dim: Paint
  readonly good: Paint
  readonly bad: Paint
  /** one per real server */
  readonly shades: readonly [Paint, ...Paint[]]
}

/** A line that does not fit would be broken, and what is drawn over it would be off. */
const NARROWEST = 60
const WIDEST = 80

export function canvasOf(
  stream: { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined },
  env: { readonly NO_COLOR?: string | undefined; readonly TERM?: string | undefined },
): Canvas {
  const columns = stream.columns || WIDEST
  const live = stream.isTTY === true && env.TERM !== 'dumb' && columns >= NARROWEST
  const sgr = live && !env.NO_COLOR ? coloured : plain
  return {
    live,
    columns: Math.max(NARROWEST, Math.min(WIDEST, columns)),
    bold: sgr(1),
    dim: sgr(2),
    good: sgr(32),
    bad: sgr(31),
    shades: [sgr(36), sgr(33), sgr(35)],
  }
}

function coloured(code: number): Paint {
  return (text) => `\x1b[${code}m${text}\x1b[0m`
}

function plain(): Paint {
  return (text) => text
}
