// SPDX-License-Identifier: Apache-2.0
// Text in cells of a terminal: how wide it is, cut or filled to a width, and harmless whoever wrote it. Pure.
import { harmless } from '../../model/describe.js'

const PLAIN = /^[\x20-\x7e]*$/
const NO_CELL = /^[\p{Mn}\p{Me}\u1160-\u11ff]$/u
/** East Asian wide and full width (Unicode's EastAsianWidth.txt, in whole blocks), and what is drawn as a picture. */
const TWO_CELLS =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18aff}\u{1b000}-\u{1b2ff}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u

/** Cells that clean text fills. */
export function cellsOf(text: string): number {
  if (PLAIN.test(text)) return text.length
  let cells = 0
  for (const sign of text) cells += width(sign)
  return cells
}

function width(sign: string): number {
  if (NO_CELL.test(sign)) return 0
  return TWO_CELLS.test(sign) ? 2 : 1
}

/**
 * Names that people gave, as a terminal may get them: control characters are spelt out, what has no shape or joins
 * pictures is left out, and without UTF-8 what is not ASCII is a question mark.
 */
export function clean(text: string, unicode: boolean): string {
  if (PLAIN.test(text)) return text
  const shaped = harmless(text.normalize('NFC')).replace(/[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/gu, '')
  return unicode ? shaped.replace(/\p{C}/gu, '?') : shaped.replace(/[^\x20-\x7e]/gu, '?')
}

/** Exactly `cells` wide: filled with blanks, or cut with `more` at its end. */
export function exactly(text: string, cells: number, more: string, right = false): string {
  const cut = clip(text, cells, more)
  const blanks = ' '.repeat(cells - cellsOf(cut))
  return right ? blanks + cut : cut + blanks
}

/** At most `cells` wide. */
export function clip(text: string, cells: number, more: string): string {
  if (cells <= 0) return ''
  if (cellsOf(text) <= cells) return text
  const room = cells - cellsOf(more)
  let kept = ''
  let used = 0
  for (const sign of text) {
    used += width(sign)
    if (used > room) break
    kept += sign
  }
  return kept + more
}

/** Lines of at most `cells`, broken between words where that is possible; at most `most` of them. */
export function wrap(text: string, cells: number, most: number, more: string): readonly string[] {
  const lines: string[] = []
  let line = ''
  const words = text.split(' ')
  for (const [i, word] of words.entries()) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line === '' || cellsOf(longer) <= cells) {
      line = longer
      continue
    }
    if (lines.length === most - 1) return [...lines, clip([line, ...words.slice(i)].join(' '), cells, more)]
    lines.push(clip(line, cells, more))
    line = word
  }
  return [...lines, clip(line, cells, more)]
}
