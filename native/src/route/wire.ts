// SPDX-License-Identifier: Apache-2.0
// Netlink's framing: datagrams of messages, messages of attributes. Reading checks every length; numbers are in the
// order of a little-endian machine.

/** Bytes that are not what they should be; the message says which part and why. */
export class NetlinkFormatError extends Error {
  override readonly name = 'NetlinkFormatError'
}

export interface Message {
  readonly type: number
  readonly flags: number
  readonly sequence: number
  /** What follows the 16 bytes of the header; a view into the datagram. */
  readonly payload: Uint8Array
}

/** Attribute type -> its bytes. Of several with one type the last counts, as in the kernel. */
export type Attributes = ReadonlyMap<number, Uint8Array>

export const NLM_F_REQUEST = 0x1
export const NLM_F_ACK = 0x4
export const NLM_F_DUMP_INTR = 0x10
export const NLM_F_DUMP = 0x300
export const NLM_F_REPLACE = 0x100
export const NLM_F_EXCL = 0x200
export const NLM_F_CREATE = 0x400

const MESSAGE_HEADER = 16
const ATTRIBUTE_HEADER = 4
/** NLA_F_NESTED and NLA_F_NET_BYTEORDER ride on the type. */
const TYPE_MASK = 0x3fff

const align = (length: number): number => (length + 3) & ~3

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The messages of a datagram, in order. Throws NetlinkFormatError at the first one that is not whole. */
export function* messagesIn(datagram: Uint8Array): Generator<Message> {
  const view = viewOf(datagram)
  for (let at = 0; at < datagram.length; ) {
    if (at + MESSAGE_HEADER > datagram.length) throw new NetlinkFormatError('message header is cut')
    const length = view.getUint32(at, true)
    if (length < MESSAGE_HEADER) throw new NetlinkFormatError(`message says it has ${length} bytes`)
    if (at + length > datagram.length) {
      throw new NetlinkFormatError(`message of ${length} bytes is cut to ${datagram.length - at}`)
    }
    yield {
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      payload: datagram.subarray(at + MESSAGE_HEADER, at + length),
    }
    at += align(length)
  }
}

/** Attributes from `start` to the end of `bytes`. Up to 3 bytes of padding may follow the last. */
export function readAttributes(bytes: Uint8Array, start = 0): Attributes {
  const view = viewOf(bytes)
  const attributes = new Map<number, Uint8Array>()
  for (let at = start; at + ATTRIBUTE_HEADER <= bytes.length; ) {
    const length = view.getUint16(at, true)
    const type = view.getUint16(at + 2, true) & TYPE_MASK
    if (length < ATTRIBUTE_HEADER)
      throw new NetlinkFormatError(`attribute ${type} says it has ${length} bytes`)
    if (at + length > bytes.length)
      throw new NetlinkFormatError(`attribute ${type} of ${length} bytes is cut`)
    attributes.set(type, bytes.subarray(at + ATTRIBUTE_HEADER, at + length))
    at += align(length)
  }
  return attributes
}

/** The fixed header that opens a payload of this kind, or NetlinkFormatError. */
export function fixedHeader(payload: Uint8Array, length: number, what: string): DataView {
  if (payload.length < length) throw new NetlinkFormatError(`${what} message is cut inside its header`)
  return viewOf(payload)
}

/** Number of 1, 2 or 4 bytes, unsigned, in the machine's order; undefined where there is no attribute. */
export function unsigned(bytes: Uint8Array | undefined, size: 1 | 2 | 4): number | undefined {
  if (bytes === undefined) return undefined
  if (bytes.length < size) throw new NetlinkFormatError(`number of ${size} bytes has ${bytes.length}`)
  const view = viewOf(bytes)
  if (size === 1) return view.getUint8(0)
  return size === 2 ? view.getUint16(0, true) : view.getUint32(0, true)
}

/** Zero-terminated text. */
export function text(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return undefined
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end))
}

export function nested(bytes: Uint8Array | undefined): Attributes | undefined {
  return bytes && readAttributes(bytes)
}

/** A whole message. `header` is the kind's fixed part. */
export function encodeMessage(
  type: number,
  flags: number,
  sequence: number,
  header: Uint8Array,
  attributes: readonly (readonly [type: number, value: Uint8Array])[],
): Uint8Array {
  const size = attributes.reduce(
    (sum, [, value]) => sum + align(ATTRIBUTE_HEADER + value.length),
    align(header.length),
  )
  const bytes = new Uint8Array(MESSAGE_HEADER + size)
  const view = viewOf(bytes)
  view.setUint32(0, bytes.length, true)
  view.setUint16(4, type, true)
  view.setUint16(6, flags, true)
  view.setUint32(8, sequence, true)
  bytes.set(header, MESSAGE_HEADER)
  let at = MESSAGE_HEADER + align(header.length)
  for (const [attribute, value] of attributes) {
    view.setUint16(at, ATTRIBUTE_HEADER + value.length, true)
    view.setUint16(at + 2, attribute, true)
    bytes.set(value, at + ATTRIBUTE_HEADER)
    at += align(ATTRIBUTE_HEADER + value.length)
  }
  return bytes
}

export function uint32Bytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  viewOf(bytes).setUint32(0, value, true)
  return bytes
}
