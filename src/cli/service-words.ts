// SPDX-License-Identifier: Apache-2.0
// Words that name a service and its real servers, and options that may be absent.
import type { Command } from 'commander'
import { fail, succeed } from '../model/describe.js'
import { realText, type ServiceId, serviceKey } from '../model/keys.js'
import type { Outcome, Protocol, ServiceKey } from '../model/types.js'
import { parseMark, parseRealId, parseServiceId, portsOf } from '../model/words.js'

export interface ServiceOptions {
  readonly udp?: boolean
  readonly sctp?: boolean
  readonly mark?: string
  readonly ipv6?: boolean
}

export function serviceOptions(command: Command): Command {
  return command
    .option('--udp', 'the UDP service at this address and port (default: TCP)')
    .option('--sctp', 'the SCTP service at this address and port')
    .option('--mark <n>', 'the service of a mark, instead of an address and port')
    .option('--ipv6', 'with --mark: of IPv6 packets')
}

/** '192.0.2.10:80' with or without --udp; 'udp 192.0.2.10:53' as one word; --mark 6 and no word at all. */
export function serviceWord(text: string | undefined, options: ServiceOptions): Outcome<ServiceId> {
  if (options.mark !== undefined) return markWord(text, options.mark, options)
  if (text === undefined)
    return wrong('which service is not said', 'name it like 192.0.2.10:80, or with --mark 6')
  const id = parseServiceId(text, 'service')
  if (!id.ok) return id
  if (options.ipv6)
    return wrong('--ipv6 is for --mark', 'leave it out: an address says itself what it is', '--ipv6')
  const protocol = protocolWord(options)
  if (!protocol.ok || protocol.value === undefined) return protocol.ok ? id : protocol
  const named = text.trim().includes(' ')
  if (id.value.mark !== undefined || (named && id.value.protocol !== protocol.value))
    return wrong(`${text} is not ${protocol.value.toUpperCase()}`, `leave out --${protocol.value}`, 'service')
  return succeed({ ...id.value, protocol: protocol.value })
}

export function serviceKeyWord(text: string | undefined, options: ServiceOptions): Outcome<ServiceKey> {
  const id = serviceWord(text, options)
  return id.ok ? succeed(serviceKey(id.value)) : id
}

export interface RealWords {
  readonly id: ServiceId
  readonly service: ServiceKey
  /** as in realText */
  readonly real: string
  readonly address: string
  readonly port?: number
}

/** '192.0.2.10:80' and '192.0.2.21', or with --mark the real server alone, which may have a port. */
export function realWords(
  words: readonly (string | undefined)[],
  options: ServiceOptions,
): Outcome<RealWords> {
  const given = words.filter((word) => word !== undefined)
  const [service, address] = options.mark === undefined ? given : [undefined, ...given]
  const id = serviceWord(service, options)
  if (!id.ok) return id
  if (address === undefined)
    return wrong('which real server is not said', 'name it like 192.0.2.21', 'address')
  if (options.mark !== undefined && given.length > 1)
    return wrong(`${given[0]} stands beside --mark ${options.mark}`, 'keep one of them', 'service')
  const real = parseRealId(address, portsOf(id.value), 'address')
  if (!real.ok) return real
  return succeed({ id: id.value, service: serviceKey(id.value), real: realText(real.value), ...real.value })
}

/** An option that may be absent: judged only when it is there. */
export function maybe<T>(
  text: string | undefined,
  parse: (text: string) => Outcome<T>,
): Outcome<T | undefined> {
  return text === undefined ? succeed(undefined) : parse(text)
}

/** A property that is only there when it has a value. */
export function given<Key extends string, T>(key: Key, value: T | undefined): { readonly [K in Key]?: T } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [K in Key]: T })
}

function markWord(text: string | undefined, mark: string, options: ServiceOptions): Outcome<ServiceId> {
  if (text !== undefined) return wrong(`${text} stands beside --mark ${mark}`, 'keep one of them', 'service')
  if (options.udp || options.sctp)
    return wrong('a mark has no protocol', `leave out --${options.udp ? 'udp' : 'sctp'}`, '--mark')
  const number = parseMark(mark, '--mark')
  return number.ok ? succeed({ mark: number.value, family: options.ipv6 ? 6 : 4 }) : number
}

export function protocolWord({ udp, sctp }: ServiceOptions): Outcome<Protocol | undefined> {
  if (udp && sctp) return wrong('--udp and --sctp are two services', 'keep one of them')
  return succeed(udp ? 'udp' : sctp ? 'sctp' : undefined)
}

function wrong(reason: string, fix: string, subject?: string): Outcome<never> {
  return fail(subject === undefined ? { reason, fix } : { subject, reason, fix })
}
