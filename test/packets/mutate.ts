// SPDX-License-Identifier: Apache-2.0
// Frames that nobody would send on purpose: good ones changed where it hurts, and noise.
import { CASES } from './cases.js'
import { DIRECTOR_MAC, mac } from './frames.js'
import type { Chance } from './random.js'

export const MAX_FRAME = 1518
export const MIN_FRAME = 14

interface Seed {
  readonly data: Uint8Array
  /** where the IP header starts, as far as there is one */
  readonly ip: number
}

/** A frame being changed, in a buffer that is used again and again. */
export interface Draft {
  readonly bytes: Uint8Array
  length: number
}

const ODD = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 17, 20, 41, 43, 44, 50, 51, 58, 59, 60, 63, 64, 127, 128, 129, 192, 254, 255,
]
const FLAGS = [0x02, 0x02, 0x10, 0x18, 0x11, 0x04, 0x12, 0x00, 0x06, 0xff]
const MAC = mac(DIRECTOR_MAC)

/** Every frame of the table of cases, and every frame that is given there. */
export function seeds(): Seed[] {
  const all: Uint8Array[] = []
  for (const cases of Object.values(CASES)) {
    for (const { given, frame } of cases) {
      if (frame.length <= MAX_FRAME) all.push(frame)
      for (const each of given) if ('send' in each) all.push(each.send)
    }
  }
  const once = new Map(all.map((data) => [Buffer.from(data).toString('latin1'), data]))
  return [...once.values()].map((data) => ({ data, ip: ipOf(data) }))
}

/** Where the IP header of a frame starts. */
export function ipOf(data: Uint8Array): number {
  let at = 12
  while (at < 20 && ((data[at] === 0x81 && data[at + 1] === 0) || data[at] === 0x88)) at += 4
  return at + 2
}

/** Puts the next frame into `draft`. */
export function nextFrame(draft: Draft, all: readonly Seed[], chance: Chance): void {
  if (chance.once(20)) {
    noise(draft, chance)
    return
  }
  const { data, ip } = chance.pick(all)
  draft.bytes.set(data)
  draft.length = data.length
  if (!chance.once(8)) otherFlow(draft, ip, chance, all)
  const changes = chance.once(3) ? 0 : 1 + chance.int(3)
  for (let i = 0; i < changes; i++) chance.pick(CHANGES)(draft, ip, chance, all)
}

type Change = (draft: Draft, ip: number, chance: Chance, all: readonly Seed[]) => void

/** Another client out of a few hundred, another port: flows begin, go on and meet. */
const otherFlow: Change = ({ bytes }, ip, { int }) => {
  const six = at(bytes, ip) >> 4 === 6
  bytes[ip + (six ? 23 : 15)] = int(40)
  const l4 = ip + (six ? 40 : (at(bytes, ip) & 15) * 4)
  bytes[l4 + 1] = int(16)
}

const anyByte: Change = ({ bytes, length }, _, { int }) => {
  bytes[int(length)] = int(256)
}
const oddByte: Change = ({ bytes, length }, _, { int, pick }) => {
  bytes[int(length)] = pick(ODD)
}
const bit: Change = ({ bytes, length }, _, { int }) => {
  const where = int(length)
  bytes[where] = at(bytes, where) ^ (1 << int(8))
}
/** The first 48 bytes of the IP packet: where everything is decided. */
const headerByte: Change = ({ bytes }, ip, { int, pick }) => {
  bytes[ip + int(48)] = pick(ODD)
}
const word: Change = ({ bytes, length }, ip, { int, pick }) => {
  const value = pick([
    0,
    1,
    0xffff,
    0x7fff,
    0x8000,
    length - ip,
    length - ip - 1,
    length - ip + 1,
    19,
    20,
    39,
    40,
  ])
  const where = ip + int(24) * 2
  bytes[where] = (value >> 8) & 255
  bytes[where + 1] = value & 255
}
const flags: Change = ({ bytes }, ip, { pick }) => {
  const six = at(bytes, ip) >> 4 === 6
  bytes[ip + (six ? 40 : (at(bytes, ip) & 15) * 4) + 13] = pick(FLAGS)
}
/** Another first chunk, where there is SCTP. */
const chunk: Change = ({ bytes }, ip, { int }) => {
  const six = at(bytes, ip) >> 4 === 6
  bytes[ip + (six ? 40 : (at(bytes, ip) & 15) * 4) + 12] = int(16)
}
const cut: Change = (draft, _, { int }) => {
  draft.length = MIN_FRAME + int(draft.length - MIN_FRAME + 1)
}
const longer: Change = (draft, _, { int }) => {
  const length = Math.min(MAX_FRAME, draft.length + int(int(4) === 0 ? 1400 : 64))
  for (let i = draft.length; i < length; i++) draft.bytes[i] = int(256)
  draft.length = length
}
/** An IPv4 fragment of some kind. */
const fragment: Change = ({ bytes }, ip, { int, pick }) => {
  bytes[ip + 5] = int(4)
  bytes[ip + 6] = pick([0, 0x20, 0x20, 0x40, 0x80, 0x1f])
  bytes[ip + 7] = pick([0, 0, 1, 4, 255])
}
const splice: Change = (draft, _, { int, pick }, all) => {
  const { data } = pick(all)
  const from = int(Math.min(data.length, draft.length))
  draft.bytes.set(data.subarray(from), from)
  draft.length = Math.max(MIN_FRAME, data.length)
}
const tag: Change = (draft, _, { int, pick }) => {
  if (draft.length + 4 > MAX_FRAME) return
  draft.bytes.copyWithin(16, 12, draft.length)
  draft.bytes.set([pick([0x81, 0x88, 0x91]), pick([0, 0xa8]), int(256), int(256)], 12)
  draft.length += 4
}

const CHANGES: readonly Change[] = [
  anyByte,
  oddByte,
  bit,
  headerByte,
  headerByte,
  word,
  word,
  flags,
  flags,
  chunk,
  cut,
  longer,
  fragment,
  splice,
  tag,
]

/** Chance alone, half of it dressed as something for the director. */
function noise(draft: Draft, { int, once, pick }: Chance): void {
  draft.length = MIN_FRAME + int(once(2) ? 100 : MAX_FRAME - MIN_FRAME + 1)
  for (let i = 0; i < draft.length; i++) draft.bytes[i] = int(256)
  if (once(2)) return
  draft.bytes.set(MAC, 0)
  draft.bytes.set(
    pick([
      [8, 0],
      [0x86, 0xdd],
      [0x81, 0],
      [0x88, 0xa8],
    ]),
    12,
  )
  if (draft.length > 14) draft.bytes[14] = pick([0x45, 0x46, 0x4f, 0x60, int(256)])
}

function at(bytes: Uint8Array, offset: number): number {
  return bytes[offset] ?? 0
}
