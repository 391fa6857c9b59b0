// SPDX-License-Identifier: Apache-2.0
// Packets out of a capture: pcap and pcap-ng, either byte order. Nothing of a file is believed before it is checked.
import { fail, succeed } from '../model/describe.js'
import type { Outcome } from '../model/types.js'
import { readBlocks } from './blocks.js'
import { damaged, isEthernet, type Packet, type Packets, wrongLink } from './packets.js'

const HEADER = 24
const RECORD = 16
const MAGICS = [0xa1b2c3d4, 0xa1b23c4d]
const SECTION = 0x0a0d0d0a
const GZIP = 0x1f8b

/** The first `most` packets of a file's bytes; `name` is what problems call it. */
export function readCapture(bytes: Uint8Array, name: string, most: number): Outcome<Packets> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length >= 2 && view.getUint16(0) === GZIP)
    return fail({ subject: name, reason: 'it is compressed', fix: 'unpack it first: gunzip' })
  const magic = bytes.length >= 4 ? view.getUint32(0) : undefined
  if (magic === SECTION) return readBlocks(view, name, most)
  const little = bytes.length >= 4 && MAGICS.includes(view.getUint32(0, true))
  if (magic !== undefined && (little || MAGICS.includes(magic))) return readRecords(view, name, most, little)
  const fix = 'give one that tcpdump -w, Wireshark or xlvs trace has written'
  return fail({ subject: name, reason: 'it is no capture: neither pcap nor pcap-ng', fix })
}

/** pcap: a header, then records. Microseconds or nanoseconds does not matter here. */
function readRecords(view: DataView, name: string, most: number, little: boolean): Outcome<Packets> {
  const size = view.byteLength
  if (size < HEADER) return fail(damaged(name, 'it ends within its header'))
  const version = view.getUint16(4, little)
  if (version !== 2)
    return fail({
      subject: name,
      reason: `its format has version ${version}, and 2 is known`,
      fix: 'write it anew',
    })
  const link = view.getUint32(20, little) & 0xffff
  if (!isEthernet(link)) return fail(wrongLink(name, link))
  const packets: Packet[] = []
  for (let at = HEADER; at < size && packets.length <= most; ) {
    const which = `packet ${packets.length + 1}`
    if (size - at < RECORD) return fail(damaged(name, `it ends within the header of ${which}`))
    const captured = view.getUint32(at + 8, little)
    at += RECORD
    if (captured > size - at) return fail(damaged(name, `it ends within ${which}`))
    const data = new Uint8Array(view.buffer, view.byteOffset + at, captured)
    packets.push({ data, length: Math.max(captured, view.getUint32(at - 4, little)) })
    at += captured
  }
  return succeed({ packets: packets.slice(0, most), more: packets.length > most })
}
