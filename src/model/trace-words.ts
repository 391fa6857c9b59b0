// SPDX-License-Identifier: Apache-2.0
// One row for each word a trace's filter knows: what follows it, and how it is written. Pure.
import {
  ADDRESS_BYTES,
  addressToBytes,
  canonicalAddress,
  familyOf,
  formatAddress,
  parseAddress,
  prefixToMask,
} from '../abi/address.js'
import { Reason } from '../abi/generated.js'
import { fail, oneOf, quote, succeed } from './describe.js'
import { serviceKey } from './keys.js'
import { suggestion } from './nearest.js'
import { hostFault, notAddress, PROTOCOLS, rangeFault, refuse, SERVICE_PORT, wholeNumber } from './rules.js'
import type { TraceFilter } from './trace.js'
import type { Family, Outcome, Protocol } from './types.js'
import { parseInterfaceName, parseServiceId, splitEndpoint } from './words.js'

export type TraceProtocol = Protocol | 'icmp' | 'icmp6'
export const TRACE_PROTOCOLS: readonly TraceProtocol[] = [...PROTOCOLS, 'icmp', 'icmp6']

/** Bits of byte 13 of the TCP header. */
export const TCP_FLAGS = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ece: 64, cwr: 128 } as const
const FLAGS = Object.keys(TCP_FLAGS)

/** Name -> number, as the datapath has them: 'forward_new'. */
export const TRACE_REASONS: Readonly<Record<string, number>> = Object.fromEntries(
  Object.entries(Reason)
    .filter(([name]) => name !== 'FORWARD_END' && name !== 'FORWARD_REDIRECTED')
    .map(([name, number]) => [name.toLowerCase(), number]),
)
const REASONS = Object.keys(TRACE_REASONS)

interface Key {
  /** the property of TraceFilter */
  readonly field: keyof TraceFilter
  readonly example: string
  /** how many of the words that follow are its value; 1 unless told */
  readonly takes?: (next: readonly string[]) => number
  readonly read: (values: readonly string[]) => Outcome<TraceFilter>
  readonly text: (filter: TraceFilter) => string | undefined
}

export type KeyName =
  | 'iface'
  | 'family'
  | 'client'
  | 'client-port'
  | 'vip'
  | 'port'
  | 'proto'
  | 'flags'
  | 'real'
  | 'service'
  | 'reason'

/** In the order of the canonical text. */
export const KEYS: Readonly<Record<KeyName, Key>> = {
  iface: {
    ...{ field: 'iface', example: 'eth0', text: ({ iface }) => iface },
    read: ([text = '']) => mapped(parseInterfaceName(text), (iface) => ({ iface })),
  },
  family: {
    ...{ field: 'family', example: 'ipv6', text: ({ family }) => family && `ipv${family}` },
    read: ([text = '']) =>
      mapped(choose('family', text, ['ipv4', 'ipv6']), (word) => ({ family: word === 'ipv4' ? 4 : 6 })),
  },
  client: {
    ...{ field: 'client', example: '198.51.100.0/24', text: ({ client }) => client && netText(client) },
    read: ([text = '']) => mapped(readNet(text), (client) => ({ client })),
  },
  'client-port': {
    ...{ field: 'clientPort', example: '4711', text: ({ clientPort }) => numberText(clientPort) },
    read: ([text = '']) => mapped(readPort(text, 'client-port'), (clientPort) => ({ clientPort })),
  },
  vip: {
    ...{ field: 'vip', example: '192.0.2.10', text: ({ vip }) => vip },
    read: ([text = '']) => readEndpoint(text),
  },
  port: {
    ...{ field: 'port', example: '80', text: ({ port }) => numberText(port) },
    read: ([text = '']) => mapped(readPort(text, 'port'), (port) => ({ port })),
  },
  proto: {
    ...{ field: 'protocol', example: 'udp', text: ({ protocol }) => protocol },
    read: ([text = '']) =>
      mapped(choose('proto', text, TRACE_PROTOCOLS), (word) => ({ protocol: word as TraceProtocol })),
  },
  flags: {
    ...{ field: 'flags', example: 'syn,!ack', text: ({ flags }) => flags?.join(',') },
    read: ([text = '']) => mapped(readFlags(text), (flags) => ({ flags })),
  },
  real: {
    ...{ field: 'real', example: '192.0.2.21', text: ({ real }) => real },
    read: ([text = '']) => mapped(readHost(text, 'real'), (real) => ({ real })),
  },
  service: {
    ...{ field: 'service', example: 'tcp 192.0.2.10:80', text: ({ service }) => service },
    takes: wordsOfService,
    read: (values) => mapped(parseServiceId(values.join(' ')), (id) => ({ service: serviceKey(id) })),
  },
  reason: {
    ...{ field: 'reasons', example: 'drop_*,answer_no_real', text: ({ reasons }) => reasons?.join(',') },
    read: ([text = '']) => mapped(readReasons(text), (reasons) => ({ reasons })),
  },
}

/** '192.0.2.10:80', '[2001:db8::10]:80', '2001:db8::10': no word of the filter looks like that. */
export function startsEndpoint(word: string): boolean {
  return /^[0-9.]+(?::|$)/.test(word) || word.startsWith('[') || /^[0-9a-f]*:[0-9a-f:.]*$/i.test(word)
}

