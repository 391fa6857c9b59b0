// SPDX-License-Identifier: Apache-2.0
// Request bodies and queries that are no business of the model: unknown JSON in, a typed request or its problems out.
import { canonicalAddress } from '../abi/address.js'
import { fail, succeed } from '../model/describe.js'
import { serviceKey } from '../model/keys.js'
import { choiceFault, hostFault, kindOf, refuse, wholeNumber } from '../model/rules.js'
import type { MarkName } from '../model/specs.js'
import type { AddressText, AttachMode, Outcome, ServiceKey } from '../model/types.js'
import { parseInterfaceName, parsePorts, parseProtocol, parseServiceId } from '../model/words.js'
import type { AttachRequest, Filter, PlanRequest } from './contract.js'

const MODES: readonly AttachMode[] = ['native', 'generic']

export function parseMode(text: unknown, subject: string): Outcome<AttachMode> {
  const wrong = choiceFault('mode', text, MODES)
  return wrong ? refuse(wrong, subject) : succeed(text as AttachMode)
}

export function readAttachRequest(body: unknown): Outcome<AttachRequest> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return refuse({ reason: `body is ${kindOf(body)}`, fix: 'send a JSON object with name and mode' }, 'body')
  const { name, mode = 'native', ...rest } = body as Record<string, unknown>
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined)
    return refuse({ reason: `unknown key ${JSON.stringify(unknown)}`, fix: 'use name and mode' }, 'body')
  if (typeof name !== 'string')
    return refuse({ reason: `name is ${kindOf(name)}`, fix: 'send the name of an interface' }, 'name')
  const interfaceName = parseInterfaceName(name, 'name')
  if (!interfaceName.ok) return interfaceName
  const how = parseMode(mode, 'mode')
  return how.ok ? succeed({ name: interfaceName.value, mode: how.value }) : how
}

/** A file as text, or nothing at all: the daemon's own. */
export function readPlanRequest(body: unknown): Outcome<PlanRequest> {
  const fix = 'send {"file": "its name", "text": "what is in it"}, or no body for the file of the daemon'
  if (body === undefined) return succeed({})
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return refuse({ reason: `body is ${kindOf(body)}`, fix }, 'body')
  const { file, text, ...rest } = body as Record<string, unknown>
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) return refuse({ reason: `unknown key ${JSON.stringify(unknown)}`, fix }, 'body')
  if (typeof file !== 'string') return refuse({ reason: `file is ${kindOf(file)}`, fix }, 'file')
  if (typeof text !== 'string') return refuse({ reason: `text is ${kindOf(text)}`, fix }, 'text')
  return succeed({ file, text })
}

interface Query {
  readonly service?: string | undefined
  readonly client?: string | undefined
  readonly real?: string | undefined
  readonly limit?: string | undefined
}

/** What a listing was asked to be narrowed to. Service 'tcp 192.0.2.10:80', limit 0 = all. */
export function readFilter(query: Query): Outcome<Filter> {
  const service = query.service === undefined ? undefined : parseServiceId(query.service, 'service')
  const client = query.client === undefined ? undefined : parseHost('client', query.client)
  const real = query.real === undefined ? undefined : parseHost('real', query.real)
  const limit = query.limit === undefined ? undefined : parseLimit(query.limit)
  const problems = [service, client, real, limit].flatMap((one) => (one && !one.ok ? one.problems : []))
  if (problems.length > 0) return fail(...problems)
  return succeed({
    ...(service?.ok ? { service: serviceKey(service.value) } : {}),
    ...(client?.ok ? { client: client.value } : {}),
    ...(real?.ok ? { real: real.value } : {}),
    ...(limit?.ok ? { limit: limit.value } : {}),
  })
}

/** The service of a query, if it names one. */
export function readServiceKey(query: {
  readonly service?: string | undefined
}): Outcome<ServiceKey | undefined> {
  if (query.service === undefined) return succeed(undefined)
  const id = parseServiceId(query.service, 'service')
  return id.ok ? succeed(serviceKey(id.value)) : id
}

interface MarkQuery {
  readonly vip?: string | undefined
  readonly protocol?: string | undefined
  readonly ports?: string | undefined
}

/** Which ports of which VIP, from a query: vip=192.0.2.10&protocol=tcp&ports=80,443 */
export function readMarkName({ vip, protocol = 'tcp', ports }: MarkQuery): Outcome<MarkName> {
  const missing = Object.entries({ vip, ports }).filter(([, value]) => value === undefined)
  if (vip === undefined || ports === undefined)
    return fail(
      ...missing.map(([name]) => ({ subject: name, reason: `${name} is missing`, fix: `give ${name}=…` })),
    )
  const host = parseHost('vip', vip)
  const proto = parseProtocol(protocol, 'protocol')
  const ranges = parsePorts(ports, 'ports')
  if (host.ok && proto.ok && ranges.ok)
    return succeed({ vip: host.value, protocol: proto.value, ports: ranges.value })
  return fail(...[host, proto, ranges].flatMap((one) => (one.ok ? [] : one.problems)))
}

function parseHost(word: string, text: string): Outcome<AddressText> {
  const wrong = hostFault(word, text)
  return wrong ? refuse(wrong, word) : succeed(canonicalAddress(text) ?? text)
}

function parseLimit(text: string): Outcome<number> {
  const limit = wholeNumber(text)
  if (typeof limit === 'number' && limit >= 0) return succeed(limit)
  return refuse(
    { reason: `limit ${JSON.stringify(text)} is not a number of rows`, fix: 'use 0 for all' },
    'limit',
  )
}
