// SPDX-License-Identifier: Apache-2.0
// What became of a file that was applied: kept, or rolled back and why.
import type { Applied } from '../../api/apply.js'
import { formatProblems } from '../../model/describe.js'
import type { Jump } from '../../model/jump.js'
import type { Look } from '../look.js'
import { count, duration, plural } from '../numbers.js'

/** `daemonFile`: the one that a reload reads. */
export function appliedLines(applied: Applied, daemonFile: string, look: Look): readonly string[] {
  const { file, state, at, until, jumps, problems, agrees } = applied
  const failed = problems.length > 0 ? formatProblems(problems).split('\n') : []
  if (state === 'watching') return [`${file} is in force and watched`]
  if (state === 'kept') {
    const watched = until > at ? `, watched for ${spell(until - at)}` : ''
    const rest = agrees ? [] : [`note: ${apart(daemonFile)}`]
    return [look.good(`${file} is in force${watched}`), ...failed.map((line) => look.bad(line)), ...rest]
  }
  const head =
    state === 'stuck' ? `${file} could not be rolled back and is in force` : `${file} was rolled back`
  const why = jumps.length > 0 ? `${head}: packets came to a bad end` : head
  return [
    look.bad(why),
    ...jumps.map((jump) => `    ${jumpText(jump)}`),
    ...failed.map((line) => look.bad(line)),
    ...(state === 'rolled-back' && file === daemonFile ? [`note: ${stays(file)}`] : []),
  ]
}

/** What `xlvs status` must not leave out. */
export function appliedAttention(applied: Applied, daemonFile: string, now: number): readonly string[] {
  const { file, state, until, agrees } = applied
  if (state === 'watching') {
    const left = spell(Math.max(0, until - now))
    return [`${file} was applied and is watched for another ${left}; to go back: xlvs apply --rollback`]
  }
  if (state === 'stuck')
    return [`${file} was to be rolled back and could not be; xlvs reload, or see the log`]
  if (state === 'rolled-back') return file === daemonFile ? [`${file} was rolled back: ${stays(file)}`] : []
  return agrees ? [] : [`${file} is in force: ${apart(daemonFile)}`]
}

function apart(daemonFile: string): string {
  return `${daemonFile} says otherwise, and its word comes back with a reload or a restart; to keep it: xlvs apply --write`
}

function stays(file: string): string {
  return `${file} still says what was rolled back; mend it before the next reload or restart`
}

function jumpText({ reason, before, after, unexpected }: Jump): string {
  const [was, is] = [before, after].map((rate) => rate.toFixed(rate < 10 ? 1 : 0))
  return `${reason}: ${is} a second, at most ${was} before; ${plural(Math.ceil(unexpected), 'packet')} more than usual`
}

function spell(ms: number): string {
  return ms < 1000 ? `${count(Math.round(ms))} ms` : duration(ms / 1000)
}
