// SPDX-License-Identifier: Apache-2.0
// What a single value may be: the ranges, the kinds of address, and the sentence for each way to be wrong.
// Every front end (file, command line, socket) judges by these and by nothing else.
import { canonicalMac, type ParsedAddress, parseAddress } from '../abi/address.js'
import { fail, oneOf, quote } from './describe.js'
import type { Limits, Outcome, Problem, ProblemCode, Protocol, SchedulerName } from './types.js'

/** A Problem that does not know yet where it stands. */
export interface Fault {
  readonly code?: ProblemCode
  readonly reason: string
  readonly fix: string
}

export type Range = readonly [low: number, high: number]

export const WEIGHT: Range = [0, 2_147_483_647]
/** connections; 0 = no threshold */
export const THRESHOLD: Range = [0, 2_147_483_647]
export const PORT: Range = [1, 65_535]
/** of a service, where 0 stands for every port that no other service claims; of a mark's real server: the packet's */
export const SERVICE_PORT: Range = [0, 65_535]
export const MARK: Range = [1, 4_294_967_295]
/** seconds: 31 days, as IPVS */
export const SECONDS: Range = [1, 2_678_400]
export const PREFIX4: Range = [1, 32]
export const PREFIX6: Range = [1, 128]
export const LIMIT_RANGES: Readonly<Record<keyof Limits, Range>> = {
  connections: [1_024, 67_108_864],
  templates: [256, 16_777_216],
  services: [1, 65_536],
  reals: [1, 262_143],
  interfaces: [1, 64],
  ifindex: [16, 1_048_575],
}
export const MAX_REALS_PER_SERVICE = 4_096
/** port ranges of all mark rules together: the datapath searches one sorted table per protocol */
export const MAX_MARK_RANGES = 16_384
export const MAX_NAME = 128
export const MAX_INTERFACE_BYTES = 15

export const SCHEDULERS: readonly SchedulerName[] = [
  'rr',
  'wrr',
  'lc',
  'wlc',
  'lblc',
  'lblcr',
  'dh',
  'sh',
  'sed',
  'nq',
  'fo',
  'ovf',
  'mh',
  'twos',
  'none',
]
export const PROTOCOLS: readonly Protocol[] = ['tcp', 'udp', 'sctp']
export const DEFAULT_SCHEDULER: SchedulerName = 'wlc'
export const DEFAULT_PROTOCOL: Protocol = 'tcp'
export const DEFAULT_WEIGHT = 1

/** A fault with its subject, when it has one. */
export function problem(fault: Fault, subject?: string): Problem {
  return subject === undefined ? fault : { subject, ...fault }
}

export function refuse<T = never>(fault: Fault, subject?: string): Outcome<T> {
  return fail(problem(fault, subject))
}

/** The number that decimal digits stand for; other text stays text, so that the sentence can show it. */
export function wholeNumber(text: string): number | string {
  return /^(0|-?[1-9][0-9]{0,14})$/.test(text) ? Number(text) : text
}

export function rangeFault(word: string, value: unknown, [low, high]: Range): Fault | undefined {
  const fix = `use ${low}..${high}`
  if (typeof value !== 'number' || Number.isNaN(value)) {
    return { reason: `${word} is ${kindOf(value)}, not a whole number`, fix }
  }
  if (value > high) return { reason: `${word} ${value} is above ${high}`, fix }
  if (value < low) return { reason: `${word} ${value} is below ${low}`, fix }
  if (!Number.isInteger(value)) return { reason: `${word} ${value} is not a whole number`, fix }
  return undefined
}

/** IPVS answers ERANGE to these; so does xlvsadm. */
export function outOfRange(fault: Fault | undefined): Fault | undefined {
  return fault === undefined ? undefined : { code: 'range', ...fault }
}

/** `word` is the kind of thing, `list` all there are. */
export function choiceFault(word: string, value: unknown, list: readonly string[]): Fault | undefined {
  if (typeof value === 'string' && list.includes(value)) return undefined
  if (typeof value !== 'string') return { reason: `${word} is ${kindOf(value)}`, fix: `use ${oneOf(list)}` }
  return { reason: `unknown ${word} ${quote(value)}`, fix: `use ${oneOf(list)}` }
}

/** An address that a packet to one host can carry. `word` names it: 'VIP', 'real'. */
export function hostFault(word: string, text: string): Fault | undefined {
  const parsed = parseAddress(text)
  if (parsed === undefined) return notAddress(word, text)
  const kind = parsed.family === 4 ? kind4(parsed.bytes) : kind6(parsed.bytes)
  if (kind === undefined) return undefined
  return { reason: `${word} ${text} is ${kind}`, fix: 'use the unicast address of one host' }
}

