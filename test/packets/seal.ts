// SPDX-License-Identifier: Apache-2.0
// Frames whose transport checksum is right too, computed from the whole packet.
import { bytes, checksum, type FrameWords, frame, ipPacket, type Transport } from './frames.js'

/** Where a protocol keeps a checksum that covers the addresses. */
const FIELD: Readonly<Record<number, number>> = { 6: 16, 17: 6, 58: 2 }

export function sealed(words: FrameWords): Uint8Array {
  return frame({ ...words, payload: sealedTransport(words) })
}

/** The same without Ethernet: what an ICMP error quotes. */
export function sealedPacket(words: FrameWords): Uint8Array {
  return ipPacket({ ...words, payload: sealedTransport(words) })
}

function sealedTransport({ payload, ...rest }: FrameWords): Transport {
  const at = FIELD[payload.protocol]
  if (at === undefined || (rest.fragment?.offset ?? 0) > 0) return payload
  const blank = Uint8Array.from(payload.bytes)
  blank.set([0, 0], at)
  const packet = ipPacket({ ...rest, payload })
  const addresses = rest.src.includes(':') ? packet.subarray(8, 40) : packet.subarray(12, 20)
  const length = [0, 0, blank.length >> 8, blank.length & 255]
  const sum = checksum(bytes(addresses, length, [0, 0, 0, payload.protocol], blank))
  blank.set([sum >> 8, sum & 255], at)
  return { protocol: payload.protocol, bytes: blank }
}
