// SPDX-License-Identifier: Apache-2.0
// Checks and health of a file -> the domain's. What the schema finds wrong is left out here; what it cannot see is
// judged by the model.
import { checksFindings, healthFindings, notifyFindings } from '../model/check-rules.js'
import { type CheckSpec, completeCheck, completeHealth, type HealthSpec } from '../model/check-specs.js'
import type { Check, HealthPolicy, Notify } from '../model/checks.js'
import type { Finding, Path } from '../model/findings.js'
import type { ServiceMatch } from '../model/types.js'
import { parseRealId } from '../model/words.js'
import { parseDuration } from './durations.js'
import { type AskShape, type CheckShape, check } from './schema-checks.js'
import { type HealthShape, health, type NotifyShape, notify } from './schema-health.js'
import { given, items } from './values.js'

/** Undefined in the place of each that is wrong, so that the others keep theirs. */
export function readChecks(
  file: unknown,
  of: ServiceMatch,
  path: Path,
  findings: Finding[],
): readonly (Check | undefined)[] {
  return items(file).map((item, i) => {
    const shape = check.safeParse(item)
    if (!shape.success) return undefined
    const whole = completeCheck(checkSpec(shape.data), of)
    const wrong = checksFindings([whole], [])
    findings.push(...wrong.map(({ path: [, ...at], ...fault }) => ({ ...fault, path: [...path, i, ...at] })))
    return wrong.length > 0 ? undefined : whole
  })
}

export function readHealth(
  file: unknown,
  of: ServiceMatch,
  path: Path,
  findings: Finding[],
): HealthPolicy | undefined {
  const shape = health.safeParse(file)
  if (!shape.success) return undefined
  const policy = completeHealth(healthSpec(shape.data), of)
  const wrong = healthFindings(policy, path)
  findings.push(...wrong)
  return wrong.length > 0 ? undefined : policy
}

export function readNotify(file: unknown, path: Path, findings: Finding[]): Notify | undefined {
  const shape = notify.safeParse(file)
  if (!shape.success) return undefined
  const told = notifyOf(shape.data)
  const wrong = notifyFindings(told, 'notify', path)
  findings.push(...wrong)
  return wrong.length > 0 ? undefined : told
}

const SINGLE = ['path', 'method', 'status', 'body', 'digest']
const TIMES = ['interval', 'timeout', 'retry-interval', 'back-off', 'warmup', 'slow-start', 'pause', 'most']

function checkSpec(shape: CheckShape): CheckSpec {
  if (typeof shape === 'string') return { kind: shape as Check['kind'] }
  const entries = Object.entries(shape)
  const plain = Object.fromEntries(entries.filter(([key]) => !SINGLE.includes(key)).map(inDomain))
  const single = Object.fromEntries(entries.filter(([key]) => SINGLE.includes(key)))
  const asks = Object.keys(single).length === 0 ? {} : { asks: [askSpec({ path: '/', ...single })] }
  return { ...plain, ...asks } as CheckSpec
}

function inDomain([key, value]: readonly [string, unknown]): readonly [string, unknown] {
  const name = key.replace(/-[a-z]/g, (letter) => letter.slice(1).toUpperCase())
  if (TIMES.includes(key)) return [name, secondsOf(value as number | string)]
  if (key === 'command') return [name, commandOf(value as string | string[])]
  return [name, key === 'asks' ? (value as AskShape[]).map(askSpec) : value]
}

function askSpec(shape: AskShape) {
  if (typeof shape === 'string') return { path: shape }
  const { status, body, ...rest } = shape
  return {
    ...rest,
    ...(status === undefined ? {} : { status: statusRanges(status) }),
    ...(body === undefined ? {} : { body: typeof body === 'string' ? { contains: body } : body }),
  }
}

/** '200-299, 404' */
function statusRanges(status: number | string): readonly (readonly number[])[] {
  return String(status)
    .split(',')
    .map((range) => {
      const [first = '', last = first] = range.trim().split('-')
      return [Number(first), Number(last)]
    })
}

function healthSpec(shape: HealthShape): HealthSpec {
  const { sorry, passive, notify: told, ...rest } = shape
  const server = sorry === undefined ? undefined : given(parseRealId(sorry, 'own'))
  return {
    ...Object.fromEntries(Object.entries(rest).map(inDomain)),
    ...(server === undefined ? {} : { sorry: server }),
    ...(passive === undefined ? {} : { passive: passiveSpec(passive) }),
    ...(told === undefined ? {} : { notify: notifyOf(told) }),
  }
}

function passiveSpec(passive: NonNullable<HealthShape['passive']>) {
  return typeof passive === 'boolean' ? passive : Object.fromEntries(Object.entries(passive).map(inDomain))
}

function notifyOf({ up, down }: NotifyShape): Notify {
  return {
    ...(up === undefined ? {} : { up: commandOf(up) }),
    ...(down === undefined ? {} : { down: commandOf(down) }),
  }
}

function commandOf(command: string | readonly string[]): readonly string[] {
  return typeof command === 'string' ? [command] : command
}

/** Text of another form is what the schema refuses. */
function secondsOf(time: number | string): number {
  return typeof time === 'number' ? time : (parseDuration(time) ?? Number.NaN)
}
