// SPDX-License-Identifier: Apache-2.0
// Which packets a trace is of: words of an operator <-> one value with one canonical text. Pure.
import { familyOf } from '../abi/address.js'
import { fail, oneOf, quote, succeed } from './describe.js'
import { serviceFamily, splitServiceKey } from './keys.js'
import { suggestion } from './nearest.js'
import { PROTOCOLS } from './rules.js'
import { KEYS, type KeyName, startsEndpoint, type TraceProtocol } from './trace-words.js'
import type { AddressText, Family, Outcome, ServiceKey } from './types.js'

export { TCP_FLAGS, TRACE_PROTOCOLS, TRACE_REASONS, type TraceProtocol } from './trace-words.js'

/** Every criterion must be met; an absent one is met by whatever comes. */
export interface TraceFilter {
  readonly iface?: string
  readonly family?: Family
  /** source address of the packet */
  readonly client?: { readonly address: AddressText; readonly prefix: number }
  /** of the flow: of an ICMP error, that of the flow it is about */
  readonly clientPort?: number
  /** destination address of the packet */
  readonly vip?: AddressText
  readonly port?: number
  readonly protocol?: TraceProtocol
  /** 'syn': set; '!ack': not set */
  readonly flags?: readonly string[]
  readonly real?: AddressText
  readonly service?: ServiceKey
  /** names or patterns: 'drop_*' */
  readonly reasons?: readonly string[]
}

export const TRACE_KEYS = Object.keys(KEYS) as readonly KeyName[]

/**
 * 'client 198.51.100.0/24 port 80 reason drop_*', in any order, each once; a VIP and its port may stand alone:
 * '192.0.2.10:80', 'udp 192.0.2.10:53'.
 */
export function parseTraceFilter(words: readonly string[], subject?: string): Outcome<TraceFilter> {
  const tokens = words.flatMap((word) => word.split(/\s+/)).filter((token) => token !== '')
  let filter: TraceFilter = {}
  while (tokens.length > 0) {
    const part = takePart(tokens)
    const twice = part.ok ? said(filter, part.value) : undefined
    const outcome =
      twice === undefined ? part : fail({ reason: `${twice} is said twice`, fix: 'keep one of them' })
    if (!outcome.ok) return inPlace(outcome.problems, subject)
    filter = { ...filter, ...outcome.value }
  }
  const whole = consistent(filter)
  return whole.ok ? whole : inPlace(whole.problems, subject)
}

/** The words that are parsed into the same again; '' = every packet. */
export function traceText(filter: TraceFilter): string {
  return TRACE_KEYS.flatMap((key) => {
    const text = KEYS[key].text(filter)
    return text === undefined ? [] : [`${key} ${text}`]
  }).join(' ')
}

/** One family, when anything of the filter tells it. */
export function traceFamily(filter: TraceFilter): Family | undefined {
  return familiesOf(filter)[0]?.[1]
}

function takePart(tokens: string[]): Outcome<TraceFilter> {
  const word = tokens.shift() as string
  if (startsEndpoint(word)) return KEYS.vip.read([word])
  if ((PROTOCOLS as readonly string[]).includes(word)) return KEYS.proto.read([word])
  if (!Object.hasOwn(KEYS, word))
    return fail({ reason: `${quote(word)} is nothing to filter by`, fix: suggestion(word, TRACE_KEYS) })
  const { takes = () => 1, read, example } = KEYS[word as KeyName]
  const values = tokens.splice(0, takes(tokens))
  if (values.length > 0) return read(values)
  return fail({ reason: `${word} needs a value`, fix: `write it like: ${word} ${example}` })
}

/** The word that a part says again. */
function said(filter: TraceFilter, part: TraceFilter): KeyName | undefined {
  const fields = Object.keys(part).filter((field) => field in filter)
  return TRACE_KEYS.find((key) => fields.includes(KEYS[key].field))
}

/** What no packet can be is no filter. */
function consistent(filter: TraceFilter): Outcome<TraceFilter> {
  const families = familiesOf(filter)
  const [first] = families
  const other = families.find(([, family]) => family !== first?.[1])
  if (first && other)
    return fail({
      reason: `${first[0]} is of IPv${first[1]} and ${other[0]} of IPv${other[1]}, so no packet is both`,
      fix: 'leave one of them out',
    })
  if (filter.flags !== undefined && (filter.protocol ?? 'tcp') !== 'tcp')
    return fail({ reason: `${filter.protocol} has no flags`, fix: 'leave flags out, or write proto tcp' })
  return succeed(filter)
}

function familiesOf(filter: TraceFilter): readonly (readonly [what: string, family: Family])[] {
  const { family, client, vip, protocol, real, service } = filter
  const id = service === undefined ? undefined : splitServiceKey(service)
  return [
    ...(family === undefined ? [] : [['family', family] as const]),
    ...(client === undefined ? [] : [['client', familyOf(client.address)] as const]),
    ...(vip === undefined ? [] : [['vip', familyOf(vip)] as const]),
    ...(protocol === 'icmp' ? [['proto icmp', 4] as const] : []),
    ...(protocol === 'icmp6' ? [['proto icmp6', 6] as const] : []),
    ...(real === undefined ? [] : [['real', familyOf(real)] as const]),
    ...(id === undefined ? [] : [['service', serviceFamily(id)] as const]),
  ]
}

function inPlace(
  problems: Extract<Outcome<never>, { ok: false }>['problems'],
  subject?: string,
): Outcome<never> {
  return fail(...problems.map((problem) => ({ ...(subject !== undefined && { subject }), ...problem })))
}

/** 'one of: iface, family, ...' for help. */
export function traceKeysText(): string {
  return oneOf(TRACE_KEYS)
}
