// SPDX-License-Identifier: Apache-2.0
// What the schema of the file is built from: a kind of value, with the two lines that say what is wrong with it.
import { z } from 'zod'
import { oneOf } from '../model/describe.js'
import { choiceFault, type Fault, kindOf, type Range, rangeFault } from '../model/rules.js'
import type { Outcome } from '../model/types.js'
import { values } from './values.js'

type Issue = { readonly input?: unknown; readonly code?: string | undefined }
type Words = {
  readonly id?: string
  readonly description: string
  readonly pattern?: string
  readonly examples?: unknown[]
}

export function say({ reason, fix }: Fault): string {
  return `${reason}\n${fix}`
}

export function whole(word: string, range: Range, description: string, standard?: number) {
  const error = (issue: Issue) => say(rangeFault(word, issue.input, range) ?? missing(word, `${range[0]}`))
  const schema = z.int({ error }).min(range[0], { error }).max(range[1], { error })
  return schema.meta({ description, ...(standard === undefined ? {} : { default: standard }) })
}

export function text(
  word: string,
  example: string,
  rule: (value: string) => Fault | undefined,
  words: Words,
) {
  return z
    .string({ error: (issue) => say(notText(word, example, issue)) })
    .check((ctx) => {
      const fault = rule(ctx.value)
      if (fault) ctx.issues.push({ code: 'custom', input: ctx.value, message: say(fault) })
    })
    .meta({ ...words })
}

export function choice(word: string, words: readonly string[], standard?: string) {
  const error = (issue: Issue) => say(choiceFault(word, issue.input, words) ?? missing(word, oneOf(words)))
  return z
    .enum(words as [string, ...string[]], { error })
    .meta(standard === undefined ? {} : { default: standard })
}

export function list<T extends z.ZodType>(word: string, item: T, fix: string) {
  return z.array(item, { error: wrongKind(word, fix) })
}

export function map<T extends z.ZodRawShape>(word: string, shape: T) {
  const known = Object.keys(shape)
  const kind = wrongKind(word, `write a map of ${known.join(', ')}`)
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? known.join(' ') : kind(issue)),
  })
}

export function wrongKind(word: string, fix: string) {
  return (issue: Issue) =>
    say(issue.input === undefined ? missing(word, fix) : { reason: `${word} is ${kindOf(issue.input)}`, fix })
}

/** Arguments of refine for a rule between the keys of a map: judged also when some of its values are wrong. */
export function rule(holds: (has: (key: string) => boolean) => boolean, path: string[], fault: Fault) {
  const check = (value: object) => holds((key) => values(value)[key] !== undefined)
  const when = ({ value }: { value: unknown }) => values(value) === value
  return [check, { path, error: say(fault), when }] as const
}

function notText(word: string, example: string, { input }: Issue): Fault {
  if (input === undefined) return missing(word, `write it like ${word}: ${example}`)
  return { reason: `${word} is ${kindOf(input)}`, fix: `write text like ${example}` }
}

function missing(word: string, fix: string): Fault {
  return { reason: `${word} is missing`, fix }
}

export function first(outcome: Outcome<unknown>): Fault | undefined {
  const problem = outcome.ok ? undefined : outcome.problems[0]
  return problem && { reason: problem.reason, fix: problem.fix ?? '' }
}
