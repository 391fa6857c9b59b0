// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'
import { maglevSlots, permutation } from '../../../src/plan/maglev.js'
import type { Listed } from '../../../src/plan/ops.js'
import { sipHash13 } from '../../../src/plan/siphash.js'

const K1 = 2654435761
const word = (a: number, b: number, c: number, d: number) => ((a << 24) | (b << 16) | (c << 8) | d) >>> 0

function member(id: number, weight: number, lastWeight = weight): Listed {
  return { id, weight, lastWeight, address: `10.0.2.${id}`, port: 80 }
}

/** Slots by id. */
function shares(list: readonly Listed[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const id of maglevSlots(list)) counts[id] = (counts[id] ?? 0) + 1
  return counts
}

describe('SipHash-1-3', () => {
  test.each([
    ['192.168.0.1', word(192, 168, 0, 1), 0x8334668e, 1278],
    ['192.168.0.1 port 1000', word(192, 168, 0, 1) + 1000, 0xe647fb8c, 293],
    ['10.0.0.1', word(10, 0, 0, 1), 0x03080ce4, 3711],
    ['2001:db8::1', 0x20010db8 ^ 1, 0xcdc3f189, 3457],
    ['2001:db8::1 port 443', (0x20010db8 ^ 1) + 443, 0x9238df72, 3902],
  ])('of %s is what the kernel computes', (_, key, hash, slot) => {
    expect(sipHash13(key, K1)).toBe(hash)
    expect(sipHash13(key, K1) % 4093).toBe(slot)
  })
})

describe("a server's permutation", () => {
  test.each([
    ['10.0.2.1', 80, 281, 2833],
    ['10.0.2.2', 80, 2489, 1282],
    ['10.0.2.3', 80, 1877, 3239],
    ['fd00:2::1', 80, 3867, 1376],
  ])('of %s port %i begins and steps as in the kernel', (address, port, offset, skip) => {
    expect(permutation(address, port)).toEqual({ offset, skip })
  })
})

describe("mh's table", () => {
  test('is full, and first claims stand where permutations begin', () => {
    const slots = maglevSlots([member(3, 1), member(2, 1), member(1, 1)])
    expect(slots).toHaveLength(4093)
    expect([slots[281], slots[2489], slots[1877]]).toEqual([1, 2, 3])
    expect(shares([member(3, 1), member(2, 1), member(1, 1)])).toEqual({ 1: 1364, 2: 1364, 3: 1365 })
  })

  test('gives slots in turns by weight, over their common divisor', () => {
    const { 1: one = 0, 2: two = 0 } = shares([member(2, 30), member(1, 10)])
    expect([one + two, Math.round(two / one)]).toEqual([4093, 3])
    expect(maglevSlots([member(2, 30), member(1, 10)])).toEqual(maglevSlots([member(2, 3), member(1, 1)]))
  })

  test('keeps turns within 64 slots: 1000 to 1 becomes 62 to 1', () => {
    // 64 rounds of 62 and 1, and what is left of the 65th
    expect(shares([member(2, 1000), member(1, 1)])).toEqual({ 1: 64, 2: 64 * 62 + 61 })
  })

  test('keeps the slots of a server that was quiesced, refusing, so that nobody else moves', () => {
    const before = maglevSlots([member(3, 1), member(2, 5), member(1, 1)])
    const after = maglevSlots([member(3, 1), member(2, 0, 5), member(1, 1)])
    expect([...after]).toEqual([...before].map((id) => (id === 2 ? 0 : id)))
  })

  test('gives none to a server added with weight 0, and is empty without any last weight', () => {
    expect(maglevSlots([member(2, 0), member(1, 1)])).toEqual(maglevSlots([member(1, 1)]))
    expect(shares([member(2, 0), member(1, 0)])).toEqual({ 0: 4093 })
    expect(shares([])).toEqual({ 0: 4093 })
  })

  test('takes the greatest weight there is', () => {
    expect(shares([member(2, 2 ** 31 - 1), member(1, 1)])[2]).toBeGreaterThan(4000)
  })
})
