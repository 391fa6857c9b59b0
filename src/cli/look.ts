// SPDX-License-Identifier: Apache-2.0
// How output looks: its width and its colours. Colour only on a terminal and never against NO_COLOR.

type Paint = (text: string) => string

export interface Look {
  /** characters in a line; Infinity into a pipe */
  readonly columns: number
  readonly bold: Paint
  readonly dim: Paint
  readonly good: Paint
  readonly warn: Paint
  readonly bad: Paint
}

interface Stream {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

export interface LookEnv {
  readonly NO_COLOR?: string | undefined
  readonly TERM?: string | undefined
}

const none: Paint = (text) => text

export const PLAIN: Look = {
  columns: Number.POSITIVE_INFINITY,
  bold: none,
  dim: none,
  good: none,
  warn: none,
  bad: none,
}

const COLOURED = {
  bold: sgr(1),
  dim: sgr(2),
  good: sgr(32),
  warn: sgr(33),
  bad: sgr(31),
}

export function lookOf(stream: Stream, env: LookEnv): Look {
  if (!stream.isTTY) return PLAIN
  const columns = stream.columns || 80
  const colour = !env.NO_COLOR && env.TERM !== 'dumb'
  return colour ? { columns, ...COLOURED } : { ...PLAIN, columns }
}

function sgr(code: number): Paint {
  return (text) => (text === '' ? '' : `\x1b[${code}m${text}\x1b[0m`)
}
