// SPDX-License-Identifier: Apache-2.0
// A frame made up for an explanation: the smallest packet of a client, with right checksums.
import { addressToBytes, familyOf, macToBytes } from '../abi/address.js'
import type { AddressText, MacText, Protocol } from '../model/types.js'

export interface FrameWish {
  /** of the interface where it arrives */
  readonly destination: MacText
  readonly client: AddressText
  readonly clientPort: number
  readonly vip: AddressText
  readonly port: number
  readonly protocol: Protocol
  readonly flags: TcpWord
}

export type TcpWord = 'syn' | 'ack' | 'fin' | 'rst'

/** Of the router in front, which nobody knows: locally administered, nobody's. */
export const MADE_UP_MAC: MacText = '02:00:00:00:00:01'
const TTL = 64
const NUMBER: Readonly<Record<Protocol, number>> = { tcp: 6, udp: 17, sctp: 132 }
/** A client's FIN acknowledges, as all but the first segment do. */
const TCP_BITS: Readonly<Record<TcpWord, number>> = { syn: 0x02, ack: 0x10, fin: 0x11, rst: 0x04 }

export function madeUpFrame(wish: FrameWish): Uint8Array {
  const six = familyOf(wish.vip) === 6
  const bytes = six ? 16 : 4
  const addresses = joined(
    addressToBytes(wish.client).subarray(0, bytes),
    addressToBytes(wish.vip).subarray(0, bytes),
  )
  const payload = transport(wish)
  seal(wish.protocol, payload, addresses)
  const ip = six
    ? ipv6(wish.protocol, payload.length, addresses)
    : ipv4(wish.protocol, payload.length, addresses)
  const type = six ? [0x86, 0xdd] : [0x08, 0x00]
  return joined(macToBytes(wish.destination), macToBytes(MADE_UP_MAC), type, ip, payload)
}

function transport({ protocol, clientPort, port, flags }: FrameWish): Uint8Array {
  const ports = [...be16(clientPort), ...be16(port)]
  if (protocol === 'udp') return joined(ports, be16(8), [0, 0])
  if (protocol === 'sctp') {
    const init = joined([1, 0], be16(20), [0, 0, 0, 1], [0, 0, 0xff, 0xff], be16(1), be16(1), [0, 0, 0, 1])
    return joined(ports, [0, 0, 0, 0], [0, 0, 0, 0], init)
  }
  const acknowledged = (TCP_BITS[flags] & 0x10) !== 0 ? 1 : 0
  return joined(ports, [0, 0, 0, 1], [0, 0, 0, acknowledged], [0x50, TCP_BITS[flags], 0xff, 0xff, 0, 0, 0, 0])
}

function ipv4(protocol: Protocol, length: number, addresses: Uint8Array): Uint8Array {
  const head = joined([0x45, 0], be16(20 + length), [0, 0, 0x40, 0], [TTL, NUMBER[protocol], 0, 0], addresses)
  head.set(be16(internetSum(head)), 10)
  return head
}

function ipv6(protocol: Protocol, length: number, addresses: Uint8Array): Uint8Array {
  return joined([0x60, 0, 0, 0], be16(length), [NUMBER[protocol], TTL], addresses)
}

/** Writes the checksum of a transport header. */
function seal(protocol: Protocol, segment: Uint8Array, addresses: Uint8Array): void {
  if (protocol === 'sctp') {
    new DataView(segment.buffer).setUint32(8, crc32c(segment), true)
    return
  }
  const pseudo = joined(addresses, [0, NUMBER[protocol]], be16(segment.length), segment)
  const sum = internetSum(pseudo)
  segment.set(be16(protocol === 'udp' && sum === 0 ? 0xffff : sum), protocol === 'udp' ? 6 : 16)
}

/** RFC 1071. */
function internetSum(data: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < data.length; i += 2) sum += ((data[i] ?? 0) << 8) | (data[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

/** RFC 9260 appendix A. */
function crc32c(data: Uint8Array): number {
  let crc = 0xffff_ffff
  for (const byte of data) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1
  }
  return ~crc >>> 0
}

function be16(value: number): readonly number[] {
  return [value >> 8, value & 255]
}

function joined(...parts: readonly ArrayLike<number>[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
