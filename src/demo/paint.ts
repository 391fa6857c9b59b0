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

export function canvasOf(
  stream: { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined },
  env: { readonly NO_COLOR?: string | undefined; readonly TERM?: string | undefined },
): Canvas {
  const live = stream.isTTY === true && env.TERM !== 'dumb'
  const sgr = live && !env.NO_COLOR ? coloured : plain
  return {
    live,
    columns: Math.max(60, Math.min(80, stream.columns || 80)),
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
