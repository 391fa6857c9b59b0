// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  buildDirectory,
  crowdedKeys,
  directoryHash,
  portKey,
  readDirectory,
  vipKey,
} from '../../../src/plan/directory.js'

/** bpf/service.h: the home line, from the front, until an empty entry. */
function find(bytes: Uint8Array, key: number): number[] {
  const words = new Uint32Array(bytes.buffer)
  if (bytes.length === 0) return []
  const line = (directoryHash(key) & (bytes.length / 64 - 1)) >>> 0
  const found: number[] = []
  for (let way = 0; way < 8; way++) {
    const at = (line * 8 + way) * 2
    if (words[at + 1] === 0) break
    if (words[at] === key) found.push(words[at + 1] as number)
  }
  return found
}

function built(entries: { key: number; value: number }[]): Uint8Array {
  const made = buildDirectory(entries)
  if (!made.ok) throw new Error(made.problems[0]?.reason)
  return made.value
}

test('keys stand as the datapath computes them from the packet', () => {
  expect(vipKey('192.0.2.10')).toBe(0x0a0200c0)
  expect(vipKey('2001:db8::1')).toBe((0xb80d0120 ^ 0x01000000) >>> 0)
  expect(portKey(3, 80)).toBe(0x00035000)
  expect(portKey(65535, 443)).toBe(0xffffbb01)
  expect(directoryHash(1)).toBe((0x9e3779b1 ^ (0x9e3779b1 >>> 15)) >>> 0)
})

test('every entry is found from its home line, and nothing else is', () => {
  const entries = fc.uniqueArray(
    fc.record({ key: fc.integer({ min: 0, max: 0xffffffff }), value: fc.integer({ min: 1, max: 65535 }) }),
    { selector: (entry) => entry.value, maxLength: 300 },
  )
  fc.assert(
    fc.property(entries, fc.integer({ min: 0, max: 0xffffffff }), (list, stranger) => {
      fc.pre(crowdedKeys(list).length === 0)
      const bytes = built(list)
      for (const { key, value } of list) expect(find(bytes, key)).toContain(value)
      if (!list.some((entry) => entry.key === stranger)) expect(find(bytes, stranger)).toEqual([])
      expect([...readDirectory(new Uint32Array(bytes.buffer))].sort()).toEqual(
        list.map(({ key, value }) => [value, key] as [number, number]).sort(),
      )
    }),
  )
})

test('65,536 services on one VIP fit', () => {
  const entries = Array.from({ length: 65_536 }, (_, port) => ({ key: portKey(7, port), value: port + 1 }))
  const bytes = built(entries)
  expect(entries.every(({ key, value }) => find(bytes, key)[0] === value)).toBe(true)
})

test('nine equal keys are crowded, eight are not', () => {
  const same = Array.from({ length: 9 }, (_, i) => ({ key: 5, value: i + 1 }))
  expect(crowdedKeys(same)).toEqual([5])
  expect(crowdedKeys(same.slice(1))).toEqual([])
  expect(find(built(same.slice(1)), 5)).toHaveLength(8)
})

test('no entries need no lines', () => {
  expect(built([])).toHaveLength(0)
})