/** Bit by number of xlvs_reason. */
export function reasonBits(patterns: readonly string[] | undefined): bigint {
  if (patterns === undefined) return (1n << 64n) - 1n
  return patterns
    .flatMap(namesLike)
    .reduce((bits, name) => bits | (1n << BigInt(TRACE_REASONS[name] ?? 0)), 0n)
}

function namesLike(pattern: string): readonly string[] {
  const parts = pattern.split('*')
  return REASONS.filter((name) => fitsParts(name, parts))
}

/** The first part begins it, the last ends it, the others come in between in their order. */
function fitsParts(name: string, parts: readonly string[]): boolean {
  const [first = '', ...rest] = parts
  const last = rest.pop()
  if (last === undefined) return name === first
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last))
    return false
  let at = first.length
  const end = name.length - last.length
  return rest.every((part) => {
    const found = name.indexOf(part, at)
    at = found + part.length
    return found >= 0 && at <= end
  })
}

function readReasons(text: string): Outcome<readonly string[]> {
  const patterns = [...new Set(text.toLowerCase().split(','))]
  const unknown = patterns.find((pattern) => namesLike(pattern).length === 0)
  if (unknown === undefined) return succeed(patterns)
  const fix = unknown.includes('*') ? 'use a part of a name, as in drop_*' : reasonHint(unknown)
  return refuse({ reason: `no reason is called ${quote(unknown)}`, fix: `${fix}; see: xlvs show reasons` })
}

/** All names would be no sentence. */
function reasonHint(word: string): string {
  const hint = suggestion(word, REASONS)
  return hint.startsWith('use ') ? 'write one like drop_no_real, or a pattern like drop_*' : hint
}

function readFlags(text: string): Outcome<readonly string[]> {
  const flags = [...new Set(text.toLowerCase().split(','))]
  const bare = flags.map((flag) => flag.replace(/^!/, ''))
  const wrong = bare.find((flag) => !FLAGS.includes(flag))
  if (wrong !== undefined)
    return refuse({ reason: `${quote(wrong)} is no TCP flag`, fix: suggestion(wrong, FLAGS) })
  const both = bare.find((flag, i) => bare.indexOf(flag) !== i)
  if (both === undefined) return succeed(flags)
  return refuse({ reason: `${both} cannot be set and not set`, fix: `write ${both} or !${both}` })
}

function readNet(text: string): Outcome<NonNullable<TraceFilter['client']>> {
  const [address = '', length, ...more] = text.split('/')
  const parsed = parseAddress(address)
  if (parsed === undefined || more.length > 0) return refuse(notAddress('client', text))
  const widest = parsed.family === 4 ? 32 : 128
  const prefix = length === undefined ? widest : wholeNumber(length)
  const wrong = rangeFault(`IPv${parsed.family} prefix`, prefix, [0, widest])
  if (wrong) return refuse(wrong)
  const mask = prefixToMask(prefix as number)
  const net = Uint8Array.from({ length: ADDRESS_BYTES }, (_, i) => (parsed.bytes[i] ?? 0) & (mask[i] ?? 0))
  return succeed({ address: formatAddress(net, parsed.family), prefix: prefix as number })
}

function netText({ address, prefix }: NonNullable<TraceFilter['client']>): string {
  return prefix === widthOf(familyOf(address)) ? address : `${address}/${prefix}`
}

function widthOf(family: Family): number {
  return family === 4 ? 32 : 128
}

/** A port beside the VIP is the filter's. */
function readEndpoint(text: string): Outcome<TraceFilter> {
  const { address, port } = splitEndpoint(text)
  const vip = readHost(address, 'vip')
  if (!vip.ok || port === undefined) return mapped(vip, (value) => ({ vip: value }))
  return mapped(readPort(port, 'port'), (number) => ({ vip: vip.value, port: number }))
}

function readHost(text: string, word: string): Outcome<string> {
  const wrong = hostFault(word, text)
  return wrong ? refuse(wrong) : succeed(canonicalAddress(text) ?? text)
}

function readPort(text: string, word: string): Outcome<number> {
  const number = wholeNumber(text)
  const wrong = rangeFault(word, number, SERVICE_PORT)
  return wrong ? refuse(wrong) : succeed(number as number)
}

/** 'tcp 192.0.2.10:80' is two words, 'fwm 6 ipv6' three. */
function wordsOfService([first = '', , third = '']: readonly string[]): number {
  if (first.toLowerCase() === 'fwm') return /^ipv[46]$/i.test(third) ? 3 : 2
  return (PROTOCOLS as readonly string[]).includes(first) ? 2 : 1
}

function choose(word: string, text: string, list: readonly string[]): Outcome<string> {
  const choice = text.toLowerCase()
  if (list.includes(choice)) return succeed(choice)
  return fail({ reason: `unknown ${word} ${quote(text)}`, fix: `use ${oneOf(list)}` })
}

function numberText(number: number | undefined): string | undefined {
  return number === undefined ? undefined : String(number)
}

function mapped<T>(outcome: Outcome<T>, make: (value: T) => TraceFilter): Outcome<TraceFilter> {
  return outcome.ok ? succeed(make(outcome.value)) : outcome
}

/** For text that is known to be an address. */
export function maskOf(client: TraceFilter['client']): {
  readonly net: Uint8Array
  readonly mask: Uint8Array
} {
  if (client === undefined) return { net: new Uint8Array(ADDRESS_BYTES), mask: new Uint8Array(ADDRESS_BYTES) }
  return { net: addressToBytes(client.address), mask: prefixToMask(client.prefix) }
}
