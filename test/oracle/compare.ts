// SPDX-License-Identifier: Apache-2.0
// Two plays of one scenario, compared: what must be the same, and what clocks and random hashes may change.
import type { Answer, Answers } from './scenario.js'

/** Seconds by which the remaining time of a connection may differ; a busy machine lags. */
const LAG = { short: 2, long: 6, shortBelow: 20 }

/** A sentence for each operation whose answer differs, none when the plays agree. */
export function differences(got: Answers, recorded: Answers): readonly string[] {
  const faults: string[] = []
  if (got.answers.length !== recorded.answers.length)
    faults.push(`${got.answers.length} operations, ${recorded.answers.length} were recorded`)
  for (const [i, wanted] of recorded.answers.entries()) {
    const found = got.answers[i]
    if (found !== undefined && !same(plain(found), plain(wanted), blurred(wanted)))
      faults.push(`line ${i + 2}:\n  recorded ${JSON.stringify(wanted)}\n  now      ${JSON.stringify(found)}`)
  }
  return faults
}

/** Of a mark, saying nothing and status 0 are the same. */
function plain(answer: Answer): Answer {
  return answer.op === 'mark' ? { ...answer, rc: answer.rc ?? 0 } : answer
}

function blurred(answer: Answer): ReadonlySet<string> {
  const fields = new Set<string>(['frames'])
  if (answer.op !== 'snap') return fields
  for (const field of answer.lax ?? []) fields.add(field)
  if (['rate', 'conns-text', 'conns-pe'].includes(answer.what) || answer.what.startsWith('/'))
    fields.add('text')
  return fields
}

function same(a: unknown, b: unknown, blur: ReadonlySet<string>): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((value, i) => same(value, b[i], blur))
  if (!isObject(a) || !isObject(b)) return a === b
  const names = Object.keys(a)
  if (names.length !== Object.keys(b).length) return false
  return names.every((name) => {
    if (!(name in b)) return false
    if (blur.has(name)) return true
    // GUE's outer source port is a flow hash with a random seed
    if (name === 'sport' && 'gue' in a) return true
    if (name === 'exp') return near(Number(a[name]), Number(b[name]))
    return same(a[name], b[name], blur)
  })
}

function near(now: number, recorded: number): boolean {
  return Math.abs(now - recorded) <= (recorded < LAG.shortBelow ? LAG.short : LAG.long)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
