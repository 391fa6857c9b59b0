// SPDX-License-Identifier: Apache-2.0
// What a terminal sends for keys, as keys. What it sends for anything else is swallowed whole. Pure.

export type KeyName =
  | 'up'
  | 'down'
  | 'left'
  | 'right'
  | 'home'
  | 'end'
  | 'pageup'
  | 'pagedown'
  | 'enter'
  | 'escape'
  | 'tab'
  | 'backtab'
  | 'backspace'
  | 'clear'
  | 'redraw'
  | 'suspend'
  | 'interrupt'

/** A named key, or the character that was typed. */
export type Key = { readonly name: KeyName } | { readonly char: string }

export interface KeysRead {
  readonly keys: readonly Key[]
  /** the beginning of a sequence whose end has not come yet */
  readonly rest: string
}

const CONTROLS: Readonly<Record<string, KeyName>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\x7f': 'backspace',
  '\b': 'backspace',
  '\x03': 'interrupt',
  '\x0c': 'redraw',
  '\x15': 'clear',
  '\x1a': 'suspend',
}

/** The last letter of CSI and SS3 sequences, whatever modifiers stand before it. */
const LETTERS: Readonly<Record<string, KeyName>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  F: 'end',
  H: 'home',
  M: 'enter',
  Z: 'backtab',
}

/** The number of CSI n ~. */
const NUMBERS: Readonly<Record<string, KeyName>> = {
  1: 'home',
  4: 'end',
  5: 'pageup',
  6: 'pagedown',
  7: 'home',
  8: 'end',
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a terminal sends
const CSI = /^\x1b\[([0-?]*)[ -/]*([@-~])/
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a terminal sends
const SS3 = /^\x1bO([ -~])/
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a terminal sends
const UNFINISHED = /^\x1b(?:\[[0-?]*[ -/]*|O)?$/
/** A sequence longer than any key's: what came is not one. */
const LONGEST = 64

/** `ended`: nothing more comes for what is unfinished, so that a lone Esc is the key of that name. */
export function readKeys(text: string, ended = false): KeysRead {
  const keys: Key[] = []
  let rest = text
  while (rest !== '') {
    if (rest[0] !== '\x1b') {
      const char = String.fromCodePoint(rest.codePointAt(0) as number)
      rest = rest.slice(char.length)
      keys.push(...typed(char))
      continue
    }
    if (UNFINISHED.test(rest) && rest.length < LONGEST && !ended) return { keys, rest }
    const { key, length } = sequence(rest)
    if (key) keys.push({ name: key })
    rest = rest.slice(length)
  }
  return { keys, rest: '' }
}

function typed(char: string): readonly Key[] {
  const name = CONTROLS[char]
  if (name) return [{ name }]
  return /\p{C}/u.test(char) ? [] : [{ char }]
}

function sequence(text: string): { readonly key?: KeyName | undefined; readonly length: number } {
  const csi = CSI.exec(text)
  if (csi) {
    const [whole, numbers = '', letter = ''] = csi
    const key = letter === '~' ? NUMBERS[numbers.split(';')[0] ?? ''] : LETTERS[letter]
    return { key: letter === 'M' && numbers !== '' ? undefined : key, length: whole.length }
  }
  const ss3 = SS3.exec(text)
  if (ss3) return { key: LETTERS[ss3[1] as string], length: ss3[0].length }
  if (UNFINISHED.test(text)) return { key: text.length === 1 ? 'escape' : undefined, length: text.length }
  return { key: 'escape', length: 1 }
}
