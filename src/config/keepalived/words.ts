// SPDX-License-Identifier: Apache-2.0
// One line of a keepalived.conf without its comment, and its words. Only double quotes bind words together.

/** `#` and `!` start a comment wherever they stand, but not inside of double quotes or behind a backslash. */
export function withoutComment(line: string): string {
  let quoted = false
  for (let i = 0; i < line.length; i++) {
    const character = line[i]
    if (character === '\\') i++
    else if (character === '"') quoted = !quoted
    else if (!quoted && (character === '#' || character === '!')) return line.slice(0, i)
  }
  return line
}

export interface Word {
  readonly text: string
  /** stood in quotes, so a brace in it is no brace */
  readonly quoted: boolean
  /** from 0, in the text that was split */
  readonly at: number
}

export interface Words {
  readonly words: readonly Word[]
  /** where a quote opens that nothing closes */
  readonly open?: number
}

const WORD = /(?:\\.|[^\s"{}\\]|\\$)+/sy

/** Unquoted braces are words of their own, however close the next word stands. */
export function splitWords(text: string): Words {
  const words: Word[] = []
  let at = 0
  while (at < text.length) {
    const character = text[at] as string
    if (/\s/.test(character)) at++
    else if (character === '"') {
      const end = closingQuote(text, at)
      if (end < 0) return { words: [...words, quotedWord(text, at, text.length)], open: at }
      words.push(quotedWord(text, at, end))
      at = end + 1
    } else if (character === '{' || character === '}')
      words.push({ text: character, quoted: false, at: at++ })
    else {
      WORD.lastIndex = at
      const [word] = WORD.exec(text) ?? [character]
      words.push({ text: word, quoted: false, at })
      at += word.length
    }
  }
  return { words }
}

function closingQuote(text: string, open: number): number {
  for (let i = open + 1; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === '"') return i
  }
  return -1
}

function quotedWord(text: string, open: number, close: number): Word {
  return { text: text.slice(open + 1, close), quoted: true, at: open }
}
