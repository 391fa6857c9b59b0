// SPDX-License-Identifier: Apache-2.0
// A command line -> its words with their values, as popt takes it apart: short words may stand together, a value may
// follow in the same argument, after '=' or as the next one. Pure.
import { WORDS, type Word } from './words.js'

export type Token =
  | { readonly word: Word; readonly value: string | undefined; readonly seen: string }
  | { readonly wrong: string; readonly seen: string }

export interface Scan {
  /** ends with the first that is wrong */
  readonly tokens: readonly Token[]
  /** arguments that belong to no word */
  readonly rest: readonly string[]
}

const UNKNOWN = 'unknown option'
const MISSING = 'missing argument'
const UNWANTED = 'option does not take an argument'

export function scan(argv: readonly string[]): Scan {
  const tokens: Token[] = []
  const rest: string[] = []
  const queue = [...argv]
  for (let argument = queue.shift(); argument !== undefined; argument = queue.shift()) {
    if (argument === '--') {
      rest.push(...queue)
      break
    }
    if (!argument.startsWith('-') || argument === '-') {
      rest.push(argument)
      continue
    }
    tokens.push(...(argument.startsWith('--') ? [long(argument, queue)] : bundle(argument, queue)))
    const last = tokens.at(-1)
    if (last !== undefined && 'wrong' in last) break
  }
  return { tokens, rest }
}

function long(argument: string, queue: string[]): Token {
  const cut = argument.indexOf('=')
  const name = argument.slice(2, cut < 0 ? undefined : cut)
  const attached = cut < 0 ? undefined : argument.slice(cut + 1)
  const word = WORDS.find((one) => one.long === name)
  if (word === undefined) return { wrong: UNKNOWN, seen: argument }
  if (word.value === 'none' && attached !== undefined) return { wrong: UNWANTED, seen: argument }
  return valued(word, attached, argument, queue)
}

function bundle(argument: string, queue: string[]): readonly Token[] {
  const tokens: Token[] = []
  for (let at = 1; at < argument.length; at++) {
    const word = WORDS.find((one) => one.short === argument[at])
    if (word === undefined) return [...tokens, { wrong: UNKNOWN, seen: argument }]
    const tail = argument.slice(at + 1)
    if (word.value !== 'none') {
      const attached = tail === '' ? undefined : tail.replace(/^=/, '')
      return [...tokens, valued(word, attached, argument, queue)]
    }
    if (tail.startsWith('=')) return [...tokens, { wrong: UNWANTED, seen: argument }]
    tokens.push({ word, value: undefined, seen: argument })
  }
  return tokens
}

/** `seen` is the argument that was taken last: the one that a complaint quotes. */
function valued(word: Word, attached: string | undefined, argument: string, queue: string[]): Token {
  if (word.value === 'none' || attached !== undefined) return { word, value: attached, seen: argument }
  const [next] = queue
  if (word.value === 'maybe' && (next === undefined || next.startsWith('-')))
    return { word, value: undefined, seen: argument }
  if (next === undefined) return { wrong: MISSING, seen: argument }
  queue.shift()
  return { word, value: next, seen: next }
}
