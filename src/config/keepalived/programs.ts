// SPDX-License-Identifier: Apache-2.0
// Programs that a keepalived.conf names: one text with its arguments in it, and a user behind it.
import { quote } from '../../model/describe.js'
import type { Remarks } from './remarks.js'
import type { Statement } from './tree.js'

/** Words between spaces; both kinds of quotes bind, a backslash takes the next character as it is. */
export function splitProgram(text: string): readonly string[] {
  const words: string[] = []
  const PART = /\\(.)|"((?:\\.|[^"\\])*)"|'([^']*)'|([^\s\\"']+)|(\s+)/gsy
  let word: string | undefined
  for (const [, escaped, double, single, plain, space] of text.matchAll(PART)) {
    if (space === undefined)
      word = `${word ?? ''}${escaped ?? double?.replace(/\\(.)/gs, '$1') ?? single ?? plain}`
    else if (word !== undefined) words.push(word)
    if (space !== undefined) word = undefined
  }
  return word === undefined ? words : [...words, word]
}

/** Program and arguments; undefined when there is no absolute path to begin with, which is said. */
export function readProgram(
  line: Statement,
  remarks: Remarks,
): readonly [program: string, ...args: string[]] | undefined {
  const [program = '', ...rest] = splitProgram(line.args[0] ?? '')
  if (program.startsWith('/')) return [program, ...rest]
  remarks.cannot(line, {
    reason: `${line.keyword}: ${quote(program)} is not an absolute path, and xlvs looks for none`,
    fix: 'write where the program is',
  })
  return undefined
}
