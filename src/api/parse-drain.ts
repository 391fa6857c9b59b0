// SPDX-License-Identifier: Apache-2.0
// Requests to drain: which real server, in which service, how long and how it ends.
import { fail, quote, succeed } from '../model/describe.js'
import { realText, serviceKey } from '../model/keys.js'
import { choiceFault, kindOf, type Range, rangeFault, refuse } from '../model/rules.js'
import type { Drain, Outcome } from '../model/types.js'
import { parseRealId, parseServiceId, portsOf } from '../model/words.js'
import type { DrainRequest } from './contract.js'

/** Seconds: a year. */
export const DRAIN_SECONDS: Range = [0, 31_536_000]

/** Which real servers: those of an address, in one service or in all. */
export type DrainName = Pick<Drain, 'address' | 'port' | 'service'>
export type DrainWish = DrainName & Pick<DrainRequest, 'within' | 'end'>

const ENDS = ['move', 'reset'] as const
const KEYS = 'real, service, within and end'

/** {"real": "192.0.2.21", "service": "tcp 192.0.2.10:80", "within": 600, "end": "reset"} */
export function readDrainRequest(body: unknown): Outcome<DrainWish> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return refuse({ reason: `body is ${kindOf(body)}`, fix: `send a JSON object with ${KEYS}` }, 'body')
  const { real, service, within, end, ...rest } = body as Record<string, unknown>
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined)
    return refuse({ reason: `unknown key ${quote(unknown)}`, fix: `use ${KEYS}` }, 'body')
  const name = readDrained({ real, service })
  const late = within === undefined ? undefined : rangeFault('within', within, DRAIN_SECONDS)
  const how = end === undefined ? undefined : choiceFault('end', end, ENDS)
  const wrong = [...(name.ok ? [] : name.problems)]
  if (late) wrong.push({ subject: 'within', ...late })
  if (how) wrong.push({ subject: 'end', ...how })
  if (!name.ok || wrong.length > 0) return fail(...wrong)
  return succeed({
    ...name.value,
    ...(within === undefined ? {} : { within: within as number }),
    ...(end === undefined ? {} : { end: end as 'move' | 'reset' }),
  })
}

interface Named {
  readonly real?: unknown
  readonly service?: unknown
}

/** In all services a port tells apart real servers of marks only. */
export function readDrained({ real, service }: Named): Outcome<DrainName> {
  if (typeof real !== 'string')
    return refuse({ reason: `real is ${kindOf(real)}`, fix: 'name it like 192.0.2.21' }, 'real')
  if (service === undefined) return parseRealId(real, 'own', 'real')
  if (typeof service !== 'string')
    return refuse(
      { reason: `service is ${kindOf(service)}`, fix: 'name it like tcp 192.0.2.10:80' },
      'service',
    )
  const id = parseServiceId(service, 'service')
  if (!id.ok) return id
  const name = parseRealId(real, portsOf(id.value), 'real')
  return name.ok ? succeed({ ...name.value, service: serviceKey(id.value) }) : name
}

/** '192.0.2.21 in tcp 192.0.2.10:80' */
export function drainedText(name: DrainName): string {
  return name.service === undefined ? realText(name) : `${realText(name)} of ${name.service}`
}
