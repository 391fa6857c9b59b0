// SPDX-License-Identifier: Apache-2.0
// Packets as scenarios describe them, turned into the very bytes that the guest sends (guest/packet.py): IPv4 and IPv6
// with options, extension headers and fragments; TCP, UDP, SCTP chunks, ICMP about another packet.
import { addressToBytes } from '../../../src/abi/address.js'
import { bytes, checksum } from '../../packets/frames.js'
import type { Value } from '../scenario.js'

export type PacketFields = Readonly<Record<string, Value | undefined>>

export const PROTOCOLS: Readonly<Record<string, number>> = {
  icmp: 1,
  tcp: 6,
  udp: 17,
  esp: 50,
  ah: 51,
  icmp6: 58,
  sctp: 132,
}
export const TCP_FLAGS: Readonly<Record<string, number>> = {
  F: 1,
  S: 2,
  R: 4,
  P: 8,
  A: 16,
  U: 32,
  E: 64,
  C: 128,
}
export const EXTENSIONS: Readonly<Record<string, number>> = { hop: 0, routing: 43, dst: 60 }
export const FRAGMENT = 44
const CHUNKS: readonly string[] =
  'DATA INIT INIT-ACK SACK HEARTBEAT HEARTBEAT-ACK ABORT SHUTDOWN SHUTDOWN-ACK ERROR COOKIE-ECHO COOKIE-ACK ECNE CWR SHUTDOWN-COMPLETE'.split(
    ' ',
  )

const be16 = (value: number): number[] => [(value >> 8) & 255, value & 255]
const be32 = (value: number): number[] => [...be16(value >>> 16), ...be16(value & 0xffff)]

/** `from` the wire on: no link header. */
export function ipPacketOf(fields: PacketFields): Uint8Array {
  if (fields['raw'] !== undefined) return fromHex(String(fields['raw']))
  const v6 = String(fields['src']).includes(':')
  const [src, dst] = [addressOf(fields['src']), addressOf(fields['dst'])]
  const body = transport(fields, src, dst)
  return v6 ? ipv6(fields, src, dst, body) : ipv4(fields, src, dst, body)
}

function addressOf(text: Value | undefined): Uint8Array {
  const all = addressToBytes(String(text))
  return String(text).includes(':') ? all : all.subarray(0, 4)
}

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
}

function protocolNumber({ proto }: PacketFields): number {
  return typeof proto === 'number' ? proto : (PROTOCOLS[String(proto)] ?? 0)
}

function numberOf(fields: PacketFields, name: string, otherwise: number): number {
  return Number(fields[name] ?? otherwise)
}

function payload({ payload: text, len }: PacketFields): Uint8Array {
  if (text !== undefined) return Uint8Array.from([...String(text)], (letter) => letter.charCodeAt(0))
  return new Uint8Array(Number(len ?? 0)).fill('x'.charCodeAt(0))
}

function transport(fields: PacketFields, src: Uint8Array, dst: Uint8Array): Uint8Array {
  if (fields['l4hex'] !== undefined) return fromHex(String(fields['l4hex']))
  const pseudo = (length: number) => bytes(src, dst, pseudoTail(src.length, length, protocolNumber(fields)))
  switch (fields['proto']) {
    case 'tcp':
      return tcp(fields, pseudo)
    case 'udp':
      return udp(fields, pseudo)
    case 'sctp':
      return sctp(fields)
    case 'icmp':
    case 'icmp6':
      return icmp(fields, pseudo)
    default:
      return payload(fields)
  }
}

/** Behind the two addresses, RFC 793 and RFC 8200. */
export function pseudoTail(addressBytes: number, length: number, protocol: number): readonly number[] {
  return addressBytes === 16 ? [...be32(length), 0, 0, 0, protocol] : [0, protocol, ...be16(length)]
}

type Pseudo = (length: number) => Uint8Array

function withChecksum(body: Uint8Array, at: number, pseudo: Uint8Array): Uint8Array {
  const sum = checksum(bytes(pseudo, body))
  body.set(be16(sum), at)
  return body
}

function tcp(fields: PacketFields, pseudo: Pseudo): Uint8Array {
  const flags = [...String(fields['flags'] ?? 'S')].reduce((sum, letter) => sum | (TCP_FLAGS[letter] ?? 0), 0)
  const ack = flags & 16 ? numberOf(fields, 'ack', 1) : 0
  const head = [
    ...be16(numberOf(fields, 'sport', 0)),
    ...be16(numberOf(fields, 'dport', 0)),
    ...be32(numberOf(fields, 'seq', 1)),
    ...be32(ack),
    ...[5 << 4, flags, 255, 255, 0, 0, 0, 0],
  ]
  const body = bytes(head, payload(fields))
  return withChecksum(body, 16, pseudo(body.length))
}