export function notAddress(word: string, text: string): Fault {
  const fix = 'write it like 192.0.2.10 or 2001:db8::1'
  const bare = text.replace(/[%/].*$/s, '')
  if (bare !== text && parseAddress(bare) !== undefined) {
    const what = text.includes('%') ? 'zone' : 'prefix'
    return { reason: `${word} ${quote(text)} has a ${what}`, fix: `write ${bare}` }
  }
  if (/^[0-9]+(\.[0-9]+){3}$/.test(text) && /(^|\.)0[0-9]/.test(text)) {
    return { reason: `${word} ${quote(text)} has leading zeros, which some read as octal`, fix }
  }
  if (/^[a-z][a-z0-9.-]*$/i.test(text)) {
    return { reason: `${word} ${quote(text)} is a name; names are not looked up`, fix }
  }
  return { reason: `${word} ${quote(text)} is not an IP address`, fix }
}

export function macFault(word: string, text: string): Fault | undefined {
  const canonical = canonicalMac(text)
  if (canonical === undefined) {
    return { reason: `${word} ${quote(text)} is not a MAC address`, fix: 'write it like "02:00:00:00:00:01"' }
  }
  const fix = 'use the MAC of one interface'
  if (canonical === '00:00:00:00:00:00') return { reason: `${word} ${text} is all zeros`, fix }
  if (Number.parseInt(canonical.slice(0, 2), 16) & 1) return { reason: `${word} ${text} is multicast`, fix }
  return undefined
}

/** The kernel's rule for names of network devices. */
export function interfaceFault(name: string): Fault | undefined {
  const fix = 'use a name that `ip link` shows'
  if (name === '' || name === '.' || name === '..') {
    return { reason: `interface name ${quote(name)} is not possible`, fix }
  }
  if (/[/:\s\0]/.test(name)) {
    return { reason: `interface name ${quote(name)} holds '/', ':' or white space`, fix }
  }
  const bytes = new TextEncoder().encode(name).length
  if (bytes <= MAX_INTERFACE_BYTES) return undefined
  return { reason: `interface name ${quote(name)} has ${bytes} bytes, more than ${MAX_INTERFACE_BYTES}`, fix }
}

/** Human names of services and real servers. */
export function nameFault(name: string): Fault | undefined {
  const fix = `use 1..${MAX_NAME} printable characters`
  if (name === '') return { reason: 'name is empty', fix }
  const length = [...name].length
  if (length > MAX_NAME) return { reason: `name has ${length} characters`, fix }
  if (/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(name)) {
    return { reason: `name ${quote(name)} holds control characters`, fix }
  }
  return undefined
}

/** An absolute path that a file may have. */
export function pathFault(what: string, path: string): Fault | undefined {
  if (/^\/[^\0]*[^/\0]$/.test(path) && path.length < 4096) return undefined
  return {
    reason: `${what} ${quote(path)} is not an absolute path`,
    fix: 'write it from the root on: /run/…',
  }
}

/** What a value is, in words: 'a list', 'the text "x"'. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map'
  if (typeof value === 'string') return `the text ${quote(value)}`
  return typeof value === 'number' ? `the number ${value}` : String(value)
}

function kind4(bytes: ParsedAddress['bytes']): string | undefined {
  const a = bytes[0] ?? 0
  const [b, c, d] = [bytes[1] ?? 0, bytes[2] ?? 0, bytes[3] ?? 0]
  if (a === 0) return (b || c || d) === 0 ? 'the unspecified address' : 'in 0.0.0.0/8, which no host has'
  if (a === 127) return 'a loopback address'
  if (a >= 224 && a < 240) return 'a multicast address'
  return (a & b & c & d) === 255 ? 'the broadcast address' : undefined
}

function kind6(bytes: ParsedAddress['bytes']): string | undefined {
  const [a = 0, b = 0] = bytes
  if (a === 0xff) return 'a multicast address'
  if (a === 0xfe && (b & 0xc0) === 0x80) return 'link-local: it means nothing without an interface'
  const high = bytes.subarray(0, 10).every((byte) => byte === 0)
  if (high && bytes[10] === 0xff && bytes[11] === 0xff)
    return 'an IPv4-mapped address, which no packet carries'
  if (!high || bytes.subarray(10, 15).some((byte) => byte !== 0)) return undefined
  return ['the unspecified address', 'a loopback address'][bytes[15] ?? 0]
}
