// SPDX-License-Identifier: Apache-2.0
// Request bodies, read once at the border: unknown JSON in, typed request or every problem at once out. Shapes and
// kinds are judged here; what an address or a weight may be is judged by the model.
import type {
  AttachMode,
  Outcome,
  Persistence,
  Problem,
  Protocol,
  Real,
  SchedulerName,
} from '../model/types.js'
import type { AttachRequest, RealChange, ServiceChange, ServiceRequest } from './contract.js'

/** Reads one value; pushes problems and answers undefined when it does not fit. */
type Reader<T> = (value: unknown, subject: string, problems: Problem[]) => T | undefined

const PROTOCOLS: readonly Protocol[] = ['tcp', 'udp']
const SCHEDULERS: readonly SchedulerName[] = ['rr', 'wrr', 'wlc', 'sh']
const MODES: readonly AttachMode[] = ['native', 'generic']

const text: Reader<string> = (value, subject, problems) =>
  typeof value === 'string' ? value : refuse(problems, subject, `is ${kindOf(value)}, a string is expected`)

const integer: Reader<number> = (value, subject, problems) =>
  typeof value === 'number' && Number.isSafeInteger(value)
    ? value
    : refuse(problems, subject, `is ${kindOf(value)}, a whole number is expected`)

const oneOf =
  <T extends string>(words: readonly T[]): Reader<T> =>
  (value, subject, problems) =>
    words.find((word) => word === value) ??
    refuse(problems, subject, `is ${JSON.stringify(value)}, expected is one of ${words.join(', ')}`)

const listOf =
  <T>(item: Reader<T>): Reader<readonly T[]> =>
  (value, subject, problems) => {
    if (!Array.isArray(value)) return refuse(problems, subject, `is ${kindOf(value)}, a list is expected`)
    const read = value.map((one, i) => item(one, `${subject}[${i}]`, problems))
    return read.every((one) => one !== undefined) ? (read as T[]) : undefined
  }

const orNull =
  <T>(item: Reader<T>): Reader<T | null> =>
  (value, subject, problems) =>
    value === null ? null : item(value, subject, problems)

type Fields = Readonly<Record<string, { readonly read: Reader<unknown>; readonly needed?: boolean }>>

const needed = (read: Reader<unknown>) => ({ read, needed: true })
const optional = (read: Reader<unknown>) => ({ read })

/** A JSON object with exactly these fields; absent optional ones stay absent. */
const record =
  <T>(fields: Fields): Reader<T> =>
  (value, subject, problems) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return refuse(problems, subject, `is ${kindOf(value)}, an object is expected`)
    const before = problems.length
    for (const key of Object.keys(value))
      if (!(key in fields))
        refuse(problems, join(subject, key), `is not known here; known are ${Object.keys(fields).join(', ')}`)
    const result: Record<string, unknown> = {}
    for (const [key, field] of Object.entries(fields)) {
      const given = (value as Record<string, unknown>)[key]
      if (given !== undefined) result[key] = field.read(given, join(subject, key), problems)
      else if (field.needed) refuse(problems, join(subject, key), 'is missing')
    }
    return problems.length === before ? (result as T) : undefined
  }

const persistence = record<Persistence>({
  timeout: needed(integer),
  prefix: needed(integer),
  mask: optional(text),
})

const real = record<Real>({ address: needed(text), weight: needed(integer), name: optional(text) })

const serviceRequest = record<ServiceRequest>({
  vip: needed(text),
  port: needed(integer),
  protocol: needed(oneOf(PROTOCOLS)),
  scheduler: optional(oneOf(SCHEDULERS)),
  persistence: optional(persistence),
  name: optional(text),
  reals: needed(listOf(real)),
})

const serviceChange = record<ServiceChange>({
  scheduler: optional(oneOf(SCHEDULERS)),
  persistence: optional(orNull(persistence)),
  name: optional(text),
})

const realChange = record<RealChange>({ weight: optional(integer), name: optional(text) })

const attachRequest = record<AttachRequest>({ name: needed(text), mode: needed(oneOf(MODES)) })

const parser =
  <T>(reader: Reader<T>) =>
  (body: unknown): Outcome<T> => {
    const problems: Problem[] = []
    const value = reader(body, '', problems)
    return value !== undefined && problems.length === 0 ? { ok: true, value } : { ok: false, problems }
  }

export const parseReal = parser(real)
export const parseServiceRequest = parser(serviceRequest)
export const parseServiceChange = parser(serviceChange)
export const parseRealChange = parser(realChange)
export const parseAttachRequest = parser(attachRequest)

function refuse(problems: Problem[], subject: string, reason: string): undefined {
  problems.push({ subject: subject || 'request', reason })
  return undefined
}

function join(subject: string, key: string): string {
  return subject ? `${subject}.${key}` : key
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  return JSON.stringify(value)
}
