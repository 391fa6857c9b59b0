// SPDX-License-Identifier: Apache-2.0
// pcap-ng as it is written: blocks as bytes, each whole, so that a file is good wherever it ends and a reader at the
// other end of a pipe is never behind. (draft-ietf-opsawg-pcapng)

export interface WriterOptions {
  /** 'xlvs 0.6.0' */
  readonly application: string
  readonly os: string
  /** about the whole file */
  readonly comment: string
  /** bytes of a frame at most */
  readonly snaplen: number
  readonly emit: (block: Uint8Array) => void
}

export interface WrittenPacket {
  readonly interface: string
  /** ms since the epoch, with fractions */
  readonly at: number
  /** bytes of the frame on the wire */
  readonly length: number
  /** its beginning */
  readonly head: Uint8Array
  readonly comment: string
  /** lost since the packet before */
  readonly dropped?: number
}

export interface Totals {
  /** ms since the epoch */
  readonly at: number
  readonly dropped: number
  readonly comment: string
}

export interface PcapWriter {
  packet(packet: WrittenPacket): void
  /** The statistics of each interface; nothing comes after them. */
  end(totals: Totals): void
}

const BLOCK = { section: 0x0a0d0d0a, interface: 1, statistics: 5, packet: 6 } as const
const BYTE_ORDER = 0x1a2b3c4d
const ETHERNET = 1
const UNKNOWN_LENGTH = 0xffff_ffff_ffff_ffffn
/** 10^-9 s */
const NANOSECONDS = 9
const INBOUND = 1
const OPTION = {
  comment: 1,
  section: { os: 3, application: 4 },
  interface: { name: 2, resolution: 9 },
  packet: { flags: 2, dropped: 4 },
  statistics: { start: 2, end: 3, received: 4, dropped: 5 },
} as const

type Option = readonly [code: number, value: Uint8Array]

interface Known {
  readonly id: number
  readonly first: number
  received: number
}

/** The section header is emitted at once: a reader sees that it is pcap-ng before the first packet comes. */
export function createPcapWriter(options: WriterOptions): PcapWriter {
  const { emit, snaplen } = options
  const known = new Map<string, Known>()
  emit(sectionBlock(options))
  return {
    packet: (packet) => {
      let on = known.get(packet.interface)
      if (on === undefined) {
        on = { id: known.size, first: packet.at, received: 0 }
        known.set(packet.interface, on)
        emit(interfaceBlock(packet.interface, snaplen))
      }
      on.received += 1
      emit(packetBlock(on.id, packet))
    },
    end: (totals) => {
      for (const on of known.values()) emit(statisticsBlock(on, totals))
    },
  }
}

function sectionBlock({ application, os, comment }: WriterOptions): Uint8Array {
  const body = new DataView(new ArrayBuffer(16))
  body.setUint32(0, BYTE_ORDER, true)
  body.setUint16(4, 1, true)
  body.setUint16(6, 0, true)
  body.setBigUint64(8, UNKNOWN_LENGTH, true)
  return block(BLOCK.section, bytesOf(body), [
    [OPTION.section.os, text(os)],
    [OPTION.section.application, text(application)],
    [OPTION.comment, text(comment)],
  ])
}

function interfaceBlock(name: string, snaplen: number): Uint8Array {
  const body = new DataView(new ArrayBuffer(8))
  body.setUint16(0, ETHERNET, true)
  body.setUint32(4, snaplen, true)
  return block(BLOCK.interface, bytesOf(body), [
    [OPTION.interface.name, text(name)],
    [OPTION.interface.resolution, Uint8Array.of(NANOSECONDS)],
  ])
}

function packetBlock(id: number, { at, length, head, comment, dropped = 0 }: WrittenPacket): Uint8Array {
  const body = new Uint8Array(20 + padded(head.length))
  const view = new DataView(body.buffer)
  view.setUint32(0, id, true)
  body.set(moment(at), 4)
  view.setUint32(12, head.length, true)
  view.setUint32(16, length, true)
  body.set(head, 20)
  return block(BLOCK.packet, body, [
    [OPTION.comment, text(comment)],
    [OPTION.packet.flags, number32(INBOUND)],
    ...(dropped > 0 ? [[OPTION.packet.dropped, number64(dropped)] as const] : []),
  ])
}

/** Losses are not known by interface: the first one has them all. */
function statisticsBlock({ id, first, received }: Known, { at, dropped, comment }: Totals): Uint8Array {
  const body = new Uint8Array(12)
  new DataView(body.buffer).setUint32(0, id, true)
  body.set(moment(at), 4)
  return block(BLOCK.statistics, body, [
    [OPTION.statistics.start, moment(first)],
    [OPTION.statistics.end, moment(at)],
    [OPTION.statistics.received, number64(received)],
    ...(id === 0 ? [[OPTION.statistics.dropped, number64(dropped)] as const] : []),
    ...(id === 0 ? [[OPTION.comment, text(comment)] as const] : []),
  ])
}

function block(type: number, body: Uint8Array, options: readonly Option[]): Uint8Array {
  const tail = optionsBytes(options)
  const length = 12 + body.length + tail.length
  const whole = new Uint8Array(length)
  const view = new DataView(whole.buffer)
  view.setUint32(0, type, true)
  view.setUint32(4, length, true)
  whole.set(body, 8)
  whole.set(tail, 8 + body.length)
  view.setUint32(length - 4, length, true)
  return whole
}

/** Each padded to four bytes, and the end of them. */
function optionsBytes(options: readonly Option[]): Uint8Array {
  const length = options.reduce((sum, [, value]) => sum + 4 + padded(value.length), 4)
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const [code, value] of options) {
    view.setUint16(at, code, true)
    view.setUint16(at + 2, value.length, true)
    bytes.set(value, at + 4)
    at += 4 + padded(value.length)
  }
  return bytes
}

/** Two halves, the upper first. */
function moment(ms: number): Uint8Array {
  const ns = BigInt(Math.round(ms * 1e3)) * 1_000n
  const view = new DataView(new ArrayBuffer(8))
  view.setUint32(0, Number(ns >> 32n), true)
  view.setUint32(4, Number(ns & 0xffff_ffffn), true)
  return bytesOf(view)
}

function number32(value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(4))
  view.setUint32(0, value, true)
  return bytesOf(view)
}

function number64(value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8))
  view.setBigUint64(0, BigInt(value), true)
  return bytesOf(view)
}

/** An option is 65535 bytes at most; a character that was cut in half is left out. */
function text(words: string): Uint8Array {
  const bytes = new TextEncoder().encode(words)
  return bytes.length <= 0xffff ? bytes : text(words.slice(0, 0xffff >> 2))
}

function padded(length: number): number {
  return (length + 3) & ~3
}

function bytesOf({ buffer, byteOffset, byteLength }: DataView<ArrayBuffer>): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
