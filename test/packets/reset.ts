// SPDX-License-Identifier: Apache-2.0
// The RST with which the director ends a flow, twice: built from words, and read from the frame alone.
import { bytes, CLIENT_MAC, checksum, DIRECTOR_MAC, type FrameWords, frame, ipPacket } from './frames.js'

const [FIN, SYN, RST, ACK] = [1, 2, 4, 16]

/** As the kernel writes one (RFC 9293 section 3.10.7.1): no identification, DF; `to` is a segment with ACK 2. */
export function resetFrame(to: FrameWords): Uint8Array {
  const [client, server] = [to.payload.bytes.subarray(0, 2), to.payload.bytes.subarray(2, 4)]
  const segment = bytes(server, client, [0, 0, 0, 2], [0, 0, 0, 0], [0x50, RST], new Uint8Array(6))
  const back: FrameWords = {
    ...{ src: to.dst, dst: to.src, srcMac: DIRECTOR_MAC, dstMac: CLIENT_MAC },
    ...{ df: true, fragment: { id: 0, offset: 0, more: false } },
    payload: { protocol: 6, bytes: segment },
  }
  const sum = checksum(bytes(addressesOf(ipPacket(back)), [0, 6, 0, 20], segment))
  segment.set([sum >> 8, sum & 255], 16)
  return frame(back)
}

/** What is wrong with one IP packet as the RST that answers another; undefined = nothing. */
export function wrongReset(asked: Uint8Array, said: Uint8Array): string | undefined {
  const six = (said[0] ?? 0) >> 4 === 6
  const [from, segment] = [segmentOf(asked), said.subarray(six ? 40 : 20)]
  if (segment.length !== 20) return `a RST of ${segment.length} bytes`
  const header = six
    ? said[0] === 0x60 && said[7] === 64
    : said[0] === 0x45 &&
      said[8] === 64 &&
      half(said, 4) === 0 &&
      half(said, 6) === 0x4000 &&
      checksum(said.subarray(0, 20)) === 0
  if (!header) return 'IP header of the RST'
  if (checksum(bytes(addressesOf(said), [0, 6, 0, 20], segment)) !== 0) return 'TCP checksum of the RST'
  if (word(segment, 0) !== ((half(from, 2) << 16) | half(from, 0)) >>> 0) return 'ports of the RST'
  const flags = from[13] ?? 0
  if (flags & RST) return 'a RST was answered'
  const length = from.length - ((from[12] ?? 0) >> 4) * 4 + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0)
  const wanted = flags & ACK ? [word(from, 8), 0, RST] : [0, (word(from, 4) + length) >>> 0, RST | ACK]
  const found = [word(segment, 4), word(segment, 8), segment[13]]
  return String(found) === String(wanted) ? undefined : `a RST of ${found}, not ${wanted}`
}

/** As long as the IP header says. */
function segmentOf(packet: Uint8Array): Uint8Array {
  if ((packet[0] ?? 0) >> 4 === 6) return packet.subarray(40, 40 + half(packet, 4))
  return packet.subarray(((packet[0] ?? 0) & 15) * 4, half(packet, 2))
}

function addressesOf(packet: Uint8Array): Uint8Array {
  return (packet[0] ?? 0) >> 4 === 6 ? packet.subarray(8, 40) : packet.subarray(12, 20)
}

function half(data: Uint8Array, at: number): number {
  return ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0)
}

function word(data: Uint8Array, at: number): number {
  return (half(data, at) * 65_536 + half(data, at + 2)) >>> 0
}
