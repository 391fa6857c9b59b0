// SPDX-License-Identifier: Apache-2.0
// Frames as bytes, built from words: what a test sends and what it expects back. Checksums are right unless a test lies on purpose.
import { addressToBytes } from '../../src/abi/address.js'

export const DIRECTOR_MAC = '02:00:00:00:00:fe'
export const CLIENT_MAC = '02:00:00:00:00:c1'

export interface Tag {
  readonly tpid?: number
  readonly vid: number
}

export interface FrameWords {
  readonly dstMac?: string
  readonly srcMac?: string
  readonly tags?: readonly Tag[]
  readonly src: string
  readonly dst: string
  readonly ttl?: number
  /** IPv4: type of service; IPv6: traffic class */
  readonly tos?: number
  /** IPv4: don't fragment */
  readonly df?: boolean
  /** IPv4 options, a multiple of 4 bytes */
  readonly options?: Uint8Array
  /** IPv6 extension headers, in order */
  readonly extensions?: readonly Extension[]
  /** IPv4 fragment; `offset` in bytes */
  readonly fragment?: { readonly id: number; readonly offset: number; readonly more: boolean }
  readonly payload: Transport
  /** zeros behind the packet, as Ethernet adds up to 60 bytes */
  readonly padding?: number
}

export interface Extension {
  readonly kind: 'hop' | 'routing' | 'destination' | 'auth' | 'fragment'
  /** whole header's length in bytes, a multiple of 8 (auth: of 4); fragment: 8 */
  readonly length?: number
  readonly id?: number
  readonly offset?: number
  readonly more?: boolean
}

export interface Transport {
  readonly protocol: number
  readonly bytes: Uint8Array
}

const EXTENSION_NUMBER = { hop: 0, routing: 43, fragment: 44, auth: 51, destination: 60 } as const

export function mac(text: string): Uint8Array {
  return Uint8Array.from(text.split(':'), (byte) => Number.parseInt(byte, 16))
}

/** A real server's MAC, told by its address: 02:01 and the address's last four bytes. */
export function realMac(address: string): string {
  const all = addressToBytes(address)
  const last = address.includes(':') ? all.subarray(12) : all.subarray(0, 4)
  return ['02', '01', ...[...last].map((byte) => byte.toString(16).padStart(2, '0'))].join(':')
}

