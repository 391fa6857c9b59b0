// SPDX-License-Identifier: Apache-2.0
// What the director tells a client itself, twice: built from words, and read from the frame alone.
import { bytes, CLIENT_MAC, checksum, DIRECTOR_MAC, type FrameWords, frame, ipPacket } from './frames.js'
import { wrongReset } from './reset.js'

export interface Answer {
  readonly about: 'no_real' | 'ttl' | 'mtu'
  /** of the next hop */
  readonly mtu?: number
}

const TCP = 6
/** RFC 792, RFC 4443: type and code by family. */
const KIND = {
  4: { no_real: [3, 3], ttl: [11, 0], mtu: [3, 4] },
  6: { no_real: [1, 4], ttl: [3, 0], mtu: [2, 0] },
} as const
/** An answer fits 576 bytes (RFC 1812 section 4.3.2.3), or 1280 (RFC 4443 section 2.4). */
const QUOTES = { 4: 576 - 28, 6: 1280 - 48 } as const
const CONTROL = 0xc0

/** The frame that goes back: the packet that came, from the VIP, told in an ICMP message; IPVS measures with the hop spent. */
export function answered(words: FrameWords, { about, mtu = 0 }: Answer): Uint8Array {
  const family = words.src.includes(':') ? 6 : 4
  const [type, code] = KIND[family][about]
  const quoted = ipPacket(about === 'mtu' ? { ...words, ttl: (words.ttl ?? 64) - 1 } : words)
  const body = bytes([type, code, 0, 0], word(mtu), quoted.subarray(0, QUOTES[family]))
  const back: FrameWords = {
    srcMac: words.dstMac ?? DIRECTOR_MAC,
    dstMac: words.srcMac ?? CLIENT_MAC,
    tags: words.tags ?? [],
    src: words.dst,
    dst: words.src,
    payload: { protocol: family === 4 ? 1 : 58, bytes: body },
  }
  const sum = checksum(family === 4 ? body : bytes(pseudo(ipPacket(back)), body))
  body.set([sum >> 8, sum & 255], 2)
  if (family === 6) return frame(back)
  const fragment = { id: words.fragment?.id ?? 0x1234, offset: 0, more: false }
  return frame({ ...back, fragment, tos: CONTROL | ((words.tos ?? 0) & 0x1e) })
}

/** Addresses, length and number that an ICMPv6 checksum covers (RFC 8200 section 8.1). */
function pseudo(packet: Uint8Array): Uint8Array {
  return bytes(packet.subarray(8, 40), word(packet.length - 40), word(58))
}

function word(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
}

interface Message {
  readonly from: Uint8Array
  readonly to: Uint8Array
  /** as long as the IP header says */
  readonly packet: Uint8Array
  readonly icmp: Uint8Array
}

/** What is wrong with `out` as the answer to `came`, whose IP header starts at `ip`; undefined = nothing. */
export function wrongAnswer(
  came: Uint8Array,
  out: Uint8Array,
  ip: number,
  mtus: ReadonlySet<number>,
): string | undefined {
  if (!same(out.subarray(0, 6), came.subarray(6, 12)) || !same(out.subarray(6, 12), came.subarray(0, 6)))
    return 'MAC addresses are not exchanged'
  if (!same(out.subarray(12, ip), came.subarray(12, ip))) return 'another link header'
  const six = (came[ip] ?? 0) >> 4 === 6
  const [asked, said] = [read(came.subarray(ip), six), read(out.subarray(ip), six)]
  if (said.packet.length !== out.length - ip) return 'another length than the IP header says'
  if (!same(said.from, asked.to) || !same(said.to, asked.from)) return 'not from the VIP to the client'
  if (came[ip + (six ? 6 : 9)] === TCP && out[ip + (six ? 6 : 9)] === TCP)
    return wrongReset(asked.packet, said.packet)
  return wrongHeader(said, six) ?? wrongQuote(asked, said, six) ?? wrongMessage(said, six, mtus)
}

function read(data: Uint8Array, six: boolean): Message {
  const packet = data.subarray(0, six ? 40 + be16(data, 4) : be16(data, 2))
  if (six) return { from: data.subarray(8, 24), to: data.subarray(24, 40), packet, icmp: packet.subarray(40) }
  const header = ((data[0] ?? 0) & 15) * 4
  return { from: data.subarray(12, 16), to: data.subarray(16, 20), packet, icmp: packet.subarray(header) }
}

function wrongHeader({ packet, icmp }: Message, six: boolean): string | undefined {
  if (six) {
    const right = packet[0] === 0x60 && packet[6] === 58 && packet[7] === 64
    return right && checksum(bytes(pseudo(packet), icmp)) === 0 ? undefined : 'IPv6 header or checksum'
  }
  const right = packet[0] === 0x45 && packet[8] === 64 && packet[9] === 1 && be16(packet, 6) === 0
  if (!right || checksum(packet.subarray(0, 20)) !== 0) return 'IPv4 header'
  return checksum(icmp) === 0 ? undefined : 'ICMP checksum'
}

function wrongQuote(asked: Message, said: Message, six: boolean): string | undefined {
  const quote = said.icmp.subarray(8)
  const length = Math.min(asked.packet.length, (six ? 1280 : 576) - (said.packet.length - quote.length))
  const wanted = asked.packet.slice(0, length)
  const measured = `${said.icmp[0]}/${said.icmp[1]}` === (six ? '2/0' : '3/4')
  if (measured) wanted[six ? 7 : 8] = (wanted[six ? 7 : 8] ?? 0) - 1
  if (!measured || six) return same(quote, wanted) ? undefined : 'does not quote the packet'
  wanted.set(quote.subarray(10, 12), 10)
  const header = quote.subarray(0, ((quote[0] ?? 0) & 15) * 4)
  const lied = checksum(asked.packet.subarray(0, header.length)) !== 0
  if (!lied && checksum(header) !== 0) return 'the quoted checksum does not know of the spent hop'
  return same(quote, wanted) ? undefined : 'does not quote the packet'
}

function wrongMessage({ icmp }: Message, six: boolean, mtus: ReadonlySet<number>): string | undefined {
  const kind = `${icmp[0]}/${icmp[1]}`
  const rest = be16(icmp, 4) * 65536 + be16(icmp, 6)
  if (kind === (six ? '2/0' : '3/4')) return mtus.has(rest) ? undefined : `an MTU of ${rest}`
  if (![six ? '1/4' : '3/3', six ? '3/0' : '11/0'].includes(kind)) return `ICMP ${kind}`
  return rest === 0 ? undefined : 'something in the unused word'
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

function be16(data: Uint8Array, at: number): number {
  return ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0)
}
