// SPDX-License-Identifier: Apache-2.0
// Captures as bytes, written here from words so that the reader is not held to a writer of its own kind.

export interface Wish {
  readonly little?: boolean
  readonly nanoseconds?: boolean
  readonly link?: number
}

/** Frames and, where it differs, the length on the wire. */
export type Frame = Uint8Array | { readonly data: Uint8Array; readonly length: number }

const dataOf = (frame: Frame) => (frame instanceof Uint8Array ? frame : frame.data)

function words(little: boolean, ...values: readonly (readonly [bits: 16 | 32, value: number])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.reduce((sum, [bits]) => sum + bits / 8, 0)))
  let at = 0
  for (const [bits, value] of values) {
    if (bits === 16) view.setUint16(at, value, little)
    else view.setUint32(at, value, little)
    at += bits / 8
  }
  return new Uint8Array(view.buffer)
}

const joined = (...parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]))
const padded = (data: Uint8Array) => joined(data, new Uint8Array((4 - (data.length % 4)) % 4))

export function pcap(
  frames: readonly Frame[],
  { little = true, nanoseconds, link = 1 }: Wish = {},
): Uint8Array {
  const magic = nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4
  const head = words(little, [32, magic], [16, 2], [16, 4], [32, 0], [32, 0], [32, 65_535], [32, link])
  const records = frames.map((frame) => {
    const data = dataOf(frame)
    return joined(words(little, [32, 1], [32, 2], [32, data.length], [32, frame.length]), data)
  })
  return joined(head, ...records)
}

export function block(little: boolean, type: number, body: Uint8Array): Uint8Array {
  const length = 12 + padded(body).length
  return joined(words(little, [32, type], [32, length]), padded(body), words(little, [32, length]))
}

const OPTION = [
  [16, 1],
  [16, 3],
  [32, 0x61626300],
  [16, 0],
  [16, 0],
] as const

export const section = (little: boolean) =>
  block(
    little,
    0x0a0d0d0a,
    words(little, [32, 0x1a2b3c4d], [16, 1], [16, 0], [32, 0xffffffff], [32, 0xffffffff]),
  )
export const device = (little: boolean, link = 1, snap = 0) =>
  block(little, 1, words(little, [16, link], [16, 0], [32, snap], ...OPTION))
export const enhanced = (little: boolean, from: number, frame: Frame) =>
  block(
    little,
    6,
    joined(
      words(little, [32, from], [32, 5], [32, 6], [32, dataOf(frame).length], [32, frame.length]),
      padded(dataOf(frame)),
      words(little, ...OPTION),
    ),
  )
export const simple = (little: boolean, length: number, data: Uint8Array) =>
  block(little, 3, joined(words(little, [32, length]), data))
export const statistics = (little: boolean) => block(little, 5, words(little, [32, 0], [32, 1], [32, 2]))

export { joined }
