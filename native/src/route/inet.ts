// SPDX-License-Identifier: Apache-2.0
// Addresses: bytes <-> canonical text. IPv6 as RFC 5952 wants it: lower case, the longest run of zero groups (the
// first of equals, at least two) as `::`, IPv4-mapped addresses with dots.
import { isIPv4, isIPv6 } from 'node:net'
import { NetlinkFormatError } from './wire.js'

/** IPv4 or IPv6. */
export type Family = 4 | 6

const AF_INET = 2
const AF_INET6 = 10

/** 4 or 6 for the kernel's AF_INET or AF_INET6; undefined for every other family (bridge, multicast routing, …). */
export function familyOf(kernel: number): Family | undefined {
  if (kernel === AF_INET) return 4
  return kernel === AF_INET6 ? 6 : undefined
}

export function kernelFamily(family: Family): number {
  return family === 4 ? AF_INET : AF_INET6
}

/** Canonical text of an address of 4 or 16 bytes. Throws a `NetlinkFormatError` for any other length.
 * @kernel none */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.length !== 16) throw new NetlinkFormatError(`address of ${bytes.length} bytes`)
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0))
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `::ffff:${bytes.subarray(12).join('.')}`
  }
  const { start, length } = longestZeroRun(groups)
  const words = groups.map((group) => group.toString(16))
  if (length < 2) return words.join(':')
  return `${words.slice(0, start).join(':')}::${words.slice(start + length).join(':')}`
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start++) {
    let end = start
    while (groups[end] === 0) end++
    if (end - start > best.length) best = { start, length: end - start }
  }
  return best
}

/** The 4 or 16 bytes of an address in any of its spellings. Throws a `TypeError` for what is not one, zone
 * indices (`%eth0`) included.
 * @kernel none */
export function parseAddress(address: string): { family: Family; bytes: Uint8Array } {
  if (typeof address === 'string' && isIPv4(address))
    return { family: 4, bytes: Uint8Array.from(address.split('.'), Number) }
  if (typeof address !== 'string' || !isIPv6(address) || address.includes('%')) {
    throw new TypeError(`address must be an IPv4 or IPv6 address, not ${JSON.stringify(address)}`)
  }
  return { family: 6, bytes: parse6(address) }
}

function parse6(address: string): Uint8Array {
  const [left = '', right] = address.split('::')
  const head = groupBytes(left)
  const tail = right === undefined ? [] : groupBytes(right)
  const bytes = new Uint8Array(16)
  bytes.set(head)
  bytes.set(tail, 16 - tail.length)
  return bytes
}

function groupBytes(part: string): number[] {
  if (part === '') return []
  return part.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number)
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}

/** `aa:bb:cc:dd:ee:ff` of 6 bytes; `undefined` for any other length.
 * @kernel none */
export function formatMac(bytes: Uint8Array | undefined): string | undefined {
  if (bytes?.length !== 6) return undefined
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':')
}

/** The 6 bytes of `aa:bb:cc:dd:ee:ff`. Throws a `TypeError` for anything else.
 * @kernel none */
export function parseMac(mac: string): Uint8Array {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(mac)) {
    throw new TypeError(`mac must look like 'aa:bb:cc:dd:ee:ff', not ${JSON.stringify(mac)}`)
  }
  return Uint8Array.from(mac.split(':'), (pair) => Number.parseInt(pair, 16))
}
