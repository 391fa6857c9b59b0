// SPDX-License-Identifier: Apache-2.0
// How the screen is drawn: paints, and signs for terminals with and without UTF-8.
import { type Look, type LookEnv, PLAIN } from '../look.js'

export interface Signs {
  readonly unicode: boolean
  /** nothing, then rising */
  readonly heights: readonly [string, ...string[]]
  /** a cell filled by eighths, the last one whole */
  readonly fills: readonly [string, ...string[]]
  readonly empty: string
  /** where the weight says that the bar should end */
  readonly mark: string
  readonly cursor: string
  readonly falling: string
  readonly rising: string
  readonly more: string
  readonly dot: string
  readonly arrows: string
}

export interface ScreenLook extends Look {
  readonly accent: (text: string) => string
  readonly selected: (text: string) => string
  readonly signs: Signs
}

const UNICODE: Signs = {
  unicode: true,
  heights: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
  fills: ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'],
  empty: '·',
  mark: '┃',
  cursor: '▸',
  falling: '▾',
  rising: '▴',
  more: '…',
  dot: '·',
  arrows: '↑↓',
}

const ASCII: Signs = {
  unicode: false,
  heights: ['_', '.', ':', '-', '=', '+', '*', '#'],
  fills: ['#'],
  empty: '.',
  mark: '|',
  cursor: '>',
  falling: 'v',
  rising: '^',
  more: '~',
  dot: '-',
  arrows: 'jk',
}

export interface LocaleEnv {
  readonly LC_ALL?: string | undefined
  readonly LC_CTYPE?: string | undefined
  readonly LANG?: string | undefined
}

/** As setlocale(3) chooses: the first that is set and not empty. */
export function isUtf8({ LC_ALL, LC_CTYPE, LANG }: LocaleEnv): boolean {
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '')
}

/** `colour`: on a terminal; NO_COLOR is heard here. */
export function screenLook(env: LookEnv & LocaleEnv, colour: boolean): ScreenLook {
  const signs = isUtf8(env) ? UNICODE : ASCII
  if (!colour || env.NO_COLOR) {
    return { ...PLAIN, accent: PLAIN.bold, selected: PLAIN.bold, signs }
  }
  return {
    columns: PLAIN.columns,
    bold: sgr(1),
    dim: sgr(2),
    good: sgr(32),
    warn: sgr(33),
    bad: sgr(31),
    accent: sgr(36),
    selected: sgr(7),
    signs,
  }
}

function sgr(code: number): (text: string) => string {
  return (text) => (text.trim() === '' && code !== 7 ? text : `\x1b[${code}m${text}\x1b[0m`)
}