function udp(fields: PacketFields, pseudo: Pseudo): Uint8Array {
  const data = payload(fields)
  const ports = [...be16(numberOf(fields, 'sport', 0)), ...be16(numberOf(fields, 'dport', 0))]
  const body = withChecksum(bytes(ports, be16(8 + data.length), [0, 0], data), 6, pseudo(8 + data.length))
  // 0 would mean "no checksum"
  if (body[6] === 0 && body[7] === 0) body.set([255, 255], 6)
  return body
}

function sctp(fields: PacketFields): Uint8Array {
  const written = fields['chunk'] ?? 'INIT'
  const kinds = (Array.isArray(written) ? written : [written]) as readonly (string | number)[]
  const chunks = kinds.map((kind) => {
    const number = typeof kind === 'number' ? kind : CHUNKS.indexOf(kind)
    return bytes([number, 0, 0, 20], new Uint8Array(16))
  })
  const ports = [...be16(numberOf(fields, 'sport', 0)), ...be16(numberOf(fields, 'dport', 0))]
  const body = bytes(ports, be32(numberOf(fields, 'vtag', 0)), be32(0), ...chunks)
  const crc = crc32c(body)
  body.set([crc & 255, (crc >>> 8) & 255, (crc >>> 16) & 255, crc >>> 24], 8)
  return body
}

function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of data) {
    crc ^= byte
    for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0)
  }
  return ~crc >>> 0
}

function icmp(fields: PacketFields, pseudo: Pseudo): Uint8Array {
  const { inner, type, code, trunc } = fields
  const inside = inner === undefined ? payload(fields) : ipPacketOf(inner as PacketFields)
  const head = [Number(type), Number(code ?? 0), 0, 0, ...be32(numberOf(fields, 'rest', 0))]
  const body = bytes(head, trunc === undefined ? inside : inside.subarray(0, Number(trunc)))
  return withChecksum(body, 2, fields['proto'] === 'icmp6' ? pseudo(body.length) : new Uint8Array())
}

/** Eight bytes: a routing header with no segments left, or options that are nothing but padding. */
function extension(kind: string, following: number): readonly number[] {
  return [following, 0, ...(kind === 'routing' ? [0, 0] : [1, 4]), 0, 0, 0, 0]
}

function wrap(names: readonly string[], following: number, body: Uint8Array): [number, Uint8Array] {
  return names.reduceRight<[number, Uint8Array]>(
    ([next, inside], name) => [EXTENSIONS[name] ?? 0, bytes(extension(name, next), inside)],
    [following, body],
  )
}

function ipv6(fields: PacketFields, src: Uint8Array, dst: Uint8Array, whole: Uint8Array): Uint8Array {
  const names = (fields['ext'] ?? []) as readonly string[]
  const { frag } = fields
  // destination options travel inside the fragments, the others in front of the fragment header
  const inside: readonly string[] = frag === undefined ? [] : names.filter((name) => name === 'dst')
  let [following, body] = wrap(inside, protocolNumber(fields), whole)
  if (frag !== undefined) {
    const [offset = 0, more = 0, ident = 0] = (frag as readonly Value[]).map(Number)
    const part = body.subarray(offset * 8, numberOf(fields, 'fragend', body.length))
    body = bytes([following, 0], be16((offset << 3) | more), be32(ident), part)
    following = FRAGMENT
  }
  ;[following, body] = wrap(
    names.filter((name) => !inside.includes(name)),
    following,
    body,
  )
  const word = (6 << 28) | (numberOf(fields, 'tos', 0) << 20) | numberOf(fields, 'flow', 0)
  return bytes(be32(word), be16(body.length), [following, numberOf(fields, 'ttl', 64)], src, dst, body)
}

function ipv4(fields: PacketFields, src: Uint8Array, dst: Uint8Array, whole: Uint8Array): Uint8Array {
  const { frag, df, opts } = fields
  const [offset = 0, more = 0, id = 0] = ((frag ?? []) as readonly Value[]).map(Number)
  const body =
    frag === undefined ? whole : whole.subarray(offset * 8, numberOf(fields, 'fragend', whole.length))
  const place = frag === undefined ? (df ? 0x4000 : 0) : offset | (more ? 0x2000 : 0)
  const options = fromHex(String(opts ?? ''))
  const words = 5 + options.length / 4
  const head = bytes(
    [(4 << 4) | words, numberOf(fields, 'tos', 0)],
    be16(words * 4 + body.length),
    be16(frag === undefined ? numberOf(fields, 'id', 1) : id),
    be16(place),
    [numberOf(fields, 'ttl', 64), protocolNumber(fields), 0, 0],
    ...[src, dst, options],
  )
  return bytes(withChecksum(head, 10, new Uint8Array()), body)
}
