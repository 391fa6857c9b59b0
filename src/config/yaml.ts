// SPDX-License-Identifier: Apache-2.0
// YAML text -> Desired, or every problem of the file at once, each with its place, in the order of the file.
import type { z } from 'zod'
import { parseAddress } from '../abi/address.js'
import { formatPlace, quote, succeed } from '../model/describe.js'
import { wordOf } from '../model/judge.js'
import { suggestion } from '../model/nearest.js'
import { type Fault, kindOf } from '../model/rules.js'
import { tunableNameFault } from '../model/tunables.js'
import type { Desired, Outcome, Problem } from '../model/types.js'
import { crossFindings, type Finding } from '../model/validate.js'
import { readDocument } from './document.js'
import { type Plain, toPlain } from './plain.js'
import { readFile } from './read.js'
import { fileSchema } from './schema.js'
import { decodeText } from './text.js'

type Issue = z.core.$ZodIssue

/** For what was read from the disk: also judges size and encoding. */
export function parseYamlBytes(bytes: Uint8Array, file: string): Outcome<Desired> {
  const text = decodeText(bytes, file)
  return text.ok ? parseYaml(text.value, file) : text
}

export function parseYaml(text: string, file: string): Outcome<Desired> {
  const source = readDocument(text, file)
  if (!source.ok) return refuse(source.problems)
  const plain = toPlain(source.value)
  if (!plain.whole) return refuse(plain.problems)
  if (!isMap(plain.value)) return refuse([...plain.problems, notMap(plain)])
  const shape = fileSchema.safeParse(plain.value)
  const { draft, findings } = readFile(plain.value)
  const problems = [
    ...plain.problems,
    ...(shape.success ? [] : shape.error.issues.flatMap((issue) => issueProblems(issue, [], plain))),
    ...[...findings, ...crossFindings(draft)].map((finding) => findingProblem(finding, plain)),
  ]
  return problems.length > 0 ? refuse(problems) : succeed(draft as Desired)
}

function notMap(plain: Plain): Problem {
  const fix = 'write at least services: []'
  const place = plain.placeOf([])
  if (plain.value === null) return { place, reason: 'the file is empty: services is missing', fix }
  return { place, reason: `the file is ${kindOf(plain.value)}, not a map`, fix }
}

function issueProblems(issue: Issue, above: readonly PropertyKey[], plain: Plain): Problem[] {
  const path = [...above, ...issue.path] as (string | number)[]
  if (issue.code === 'unrecognized_keys') {
    const known = issue.message.split(' ')
    return issue.keys.map((key) => {
      const tunable = path.join() === 'tunables' ? tunableNameFault(key) : undefined
      return { place: plain.placeOfKey([...path, key]), ...(tunable ?? unknownKeyFault(key, known)) }
    })
  }
  const meant =
    issue.code === 'invalid_union' ? issue.errors.find((branch) => !wrongBranch(branch)) : undefined
  if (meant !== undefined) return meant.flatMap((inner) => issueProblems(inner, path, plain))
  const [reason = '', fix = ''] = issue.message.split('\n')
  return [{ place: plain.placeOf(path), reason, fix }]
}

function unknownKeyFault(key: string, known: readonly string[]): Fault {
  const address = parseAddress(`${key}:`) !== undefined
  const fix = address ? `put the address in quotes: "${key}:"` : suggestion(key, known)
  return { reason: `unknown key ${quote(key)}`, fix }
}

/** The value is not even of the kind that this branch of a union describes. */
function wrongBranch(branch: readonly Issue[]): boolean {
  return branch.some((issue) => issue.path.length === 0 && issue.code === 'invalid_type')
}

function findingProblem({ path, first, reason, fix }: Finding, plain: Plain): Problem {
  const where = first === undefined ? '' : `, first at ${formatPlace(plain.placeOf(first))}`
  return { place: plain.placeOf(path.map(keyInFile)), reason: `${reason}${where}`, fix }
}

/** Where the file's word is not the domain's: one-packet, on-down. */
function keyInFile(step: string | number): string | number {
  return typeof step === 'string' && /^[a-z]+(?:[A-Z][a-z]+)+$/.test(step) ? wordOf(step) : step
}

/** By place, and each sentence once: what an alias repeats is said where it stands. */
function refuse(problems: readonly Problem[]): Outcome<never> {
  const once = new Map(problems.map((p) => [`${p.place?.line}:${p.place?.column} ${p.reason}`, p]))
  const line = (p: Problem) => p.place?.line ?? 0
  const column = (p: Problem) => p.place?.column ?? 0
  const inOrder = [...once.values()].sort((a, b) => line(a) - line(b) || column(a) - column(b))
  return { ok: false, problems: inOrder }
}

function isMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