export function bytes(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

const be16 = (value: number): number[] => [(value >> 8) & 255, value & 255]
const be32 = (value: number): number[] => [...be16(value >>> 16), ...be16(value & 0xffff)]

/** Internet checksum, RFC 1071. */
export function checksum(data: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < data.length; i += 2) sum += ((data[i] ?? 0) << 8) | (data[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

/** Letters as tcpdump's: S F R A P. */
export function tcp(
  sport: number,
  dport: number,
  flags: string,
  payload: Uint8Array = new Uint8Array(),
): Transport {
  const bit = { F: 1, S: 2, R: 4, P: 8, A: 16, U: 32 } as Record<string, number>
  const byte = [...flags].reduce((sum, letter) => sum | (bit[letter] ?? 0), 0)
  const head = [...be16(sport), ...be16(dport), ...be32(1), ...be32(2), 0x50, byte, ...be16(1000), 0, 0, 0, 0]
  return { protocol: 6, bytes: bytes(head, payload) }
}

export function udp(sport: number, dport: number, payload: Uint8Array = new Uint8Array(8)): Transport {
  return { protocol: 17, bytes: bytes(be16(sport), be16(dport), be16(8 + payload.length), [0, 0], payload) }
}

export function icmp(type: number, code: number, quoted: Uint8Array): Transport {
  const body = bytes([type, code, 0, 0, 0, 0, 0, 0], quoted)
  body.set(be16(checksum(body)), 2)
  return { protocol: 1, bytes: body }
}

export function icmp6(type: number, code: number, quoted: Uint8Array): Transport {
  return { protocol: 58, bytes: bytes([type, code, 0, 0, 0, 0, 0, 0], quoted) }
}

/** Types of RFC 9260 section 3.2; 192 is one that nobody knows. */
export const CHUNK = {
  data: 0,
  init: 1,
  initAck: 2,
  sack: 3,
  heartbeat: 4,
  heartbeatAck: 5,
  abort: 6,
  shutdown: 7,
  shutdownAck: 8,
  error: 9,
  cookieEcho: 10,
  cookieAck: 11,
  ecne: 12,
  cwr: 13,
  shutdownComplete: 14,
  reserved: 15,
  unknown: 192,
} as const
export type ChunkName = keyof typeof CHUNK

/** `data`: bytes of each chunk's value, padded to four in the packet. */
export function sctp(sport: number, dport: number, chunks: readonly ChunkName[], data = 4): Transport {
  const padding = new Uint8Array((4 - (data % 4)) % 4)
  const parts = chunks.map((name) =>
    bytes([CHUNK[name], 0], be16(4 + data), new Uint8Array(data).fill(0x5a), padding),
  )
  const packet = bytes(be16(sport), be16(dport), be32(7), [0, 0, 0, 0], ...parts)
  const sum = crc32c(packet)
  packet.set([sum & 255, (sum >>> 8) & 255, (sum >>> 16) & 255, sum >>> 24], 8)
  return { protocol: 132, bytes: packet }
}

/** RFC 9260 appendix A. */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffff_ffff
  for (const byte of data) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1
  }
  return ~crc >>> 0
}

export const raw = (protocol: number, data: Uint8Array): Transport => ({ protocol, bytes: data })

/** The IP packet alone. */
export function ipPacket(words: FrameWords): Uint8Array {
  return words.src.includes(':') ? ipv6(words) : ipv4(words)
}

function ipv4(words: FrameWords): Uint8Array {
  const { src, dst, ttl = 64, tos = 0, df = false, options = new Uint8Array(), fragment, payload } = words
  const header = 20 + options.length
  const where = (df ? 0x4000 : 0) | (fragment?.more ? 0x2000 : 0) | ((fragment?.offset ?? 0) >> 3)
  const head = bytes(
    [0x40 | (header / 4), tos],
    be16(header + payload.bytes.length),
    be16(fragment?.id ?? 0x1234),
    be16(where),
    [ttl, payload.protocol, 0, 0],
    addressToBytes(src).subarray(0, 4),
    addressToBytes(dst).subarray(0, 4),
    options,
  )
  head.set(be16(checksum(head)), 10)
  return bytes(head, payload.bytes)
}

function ipv6({ src, dst, ttl = 64, tos = 0, extensions = [], payload }: FrameWords): Uint8Array {
  const next = (i: number) => {
    const extension = extensions[i]
    return extension ? EXTENSION_NUMBER[extension.kind] : payload.protocol
  }
  const chain = bytes(...extensions.map((extension, i) => extensionBytes(extension, next(i + 1))))
  return bytes(
    [0x60 | (tos >> 4), (tos & 15) << 4, 0, 0],
    be16(chain.length + payload.bytes.length),
    [next(0), ttl],
    addressToBytes(src),
    addressToBytes(dst),
    chain,
    payload.bytes,
  )
}

function extensionBytes(extension: Extension, next: number): Uint8Array {
  if (extension.kind === 'fragment') {
    const where = (extension.offset ?? 0) | (extension.more ? 1 : 0)
    return bytes([next, 0], be16(where), be32(extension.id ?? 1))
  }
  const length = extension.length ?? 8
  const units = extension.kind === 'auth' ? length / 4 - 2 : length / 8 - 1
  return bytes([next, units], new Uint8Array(length - 2))
}

export function frame(words: FrameWords): Uint8Array {
  const tags = (words.tags ?? []).flatMap((tag) => [...be16(tag.tpid ?? 0x8100), ...be16(tag.vid)])
  const ethertype = words.src.includes(':') ? 0x86dd : 0x0800
  return bytes(
    mac(words.dstMac ?? DIRECTOR_MAC),
    mac(words.srcMac ?? CLIENT_MAC),
    tags,
    be16(ethertype),
    ipPacket(words),
    new Uint8Array(words.padding ?? 0),
  )
}

export function arp(): Uint8Array {
  return bytes(mac('ff:ff:ff:ff:ff:ff'), mac(CLIENT_MAC), be16(0x0806), new Uint8Array(46))
}
