// SPDX-License-Identifier: Apache-2.0
// What left the director, in the words of guest/frame.py: the fields of a packet that a forwarding decision can change,
// and whether its checksums are right.
import { formatAddress } from '../../../src/abi/address.js'
import { bytes, checksum } from '../../packets/frames.js'
import { EXTENSIONS, FRAGMENT, PROTOCOLS, pseudoTail, TCP_FLAGS } from './packet.js'

export type Words = Record<string, unknown>

const NAMES = new Map(Object.entries(PROTOCOLS).map(([name, number]) => [number, name]))
const EXTENSION_NAMES = new Map(Object.entries(EXTENSIONS).map(([name, number]) => [number, name]))
const ICMP_ERRORS = [3, 4, 5, 11, 12]
const ICMP = 1
const ICMP6 = 58

const u16 = (data: Uint8Array, at: number) => ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0)
const u32 = (data: Uint8Array, at: number) => u16(data, at) * 65_536 + u16(data, at + 2)

interface Opened {
  readonly found: Words
  readonly number: number
  readonly body: Uint8Array
  /** a later fragment: what follows is no transport header */
  readonly later: boolean
}

/** `quoted`: inside of an ICMP error, where it may be cut short. */
export function decode(data: Uint8Array, quoted = false): Words {
  const version = (data[0] ?? 0) >> 4
  if (version === 4 && data.length >= 20) return told(ipv4(data), data, quoted)
  if (version === 6 && data.length >= 40) return told(ipv6(data), data, quoted)
  return data.length === 0 ? {} : { raw: Buffer.from(data.subarray(0, 64)).toString('hex') }
}

function told({ found, number, body, later }: Opened, data: Uint8Array, quoted: boolean): Words {
  const words = { ...found, proto: NAMES.get(number) ?? number }
  if (later) return words
  if ([6, 17, 132].includes(number) && body.length >= 8) return { ...words, ...ports(number, body) }
  if ((number === ICMP || number === ICMP6) && body.length >= 8)
    return { ...words, ...icmp(number, body), ...(quoted ? {} : icmpChecked(number, body, data)) }
  return words
}

function ipv4(data: Uint8Array): Opened {
  const length = ((data[0] ?? 0) & 15) * 4
  const [total, place] = [u16(data, 2), u16(data, 6)]
  const found: Words = {
    src: formatAddress(data.subarray(12, 16), 4),
    dst: formatAddress(data.subarray(16, 20), 4),
    ttl: data[8],
    len: total,
  }
  if (data[1]) found['tos'] = data[1]
  if (place & 0x4000) found['df'] = 1
  if (place & 0x3fff) found['frag'] = [place & 0x1fff, (place >> 13) & 1]
  if (checksum(data.subarray(0, length)) !== 0) found['badcsum'] = 1
  return { found, number: data[9] ?? 0, body: data.subarray(length, total), later: (place & 0x1fff) !== 0 }
}

function ipv6(data: Uint8Array): Opened {
  const found: Words = {
    src: formatAddress(data.subarray(8, 24), 6),
    dst: formatAddress(data.subarray(24, 40), 6),
    ttl: data[7],
    len: 40 + u16(data, 4),
  }
  const traffic = (((data[0] ?? 0) & 15) << 4) | ((data[1] ?? 0) >> 4)
  if (traffic) found['tos'] = traffic
  let number = data[6] ?? 0
  let body = data.subarray(40)
  while (body.length >= 8 && (number === FRAGMENT || EXTENSION_NAMES.has(number))) {
    if (number === FRAGMENT) {
      const place = u16(body, 2)
      found['frag'] = [place >> 3, place & 1]
      number = body[0] ?? 0
      body = body.subarray(8)
      if (place >> 3) return { found, number, body, later: true }
    } else {
      found['ext'] = [...((found['ext'] as string[]) ?? []), EXTENSION_NAMES.get(number)]
      number = body[0] ?? 0
      body = body.subarray(8 + (body[1] ?? 0) * 8)
    }
  }
  return { found, number, body, later: false }
}

function ports(number: number, body: Uint8Array): Words {
  const found: Words = { sport: u16(body, 0), dport: u16(body, 2) }
  if (number === 6 && body.length >= 14)
    found['flags'] = Object.keys(TCP_FLAGS)
      .filter((letter) => (body[13] ?? 0) & (TCP_FLAGS[letter] ?? 0))
      .join('')
  return found
}

function icmp(number: number, body: Uint8Array): Words {
  const found: Words = { type: body[0], code: body[1] }
  if (u32(body, 4) !== 0) found['rest'] = u32(body, 4)
  const isError = number === ICMP ? ICMP_ERRORS.includes(body[0] ?? 0) : (body[0] ?? 0) < 128
  if (isError) found['inner'] = decode(body.subarray(8), true)
  return found
}

function icmpChecked(number: number, body: Uint8Array, data: Uint8Array): Words {
  const pseudo =
    number === ICMP ? new Uint8Array() : bytes(data.subarray(8, 40), pseudoTail(16, body.length, ICMP6))
  return checksum(bytes(pseudo, body)) === 0 ? {} : { badicmpcsum: 1 }
}
