// SPDX-License-Identifier: Apache-2.0
// SipHash-1-3 of one 32-bit number, as hsiphash_1u32 of the kernel's lib/siphash.c on 64-bit machines. Words of 64
// bits are pairs of 32: high, low.

/** Lower half of the hash of `value` under a key whose two halves are `key`. */
export function sipHash13(value: number, key: number): number {
  const v = new Uint32Array(8)
  for (const [i, half] of INITIAL.entries()) v[i] = half
  for (let i = 1; i < 8; i += 2) v[i] = (v[i] as number) ^ key
  // one word of message: its length, 4, in the upper byte
  const [high, low] = [4 << 24, value]
  mix(v, 6, high, low)
  round(v)
  mix(v, 0, high, low)
  mix(v, 4, 0, 0xff)
  for (let i = 0; i < 3; i++) round(v)
  return ((v[1] as number) ^ (v[3] as number) ^ (v[5] as number) ^ (v[7] as number)) >>> 0
}

/** 'somepseudorandomlygeneratedbytes' */
const INITIAL = [
  0x736f6d65, 0x70736575, 0x646f7261, 0x6e646f6d, 0x6c796765, 0x6e657261, 0x74656462, 0x79746573,
]
const [V0, V1, V2, V3] = [0, 2, 4, 6] as const

function round(v: Uint32Array): void {
  step(v, V0, V1, 13)
  swap(v, V0)
  step(v, V2, V3, 16)
  step(v, V0, V3, 21)
  step(v, V2, V1, 17)
  swap(v, V2)
}

/** a += b, b = rotl(b, bits) ^ a; bits < 32 */
function step(v: Uint32Array, a: number, b: number, bits: number): void {
  const low = (v[a + 1] as number) + (v[b + 1] as number)
  v[a] = (v[a] as number) + (v[b] as number) + (low > 0xffffffff ? 1 : 0)
  v[a + 1] = low
  const [high, rest] = [v[b] as number, v[b + 1] as number]
  v[b] = ((high << bits) | (rest >>> (32 - bits))) ^ (v[a] as number)
  v[b + 1] = ((rest << bits) | (high >>> (32 - bits))) ^ (v[a + 1] as number)
}

/** rotl by 32 */
function swap(v: Uint32Array, a: number): void {
  const high = v[a] as number
  v[a] = v[a + 1] as number
  v[a + 1] = high
}

function mix(v: Uint32Array, a: number, high: number, low: number): void {
  v[a] = (v[a] as number) ^ high
  v[a + 1] = (v[a + 1] as number) ^ low
}
