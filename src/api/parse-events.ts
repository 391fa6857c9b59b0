// SPDX-License-Identifier: Apache-2.0
// What is asked of the event log: which events, and which moment.
import { fail, oneOf, quote, succeed } from '../model/describe.js'
import { EVENT_KINDS } from '../model/events.js'
import { nearest } from '../model/nearest.js'
import { refuse, wholeNumber } from '../model/rules.js'
import type { Outcome, ServiceKey } from '../model/types.js'
import { readServiceKey } from './parse.js'

export interface EventsRequest {
  /** ms since the epoch: then and later */
  readonly since?: number
  readonly service?: ServiceKey
  readonly kind?: string
  /** the last so many; 0 or none = all */
  readonly limit?: number
  /** what happens from now on too */
  readonly follow?: boolean
}

interface Query {
  readonly since?: string | undefined
  readonly service?: string | undefined
  readonly kind?: string | undefined
  readonly limit?: string | undefined
  readonly follow?: string | undefined
}

export const MOST_EVENTS = 100_000

export function readEventsQuery(query: Query): Outcome<EventsRequest> {
  const since = query.since === undefined ? undefined : readMoment('since', query.since)
  const service = readServiceKey(query)
  const kind = query.kind === undefined ? undefined : parseKind(query.kind, 'kind')
  const limit = query.limit === undefined ? undefined : parseLimit(query.limit, 'limit')
  const follow = query.follow === undefined || ['true', '1', 'false', '0'].includes(query.follow)
  const problems = [since, service, kind, limit].flatMap((one) => (one && !one.ok ? one.problems : []))
  const unclear = {
    subject: 'follow',
    reason: `follow is ${quote(query.follow ?? '')}`,
    fix: 'use true or false',
  }
  if (problems.length > 0 || !follow) return fail(...problems, ...(follow ? [] : [unclear]))
  return succeed({
    ...(since?.ok && { since: since.value }),
    ...(service.ok && service.value !== undefined && { service: service.value }),
    ...(kind?.ok && { kind: kind.value }),
    ...(limit?.ok && { limit: limit.value }),
    ...((query.follow === 'true' || query.follow === '1') && { follow: true }),
  })
}

/** ms since the epoch. */
export function readMoment(name: string, text: string): Outcome<number> {
  const moment = wholeNumber(text)
  if (typeof moment === 'number' && moment >= 0) return succeed(moment)
  return refuse({ reason: `${name} ${quote(text)} is no moment`, fix: 'send ms since the epoch' }, name)
}

export function parseKind(text: string, subject: string): Outcome<string> {
  const kinds: readonly string[] = EVENT_KINDS
  if (kinds.includes(text)) return succeed(text)
  const meant = nearest(text, kinds)
  const fix = meant === undefined ? `use ${oneOf(kinds)}` : `did you mean ${meant}?`
  return refuse({ reason: `there are no events of kind ${quote(text)}`, fix }, subject)
}

export function parseLimit(text: string, subject: string): Outcome<number> {
  const limit = wholeNumber(text)
  if (typeof limit === 'number' && limit >= 0 && limit <= MOST_EVENTS) return succeed(limit)
  const fix = `use 1..${MOST_EVENTS}, or 0 for all`
  return refuse({ reason: `limit ${quote(text)} is not a number of events`, fix }, subject)
}
