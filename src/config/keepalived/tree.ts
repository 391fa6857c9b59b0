// SPDX-License-Identifier: Apache-2.0
// Lines -> statements and their blocks. A brace may stand on the keyword's line or on the next one.
import type { Line } from './lines.js'
import type { Remarks, Spot } from './remarks.js'
import { splitWords, type Word } from './words.js'

export interface Statement extends Spot {
  readonly keyword: string
  readonly args: readonly string[]
  /** what stands in its braces; absent when it has none */
  readonly block?: readonly Statement[]
}

export function readTree(lines: readonly Line[], remarks: Remarks): readonly Statement[] {
  const builder = new Builder(remarks)
  for (const line of lines) builder.add(line)
  return builder.end()
}

type Open = { -readonly [K in keyof Statement]: Statement[K] } & { block?: Open[] }

class Builder {
  readonly #remarks: Remarks
  readonly #root: Open[] = []
  readonly #stack: Open[] = []

  constructor(remarks: Remarks) {
    this.#remarks = remarks
  }

  add(line: Line): void {
    const { words, open } = splitWords(line.text)
    if (open !== undefined)
      this.#remarks.cannot(
        { place: this.#placeOf(line, open), words: line.text },
        { reason: 'this quote is not closed', fix: 'close it on the same line', objection: true },
      )
    let pending: Word[] = []
    for (const word of words) {
      if (word.quoted || (word.text !== '{' && word.text !== '}')) {
        pending.push(word)
        continue
      }
      this.#statement(line, pending)
      pending = []
      if (word.text === '{') this.#open(line, word)
      else this.#close(line, word)
    }
    this.#statement(line, pending)
  }

  end(): readonly Statement[] {
    for (const open of this.#stack)
      this.#remarks.cannot(open, { reason: 'its block is not closed', fix: 'add a }', objection: true })
    return this.#root
  }

  #statement(line: Line, words: readonly Word[]): void {
    const [first, ...rest] = words
    if (first === undefined) return
    const statement: Open = {
      keyword: first.text,
      args: rest.map(({ text }) => text),
      place: this.#placeOf(line, first.at),
      words: words.map(({ text, quoted }) => (quoted ? `"${text}"` : text)).join(' '),
    }
    this.#level().push(statement)
    const last = words.at(-1)
    if (last?.quoted === false && last.text.endsWith('\\'))
      this.#remarks.cannot(statement, {
        reason: 'lines are not continued here',
        fix: 'write it on one line; only $NAME= \\ has several',
        objection: true,
      })
  }

  #open(line: Line, word: Word): void {
    const last = this.#level().at(-1)
    if (last === undefined || last.block !== undefined) {
      const spot = { place: this.#placeOf(line, word.at), words: '{' }
      this.#remarks.cannot(spot, {
        reason: 'no keyword stands before this {',
        fix: 'take it away',
        objection: true,
      })
    }
    const owner = last === undefined || last.block !== undefined ? stray(this.#placeOf(line, word.at)) : last
    owner.block = []
    this.#stack.push(owner)
  }

  #close(line: Line, word: Word): void {
    const closed = this.#stack.pop()
    if (closed !== undefined) closed.endLine = line.place.line
    else {
      const spot = { place: this.#placeOf(line, word.at), words: '}' }
      this.#remarks.cannot(spot, { reason: 'this } closes nothing', fix: 'take it away', objection: true })
    }
  }

  #level(): Open[] {
    return this.#stack.at(-1)?.block ?? this.#root
  }

  #placeOf({ place }: Line, at: number) {
    return { ...place, column: place.column + at }
  }
}

/** Takes in what stands in braces of nothing. */
function stray(place: Spot['place']): Open {
  return { keyword: '', args: [], place, words: '{' }
}
