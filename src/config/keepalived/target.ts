// SPDX-License-Identifier: Apache-2.0
// Addresses, ranges of addresses and marks: what stands behind virtual_server, and each line of a group.
import { addressToBytes, familyOf, formatAddress, parseAddress } from '../../abi/address.js'
import { quote } from '../../model/describe.js'
import type { Family } from '../../model/types.js'
import type { Fault, Spot } from './remarks.js'
import type { AddressTarget, MarkTarget } from './servers.js'
import { UINT32, wholeIn } from './values.js'

export function readAddressTarget(
  spot: Spot,
  text: string,
  portText: string | undefined,
): AddressTarget | Fault {
  const range = readRange(text)
  if ('reason' in range) return range
  const port = readPort(portText)
  return typeof port === 'string'
    ? { reason: `port ${port}`, objection: true }
    : { kind: 'address', spot, ...range, port }
}

/** keepalived takes 0 and nothing alike. */
export function readPort(text: string | undefined): number | string {
  return text === undefined ? 0 : wholeIn(text, 0, 65_535)
}

export function readMarkTarget(spot: Spot, text = '', familyText?: string): MarkTarget | Fault {
  const mark = wholeIn(text, 0, UINT32)
  if (typeof mark === 'string') return { reason: `fwmark ${mark}`, objection: true }
  if (mark === 0) return { reason: 'fwmark 0 is no mark', fix: 'use 1..4294967295' }
  if (familyText === undefined) return { kind: 'mark', spot, mark }
  const family = readFamily(familyText)
  if (family === undefined)
    return { reason: `${quote(familyText)} is neither inet nor inet6`, objection: true }
  return { kind: 'mark', spot, mark, family }
}

export function readFamily(text: string | undefined): Family | undefined {
  return text === 'inet' ? 4 : text === 'inet6' ? 6 : undefined
}

type Range = Pick<AddressTarget, 'family' | 'first' | 'last'>

/** '10.0.0.1', '10.0.0.1-9', '10.0.0.1-10.0.1.9', '10.0.0.8/29' and the same in IPv6; both ends belong to it. */
function readRange(text: string): Range | Fault {
  const [, start = '', sign, end = ''] = /^([^-/]*)(?:([-/])(.*))?$/s.exec(text) ?? []
  if (parseAddress(start) === undefined)
    return { reason: `${quote(text)} is not an IP address`, objection: true }
  const family = familyOf(start)
  const first = numberOf(start)
  if (sign === undefined) return { family, first, last: first }
  const last = sign === '/' ? blockEnd(first, family, end) : rangeEnd(start, family, end)
  if (typeof last !== 'bigint') return last
  if (last > first) return { family, first, last }
  return sign === '/'
    ? { family, first, last }
    : { reason: `range ${text} does not end behind its start`, objection: true }
}

function blockEnd(first: bigint, family: Family, text: string): bigint | Fault {
  const bits = family === 4 ? 32 : 128
  const prefix = wholeIn(text, 0, bits)
  if (typeof prefix === 'string') return { reason: `prefix ${prefix}`, objection: true }
  const host = (1n << BigInt(bits - prefix)) - 1n
  return (first & host) === 0n
    ? first | host
    : { reason: 'bits behind the prefix are set', fix: 'clear them', objection: true }
}

/** The last number of the address alone, or a whole address. */
function rangeEnd(start: string, family: Family, text: string): bigint | Fault {
  if (parseAddress(text)?.family === family) return numberOf(text)
  const tail = family === 4 ? /^\d{1,3}$/ : /^[0-9a-f]{1,4}$/i
  const [bits, base] = family === 4 ? [8n, 10] : [16n, 16]
  const value = tail.test(text) ? BigInt(Number.parseInt(text, base)) : undefined
  if (value === undefined || value >= 1n << bits)
    return { reason: `${quote(text)} cannot end a range`, objection: true }
  return ((numberOf(start) >> bits) << bits) | value
}

function numberOf(text: string): bigint {
  const bytes = addressToBytes(text).subarray(0, familyOf(text) === 4 ? 4 : 16)
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}

export function addressOf(value: bigint, family: Family): string {
  const bytes = new Uint8Array(16)
  const count = family === 4 ? 4 : 16
  for (let i = 0; i < count; i++) bytes[i] = Number((value >> BigInt(8 * (count - 1 - i))) & 255n)
  return formatAddress(bytes, family)
}

export function sizeOf({ first, last }: AddressTarget): bigint {
  return last - first + 1n
}
