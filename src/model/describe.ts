// SPDX-License-Identifier: Apache-2.0
// Problems as people read them: one line each, where, why and what to do.
import type { Outcome, Place, Problem } from './types.js'

/** 'lb.yaml:7:15: weight 70000 is above 65535; use 0..65535' */
export function formatProblem(problem: Problem): string {
  const where = problem.place === undefined ? problem.subject : formatPlace(problem.place)
  const head = where === undefined || where === '' ? '' : `${where}: `
  const fix = problem.fix === undefined ? '' : `; ${problem.fix}`
  return `${head}${problem.reason}${fix}`
}

/** One line per problem; past `most` only their number. */
export function formatProblems(problems: readonly Problem[], most = 100): string {
  const lines = problems.slice(0, most).map(formatProblem)
  if (problems.length > most) lines.push(`… and ${problems.length - most} more problems`)
  return lines.join('\n')
}

export function formatPlace(place: Place): string {
  return `${place.file}:${place.line}:${place.column}`
}

/** Text of an operator inside a sentence: quoted, on one line, harmless to a terminal, not endless. */
export function quote(text: string, most = 60): string {
  return harmless(JSON.stringify(text.length > most ? `${text.slice(0, most)}…` : text))
}

/** Control characters and those that turn the direction of text become escapes. */
export function harmless(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069]/gu, hexEscape)
}

/** 'rr, wrr, wlc or sh' */
export function oneOf(words: readonly string[]): string {
  if (words.length < 2) return words.join('')
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

export function succeed<T>(value: T): Outcome<T> {
  return { ok: true, value }
}

export function fail<T = never>(...problems: readonly Problem[]): Outcome<T> {
  return { ok: false, problems }
}

function hexEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
