// SPDX-License-Identifier: Apache-2.0
// pcap-ng (draft-ietf-opsawg-pcapng): sections of either byte order, each with interfaces of its own; what is not a
// packet or an interface is passed over, options too.
import { fail, succeed } from '../model/describe.js'
import type { Outcome, Problem } from '../model/types.js'
import { damaged, isEthernet, type Packet, type Packets, wrongLink } from './packets.js'

const BLOCK = { section: 0x0a0d0d0a, interface: 1, obsolete: 2, simple: 3, enhanced: 6 } as const
const ORDER = 0x1a2b3c4d
/** type, length, and the length again */
const FRAME = 12

interface Interface {
  readonly link: number
  /** 0: no limit */
  readonly most: number
}

interface Section {
  readonly little: boolean
  readonly interfaces: Interface[]
}

interface Reading {
  readonly view: DataView
  readonly name: string
  readonly packets: Packet[]
  section: Section | undefined
}

/** Begins with a section header. */
export function readBlocks(view: DataView, name: string, most: number): Outcome<Packets> {
  const reading: Reading = { view, name, packets: [], section: undefined }
  for (let at = 0, number = 1; at < view.byteLength && reading.packets.length <= most; number++) {
    const length = lengthAt(reading, at)
    if (length === undefined) return fail(damaged(name, `block ${number} has a length that cannot be`))
    const wrong = readBlock(reading, at, length)
    if (wrong) return fail(wrong)
    at += length
  }
  const { packets } = reading
  return succeed({ packets: packets.slice(0, most), more: packets.length > most })
}

/** Of the whole block; a section header says the byte order first. */
function lengthAt(reading: Reading, at: number): number | undefined {
  const { view } = reading
  const left = view.byteLength - at
  if (left < FRAME) return undefined
  if (view.getUint32(at) === BLOCK.section) {
    const little = view.getUint32(at + 8, true) === ORDER
    if (!little && view.getUint32(at + 8) !== ORDER) return undefined
    reading.section = { little, interfaces: [] }
  }
  const { little } = reading.section as Section
  const length = view.getUint32(at + 4, little)
  const sound = length >= FRAME && length % 4 === 0 && length <= left
  return sound && view.getUint32(at + length - 4, little) === length ? length : undefined
}

function readBlock(reading: Reading, at: number, length: number): Problem | undefined {
  const { view, name } = reading
  const section = reading.section as Section
  const body = length - FRAME
  switch (view.getUint32(at, section.little)) {
    case BLOCK.section:
      return sectionProblem(reading, at, body)
    case BLOCK.interface:
      if (body < 8) return damaged(name, 'an interface is described in too few bytes')
      section.interfaces.push({
        link: view.getUint16(at + 8, section.little),
        most: view.getUint32(at + 12, section.little),
      })
      return undefined
    case BLOCK.enhanced:
    case BLOCK.obsolete:
      return readPacket(reading, at, body)
    case BLOCK.simple:
      return readSimple(reading, at, body)
    default:
      return undefined
  }
}

function sectionProblem({ view, name, section }: Reading, at: number, body: number): Problem | undefined {
  if (body < 16) return damaged(name, 'a section begins with too few bytes')
  const major = view.getUint16(at + 12, (section as Section).little)
  if (major === 1) return undefined
  return { subject: name, reason: `its format has version ${major}, and 1 is known`, fix: 'write it anew' }
}

/** Interface, time, captured and original length, data. An obsolete one has its interface in 16 bits. */
function readPacket(reading: Reading, at: number, body: number): Problem | undefined {
  const { view, name, packets } = reading
  const { little } = reading.section as Section
  const which = `packet ${packets.length + 1}`
  const captured = body < 20 ? Number.POSITIVE_INFINITY : view.getUint32(at + 20, little)
  if (captured > body - 20) return damaged(name, `${which} is longer than its block`)
  const old = view.getUint32(at, little) === BLOCK.obsolete
  const from = old ? view.getUint16(at + 8, little) : view.getUint32(at + 8, little)
  return take(reading, from, at + 28, captured, view.getUint32(at + 24, little))
}

/** Of the first interface; as long as that captures. */
function readSimple(reading: Reading, at: number, body: number): Problem | undefined {
  const { view, name, packets } = reading
  const { little, interfaces } = reading.section as Section
  if (body < 4) return damaged(name, `packet ${packets.length + 1} is longer than its block`)
  const length = view.getUint32(at + 8, little)
  const most = interfaces[0]?.most || Number.POSITIVE_INFINITY
  const captured = Math.min(length, most)
  if (captured > body - 4) return damaged(name, `packet ${packets.length + 1} is longer than its block`)
  return take(reading, 0, at + 12, captured, length)
}

function take(
  { view, name, packets, section }: Reading,
  from: number,
  at: number,
  captured: number,
  length: number,
): Problem | undefined {
  const which = `packet ${packets.length + 1}`
  const device = section?.interfaces[from]
  if (device === undefined) return damaged(name, `${which} is of an interface that is not described`)
  if (!isEthernet(device.link)) return wrongLink(name, device.link, `${which} has`)
  const data = new Uint8Array(view.buffer, view.byteOffset + at, captured)
  packets.push({ data, length: Math.max(captured, length) })
  return undefined
}
