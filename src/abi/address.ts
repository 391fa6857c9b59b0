// SPDX-License-Identifier: Apache-2.0
// Addresses, MACs and masks: text <-> bytes as abi.h keeps them (16 bytes, IPv4 in the first four).
// Text that comes out is canonical: dotted quad, RFC 5952, lower-case MAC. Pure.

/** Same as the model's Family; this folder imports nothing. */
export type Family = 4 | 6

export const ADDRESS_BYTES = 16
export const MAC_BYTES = 6

export interface ParsedAddress {
  readonly family: Family
  /** 16 bytes; IPv4 in the first four, the rest zero */
  readonly bytes: Uint8Array
}

/** Strict: dotted quad without leading zeros, or RFC 4291 text without zone. */
export function parseAddress(text: string): ParsedAddress | undefined {
  const bytes = new Uint8Array(ADDRESS_BYTES)
  if (text.includes(':')) return readIpv6(text, bytes) ? { family: 6, bytes } : undefined
  return readIpv4(text, bytes, 0) ? { family: 4, bytes } : undefined
}

export function canonicalAddress(text: string): string | undefined {
  const parsed = parseAddress(text)
  return parsed && formatAddress(parsed.bytes, parsed.family)
}

/** For text known to be an address; throws on anything else, since that is a fault of the caller. */
export function addressToBytes(text: string): Uint8Array {
  const parsed = parseAddress(text)
  if (parsed === undefined) throw new TypeError(`not an IP address: ${JSON.stringify(text)}`)
  return parsed.bytes
}

/** Family of text known to be an address. */
export function familyOf(text: string): Family {
  return text.includes(':') ? 6 : 4
}

export function formatAddress(bytes: Uint8Array, family: Family): string {
  return family === 4 ? quad(bytes, 0) : formatIpv6(bytes)
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

/** 'aa:bb:cc:dd:ee:ff', either case, also with '-'. */
export function parseMac(text: string): Uint8Array | undefined {
  if (!/^[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}$/i.test(text)) return undefined
  return Uint8Array.from(text.split(/[:-]/), (part) => Number.parseInt(part, 16))
}

export function formatMac(bytes: Uint8Array): string {
  return Array.from(bytes.subarray(0, MAC_BYTES), (byte) => byte.toString(16).padStart(2, '0')).join(':')
}

export function canonicalMac(text: string): string | undefined {
  const bytes = parseMac(text)
  return bytes && formatMac(bytes)
}

/** For text known to be a MAC; throws on anything else. */
export function macToBytes(text: string): Uint8Array {
  const bytes = parseMac(text)
  if (bytes === undefined) throw new TypeError(`not a MAC address: ${JSON.stringify(text)}`)
  return bytes
}

/** 16 bytes with `prefix` leading ones; an IPv4 mask stands in the first four bytes. */
export function prefixToMask(prefix: number): Uint8Array {
  return Uint8Array.from({ length: ADDRESS_BYTES }, (_, i) => {
    const ones = Math.min(8, Math.max(0, prefix - 8 * i))
    return (0xff << (8 - ones)) & 0xff
  })
}

/** Leading ones when nothing but zeros follows, otherwise undefined (a mask with holes). */
export function maskToPrefix(mask: Uint8Array): number | undefined {
  const prefix = mask.reduce((ones, byte) => ones + bitsSet(byte), 0)
  return sameBytes(mask, prefixToMask(prefix).subarray(0, mask.length)) ? prefix : undefined
}

/** Mask of a persistence: 16 bytes from its prefix, or from the IPv4 netmask when it has one. */
export function maskBytes(persistence: { readonly prefix: number; readonly mask?: string }): Uint8Array {
  return persistence.mask === undefined ? prefixToMask(persistence.prefix) : addressToBytes(persistence.mask)
}

export function bitsSet(byte: number): number {
  let count = 0
  for (let rest = byte; rest !== 0; rest &= rest - 1) count++
  return count
}

/** Character by character: a large file has a hundred thousand of these. */
function readIpv4(text: string, into: Uint8Array, at: number): boolean {
  let [part, value, digits] = [0, 0, 0]
  for (let i = 0; i <= text.length; i++) {
    const digit = i < text.length ? text.charCodeAt(i) - ZERO : DOT
    if (digit === DOT) {
      if (digits === 0 || part === 4) return false
      into[at + part++] = value
      value = 0
      digits = 0
      continue
    }
    if (digit < 0 || digit > 9 || (digits > 0 && value === 0)) return false
    value = 10 * value + digit
    if (value > 255) return false
    digits++
  }
  return part === 4
}

const ZERO = '0'.charCodeAt(0)
const DOT = '.'.charCodeAt(0) - ZERO

function readIpv6(text: string, into: Uint8Array): boolean {
  const halves = text.split('::')
  if (halves.length > 2) return false
  const [head, tail] = [groups(halves[0] ?? '', halves.length === 1), groups(halves[1] ?? '', true)]
  if (head === undefined || tail === undefined) return false
  const count = head.length + tail.length
  if (halves.length === 1 ? count !== 8 : count > 7) return false
  for (const [i, value] of head.entries()) putGroup(into, i, value)
  for (const [i, value] of tail.entries()) putGroup(into, 8 - tail.length + i, value)
  return true
}

/** 16-bit groups between colons; the last one may be a dotted quad when it ends the address. */
function groups(text: string, ends: boolean): number[] | undefined {
  if (text === '') return []
  const out: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) {
      out.push(Number.parseInt(part, 16))
      continue
    }
    const four = new Uint8Array(4)
    if (!ends || i !== parts.length - 1 || !readIpv4(part, four, 0)) return undefined
    out.push(groupAt(four, 0), groupAt(four, 1))
  }
  return out
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups is '::'. */
function formatIpv6(bytes: Uint8Array): string {
  const all = Array.from({ length: 8 }, (_, i) => groupAt(bytes, i))
  if (all.slice(0, 5).every((group) => group === 0) && all[5] === 0xffff) return `::ffff:${quad(bytes, 12)}`
  const [start, length] = longestZeroRun(all)
  const hex = all.map((group) => group.toString(16))
  if (length < 2) return hex.join(':')
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`
}

function longestZeroRun(all: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0]
  for (let start = 0; start < all.length; start++) {
    let end = start
    while (all[end] === 0) end++
    if (end - start > best[1]) best = [start, end - start]
  }
  return best
}

function quad(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`
}

function groupAt(bytes: Uint8Array, index: number): number {
  return ((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)
}

function putGroup(into: Uint8Array, index: number, value: number): void {
  into[2 * index] = value >> 8
  into[2 * index + 1] = value & 0xff
}
