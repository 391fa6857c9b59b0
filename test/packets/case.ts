// SPDX-License-Identifier: Apache-2.0
// What a packet case is made of, and the director that all cases start from.
import type { Tunables } from '../../src/model/types.js'
import type { HopWords, RuleWords, ServiceWords } from '../bpf/rig.js'
import { type Answer, answered } from './answer.js'
import { CLIENT_MAC, DIRECTOR_MAC, type FrameWords, frame, realMac, type Tag } from './frames.js'

export const VIP = '10.0.1.1'
export const VIP6 = 'fd00:1::1'
export const REAL = '10.0.2.1'
export const REAL6 = 'fd00:2::1'
export const CLIENT = '192.168.0.1'
export const CLIENT6 = 'fd00::c'
export const PEER_MAC = '02:00:00:00:00:d2'

/** Both families, TCP 80, UDP 53 and SCTP 38412, one real server each. */
export const BASE: readonly ServiceWords[] = [
  { vip: VIP, reals: [REAL] },
  { vip: VIP, port: 53, protocol: 'udp', reals: [REAL] },
  { vip: VIP, port: 38_412, protocol: 'sctp', reals: [REAL] },
  { vip: VIP6, reals: [REAL6] },
  { vip: VIP6, port: 53, protocol: 'udp', reals: [REAL6] },
  { vip: VIP6, port: 38_412, protocol: 'sctp', reals: [REAL6] },
]

/** What happens before the frame, in order. */
export type Given =
  | { readonly send: Uint8Array }
  | { readonly wait: number }
  | { readonly services: readonly ServiceWords[]; readonly marks?: readonly RuleWords[] }
  | { readonly tunables: Partial<Tunables> }
  /** drop_packet: every n-th, the next one first */
  | { readonly dropRate: number }
  | { readonly hop: string; readonly is: HopWords; readonly through?: 'another interface' | 'no interface' }
  | { readonly peers: readonly string[] }
  /** merged: as in generic mode */
  | { readonly interface: 'detached' | 'merged' }
  /** every way of both connection tables holds a live established connection */
  | { readonly tables: 'full' }

export interface PacketCase {
  readonly title: string
  readonly given: readonly Given[]
  readonly frame: Uint8Array
  /** bytes of XDP metadata in front of the frame: they take the room that new tags would need */
  readonly metadata?: number
  /** as in abi.h, lower case */
  readonly reason: string
  readonly action: 'pass' | 'drop' | 'tx' | 'redirect'
  /** exactly; `undefined` = nobody sees it any more */
  readonly out: Uint8Array | undefined
}

export interface Going {
  readonly given?: readonly Given[]
  /** the real server that gets it: by default the only one */
  readonly to?: string
  /** of the frame that leaves */
  readonly tags?: readonly Tag[]
  readonly redirected?: boolean
}

/** Passed to the stack, every byte as it came. */
export function passes(
  title: string,
  reason: string,
  data: Uint8Array,
  given: readonly Given[] = [],
): PacketCase {
  return { title, given, frame: data, reason: `pass_${reason}`, action: 'pass', out: data }
}

export function drops(
  title: string,
  reason: string,
  data: Uint8Array,
  given: readonly Given[] = [],
): PacketCase {
  return { title, given, frame: data, reason: `drop_${reason}`, action: 'drop', out: data }
}

/** Forwarded: what leaves is built from the words anew, with one hop less and the checksum summed from scratch. */
export function goes(title: string, reason: string, words: FrameWords, going: Going = {}): PacketCase {
  const { given = [], to = words.src.includes(':') ? REAL6 : REAL, tags = [], redirected = false } = going
  return {
    title,
    given,
    frame: frame(words),
    reason: `forward_${reason}`,
    action: redirected ? 'redirect' : 'tx',
    out: leaving(words, to, tags),
  }
}

/** Answered by the director itself. */
export function answers(
  title: string,
  words: FrameWords,
  answer: Answer,
  given: readonly Given[] = [],
): PacketCase {
  const out = answered(words, answer)
  return { title, given, frame: frame(words), reason: `answer_${answer.about}`, action: 'tx', out }
}

export function leaving(words: FrameWords, to: string, tags: readonly Tag[] = []): Uint8Array {
  return frame({ ...words, dstMac: realMac(to), srcMac: DIRECTOR_MAC, tags, ttl: (words.ttl ?? 64) - 1 })
}

export const four = (payload: FrameWords['payload'], rest: Partial<FrameWords> = {}): FrameWords => ({
  src: CLIENT,
  dst: VIP,
  srcMac: CLIENT_MAC,
  payload,
  ...rest,
})

export const six = (payload: FrameWords['payload'], rest: Partial<FrameWords> = {}): FrameWords => ({
  src: CLIENT6,
  dst: VIP6,
  srcMac: CLIENT_MAC,
  payload,
  ...rest,
})

export interface FamilyWords {
  readonly name: string
  readonly words: (payload: FrameWords['payload'], rest?: Partial<FrameWords>) => FrameWords
  readonly vip: string
  readonly real: string
}
export const FAMILIES: readonly FamilyWords[] = [
  { name: 'IPv4', words: four, vip: VIP, real: REAL },
  { name: 'IPv6', words: six, vip: VIP6, real: REAL6 },
]

/** Sent before the frame. */
export const sent = (...words: readonly FrameWords[]): Given[] => words.map((each) => ({ send: frame(each) }))

/** A copy with other bytes from an offset on: for frames that lie. */
export function patched(data: Uint8Array, offset: number, ...values: readonly number[]): Uint8Array {
  const copy = data.slice()
  copy.set(values, offset)
  return copy
}
