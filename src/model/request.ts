// SPDX-License-Identifier: Apache-2.0
// Bodies of requests, which may be anything that JSON can carry -> the arguments of change.ts. Only the shape is
// judged here: a map, known keys, the right kind of value. What the values may be is judged by the change itself.
import { succeed } from './describe.js'
import { suggestion } from './nearest.js'
import { kindOf } from './rules.js'
import type { MarkSpec, RealEdit, RealSpec, ServiceEdit, ServiceSpec } from './specs.js'
import { bareTunable, tuned } from './tunables.js'
import { DEFAULT_TUNABLES, type Outcome, type Problem, type Timeouts, type Tunables } from './types.js'

type Kind = 'text' | 'number' | 'map' | 'list' | 'switch' | 'ports'
type Shape = Readonly<Record<string, readonly [kind: Kind, need: 'must' | 'may' | 'null']>>

const SENT: Readonly<Record<Kind, string>> = {
  text: 'a text',
  number: 'a number',
  map: 'a map',
  list: 'a list',
  switch: 'true or false',
  ports: 'a text like "80,443,1000:2000" or a list of [first, last]',
}
const PERSISTENCE: Shape = { timeout: ['number', 'must'], prefix: ['number', 'may'], mask: ['text', 'may'] }
const REAL: Shape = {
  address: ['text', 'must'],
  port: ['number', 'may'],
  weight: ['number', 'may'],
  upper: ['number', 'may'],
  lower: ['number', 'may'],
  name: ['text', 'may'],
  checks: ['list', 'may'],
  passive: ['switch', 'may'],
  onDown: ['text', 'may'],
  notify: ['map', 'may'],
}
const REAL_EDIT: Shape = {
  weight: ['number', 'may'],
  upper: ['number', 'null'],
  lower: ['number', 'null'],
  name: ['text', 'null'],
  checks: ['list', 'null'],
  passive: ['switch', 'null'],
  onDown: ['text', 'null'],
  notify: ['map', 'null'],
}
const SERVICE_EDIT: Shape = {
  scheduler: ['text', 'may'],
  flags: ['list', 'null'],
  persistence: ['map', 'null'],
  onePacket: ['switch', 'may'],
  name: ['text', 'null'],
  checks: ['list', 'null'],
  health: ['map', 'null'],
}
const BODY: Shape = {
  scheduler: ['text', 'may'],
  flags: ['list', 'may'],
  persistence: ['map', 'may'],
  onePacket: ['switch', 'may'],
  name: ['text', 'may'],
  checks: ['list', 'may'],
  health: ['map', 'may'],
  reals: ['list', 'may'],
}
const SERVICE: Shape = {
  vip: ['text', 'must'],
  port: ['number', 'must'],
  protocol: ['text', 'may'],
  ...BODY,
}
const MARK_SERVICE: Shape = { mark: ['number', 'must'], family: ['number', 'may'], ...BODY }
const MARK: Shape = {
  vip: ['text', 'must'],
  protocol: ['text', 'may'],
  ports: ['ports', 'must'],
  mark: ['number', 'must'],
}
const TIMEOUTS: Shape = { tcp: ['number', 'may'], tcpfin: ['number', 'may'], udp: ['number', 'may'] }

/** With a mark it is the service of that, else of an address. */
export function readServiceSpec(body: unknown): Outcome<ServiceSpec> {
  return judged(body, shapeProblems(body, isMap(body) && 'mark' in body ? MARK_SERVICE : SERVICE, ''))
}

export function readServiceEdit(body: unknown): Outcome<ServiceEdit> {
  return judged(body, shapeProblems(body, SERVICE_EDIT, ''))
}

export function readRealSpec(body: unknown): Outcome<RealSpec> {
  return judged(body, shapeProblems(body, REAL, ''))
}

export function readRealEdit(body: unknown): Outcome<RealEdit> {
  return judged(body, shapeProblems(body, REAL_EDIT, ''))
}

export function readMarkSpec(body: unknown): Outcome<MarkSpec> {
  return judged(body, shapeProblems(body, MARK, ''))
}

export function readTimeouts(body: unknown): Outcome<Partial<Timeouts>> {
  return judged(body, shapeProblems(body, TIMEOUTS, ''))
}

/** Names with or without net.ipv4.vs.; the answer has them without. Values are judged too. */
export function readTunables(body: unknown): Outcome<Partial<Tunables>> {
  if (!isMap(body)) return judged(body, shapeProblems(body, {}, ''))
  const all = tuned(DEFAULT_TUNABLES, body)
  if (!all.ok) return all
  const given = new Set(Object.keys(body).map(bareTunable))
  return succeed(Object.fromEntries(Object.entries(all.value).filter(([name]) => given.has(name))))
}

function judged<T>(body: unknown, problems: readonly Problem[]): Outcome<T> {
  return problems.length > 0 ? { ok: false, problems } : succeed(body as T)
}

function shapeProblems(body: unknown, shape: Shape, path: string): Problem[] {
  const subject = path === '' ? 'body' : path
  if (!isMap(body)) return [{ subject, reason: `${subject} is ${kindOf(body)}`, fix: 'send a JSON object' }]
  const known = Object.keys(shape)
  const unknown = Object.keys(body).filter((key) => !known.includes(key))
  return [
    ...unknown.map((key) => ({
      subject,
      reason: `unknown key ${JSON.stringify(key.slice(0, 60))}`,
      fix: suggestion(key, known),
    })),
    ...Object.entries(shape).flatMap(([key, [kind, need]]): Problem[] => {
      const value = body[key]
      const at = path === '' ? key : `${path}.${key}`
      if (value === undefined && need === 'must') {
        return [{ subject: at, reason: `${key} is missing`, fix: `send ${key}, ${SENT[kind]}` }]
      }
      if (value === undefined || (value === null && need === 'null')) return []
      if (!isKind(value, kind))
        return [{ subject: at, reason: `${key} is ${kindOf(value)}`, fix: `send ${SENT[kind]}` }]
      return innerProblems(key, value, at)
    }),
  ]
}

function innerProblems(key: string, value: unknown, at: string): Problem[] {
  if (key === 'persistence') return shapeProblems(value, PERSISTENCE, at)
  if (key === 'checks') return (value as unknown[]).flatMap((check, i) => checkProblems(check, `${at}[${i}]`))
  if (key !== 'reals') return []
  return (value as unknown[]).flatMap((real, i) => shapeProblems(real, REAL, `${at}[${i}]`))
}

/** That it is a check of some kind; its values are judged with those of its service. */
function checkProblems(check: unknown, at: string): Problem[] {
  if (isMap(check) && typeof check['kind'] === 'string') return []
  return [
    { subject: at, reason: `check is ${kindOf(check)}`, fix: 'send a JSON object like {"kind": "tcp"}' },
  ]
}

function isKind(value: unknown, kind: Kind): boolean {
  if (kind === 'list') return Array.isArray(value)
  if (kind === 'map') return isMap(value)
  if (kind === 'switch') return typeof value === 'boolean'
  if (kind === 'ports') return typeof value === 'string' || Array.isArray(value)
  return typeof value === (kind === 'text' ? 'string' : 'number')
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
