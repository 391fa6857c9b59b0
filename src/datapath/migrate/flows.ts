// SPDX-License-Identifier: Apache-2.0
// What a data word says in this version: of a connection and of a template, as much as carrying them over needs.
import { ConnBits, State, TemplateBits, TemplateControl } from '../../abi/generated.js'

export interface WordMeaning {
  /** nobody is writing this way, and something is in it */
  whole(data: bigint): boolean
  /** equal in two words with the same key: the same flow */
  flow(data: bigint): bigint
  real(data: bigint): number
  /** ticks, modulo 2^24 */
  stamp(data: bigint): number
  /** what it adds to its real server's element of `sums`, as one 64-bit word */
  weight(data: bigint): bigint
  /** bits of the `control` member that are part of the key; 0: it has none */
  readonly keyBits: number
  /** bits of it that are a number */
  readonly countBits: number
}

const part = (word: bigint, shift: number, bits: number) =>
  Number((word >> BigInt(shift)) & ((1n << BigInt(bits)) - 1n))
const vipOf = (data: bigint) => part(data, ConnBits.CONN_VIP_SHIFT, ConnBits.CONN_VIP_BITS)
const stateOf = (data: bigint) => part(data, ConnBits.CONN_STATE_SHIFT, ConnBits.CONN_STATE_BITS)
const realOfTemplate = (data: bigint) =>
  part(data, TemplateBits.TEMPLATE_REAL_SHIFT, TemplateBits.TEMPLATE_REAL_BITS)

/** is_active() of bpf/state.h */
const ACTIVE: ReadonlySet<number> = new Set([
  State.TCP_ESTABLISHED,
  State.TCP_SYN_SENT,
  State.TCP_SYN_RECV,
  State.TCP_SYNACK,
  State.SCTP_ESTABLISHED,
])

function protocolOf(state: number): number {
  return state < State.UDP_NORMAL ? 0 : state < State.SCTP_NONE ? 1 : 2
}

export const CONN: WordMeaning = {
  whole: (data) => vipOf(data) !== 0,
  flow: (data) => BigInt(vipOf(data) * 4 + protocolOf(stateOf(data))),
  real: (data) => part(data, ConnBits.CONN_REAL_SHIFT, ConnBits.CONN_REAL_BITS),
  stamp: (data) => part(data, ConnBits.CONN_STAMP_SHIFT, ConnBits.CONN_STAMP_BITS),
  weight: (data) => (vipOf(data) === 0 ? 0n : ACTIVE.has(stateOf(data)) ? 1n << 32n : 1n),
  keyBits: 0,
  countBits: 0,
}

export const TEMPLATE: WordMeaning = {
  whole: (data) => realOfTemplate(data) !== 0,
  // several of one key may be in use: only one of them is in force
  flow: (data) => BigInt(realOfTemplate(data)),
  real: realOfTemplate,
  stamp: (data) => part(data, TemplateBits.TEMPLATE_STAMP_SHIFT, TemplateBits.TEMPLATE_STAMP_BITS),
  weight: (data) => (realOfTemplate(data) === 0 ? 0n : 1n),
  keyBits: ((1 << TemplateControl.TEMPLATE_KIND_BITS) - 1) << TemplateControl.TEMPLATE_KIND_SHIFT,
  countBits: TemplateControl.TEMPLATE_COUNT_MASK,
}

/** Later than the other, by clocks that go round in 2^24 ticks. */
export function newer(a: number, b: number): boolean {
  const ticks = (a - b) & 0xffffff
  return ticks !== 0 && ticks < 0x800000
}
