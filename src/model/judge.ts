// SPDX-License-Identifier: Apache-2.0
// Judges of values that may be anything that JSON can carry: maps with known keys, lists, numbers, texts. What they
// find has the path where it stands.
import { type Finding, located, type Path } from './findings.js'
import { suggestion } from './nearest.js'
import { choiceFault, type Fault, hostFault, kindOf, type Range, rangeFault } from './rules.js'

/** `word` is the value's name in the sentence. */
export type Judge = (value: unknown, word: string, path: Path) => Finding[]
export type Fields = Readonly<Record<string, { readonly judge: Judge; readonly must?: true }>>
export type JsonMap = Readonly<Record<string, unknown>>

export function isJsonMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export const may = (judge: Judge) => ({ judge })
export const must = (judge: Judge) => ({ judge, must: true }) as const

/** Exactly these keys; a value that is undefined is not there. */
export function mapOf(fields: Fields): Judge {
  const known = Object.keys(fields)
  return (value, word, path) => {
    if (!isJsonMap(value))
      return [{ path, reason: `${word} is ${kindOf(value)}`, fix: `give a map of ${known.join(', ')}` }]
    const unknown = Object.keys(value).filter((key) => !known.includes(key))
    return [
      ...unknown.map((key) => ({
        path,
        reason: `unknown key ${JSON.stringify(key.slice(0, 60))} of ${word}`,
        fix: suggestion(key, known),
      })),
      ...Object.entries(fields).flatMap(([key, field]): Finding[] => {
        if (value[key] !== undefined) return field.judge(value[key], wordOf(key), [...path, key])
        return field.must ? [{ path, reason: `${key} of ${word} is missing`, fix: `give ${key}` }] : []
      }),
    ]
  }
}

/** A key as it stands in sentences and in files: 'retryInterval' is 'retry-interval'. */
export function wordOf(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** `item` is what one of them is called; at least one, unless `least` is 0. */
export function listOf(item: string, judge: Judge, most: number, least = 1): Judge {
  return (value, word, path) => {
    if (!Array.isArray(value))
      return [{ path, reason: `${word} is ${kindOf(value)}`, fix: `give a list, each ${item} one entry` }]
    if (value.length < least) return [{ path, reason: `${word} is an empty list`, fix: 'give at least one' }]
    if (value.length > most)
      return [{ path, reason: `${word} has ${value.length} entries, more than ${most}`, fix: 'give fewer' }]
    return value.flatMap((one, i) => judge(one, item, [...path, i]))
  }
}

export function whole(range: Range): Judge {
  return (value, word, path) => located(path, rangeFault(word, value, range))
}

export function seconds(range: Range): Judge {
  return (value, word, path) => located(path, secondsFault(word, value, range))
}

/** As rangeFault, but fractions are all right. */
export function secondsFault(word: string, value: unknown, [low, high]: Range): Fault | undefined {
  const fix = `use ${low}..${high} seconds`
  if (typeof value !== 'number' || Number.isNaN(value))
    return { reason: `${word} is ${kindOf(value)}, not a time`, fix }
  if (value > high) return { reason: `${word} ${value} s is above ${high}`, fix }
  return value < low ? { reason: `${word} ${value} s is below ${low}`, fix } : undefined
}

export function textOf(rule: (value: string, word: string) => Fault | undefined): Judge {
  return (value, word, path) => {
    if (typeof value !== 'string')
      return [{ path, reason: `${word} is ${kindOf(value)}`, fix: 'give a text' }]
    return located(path, rule(value, word))
  }
}

/** `named` is what it is called in the sentence, when that is not its key. */
export function oneWordOf(list: readonly string[], named?: string): Judge {
  return (value, word, path) => located(path, choiceFault(named ?? word, value, list))
}

/** True, or it is left out. */
export const flag: Judge = (value, word, path) =>
  value === true ? [] : [{ path, reason: `${word} is ${kindOf(value)}`, fix: 'give true, or leave it out' }]

export const hostAddress = (named: string): Judge => textOf((value) => hostFault(named, value))
