// SPDX-License-Identifier: Apache-2.0
// Numbers that do not fit where C has 32 bits, sizes beyond all memory: a TypeError each, nothing cut, no crash.
import { expect, test } from 'vitest'
import { BpfError, createMap, mapFlags, openMapById, openObject } from '../src/index.js'
import { bpfObject, packet, thrownBy } from './lab.js'

test('a packet, a context or room for a packet of more than 16 MiB is refused by name', () => {
  using object = openObject(bpfObject('basic')).load()
  using program = object.program('drop')
  const tooLong = new Uint8Array((16 << 20) + 1)
  expect(() => program.run({ data: tooLong })).toThrow(new TypeError('data must be at most 16 MiB'))
  expect(() => program.run({ data: packet(), context: tooLong })).toThrow(
    new TypeError('context must be at most 16 MiB'),
  )
  for (const dataOutSize of [tooLong.length, 2 ** 32 - 1]) {
    expect(() => program.run({ data: packet(), dataOutSize })).toThrow(
      new TypeError('dataOutSize must be at most 16 MiB'),
    )
  }
  expect(() => program.run({ data: packet(), dataOutSize: 2 ** 32 })).toThrow(TypeError)
  expect(() => program.run({ data: packet(), repeat: -1 })).toThrow(TypeError)
})

test('a batch of 2^32 entries is refused: the kernel would see none', () => {
  using map = createMap({ type: 'hash', keySize: 1, valueSize: 1, maxEntries: 10 })
  const keys = new Uint8Array(2 ** 32)
  expect(() => map.updateBatch(keys, new Uint8Array(1))).toThrow(
    new TypeError('keys must hold at most 4294967295 entries'),
  )
  expect(() => map.deleteBatch(keys)).toThrow(new TypeError('keys must hold at most 4294967295 entries'))
})

test('chunks larger than the map, or than any memory, are as large as the map', async () => {
  for (const type of ['hash', 'devmap_hash', 'lpm_trie']) {
    const flags = type === 'lpm_trie' ? mapFlags.noPreallocation : 0
    const keySize = type === 'lpm_trie' ? 8 : 4
    using map = createMap({ type, keySize, valueSize: 4, maxEntries: 16, flags })
    let chunks = 0
    for await (const _chunk of map.chunks(Number.MAX_SAFE_INTEGER)) chunks++
    expect(chunks).toBe(0)
  }
})

test('numbers of descriptors and ids that are none are errors', () => {
  expect(thrownBy(BpfError, () => openMapById(2 ** 32 - 1)).code).toBe('ENOENT')
  expect(() => openMapById(2 ** 32)).toThrow(TypeError)
  expect(() => openMapById(Number.NaN)).toThrow(TypeError)
})

test('an object at an odd address is read as any other', () => {
  const bytes = bpfObject('basic')
  for (const shift of [1, 2, 3, 5]) {
    const shifted = new Uint8Array(bytes.length + shift)
    shifted.set(bytes, shift)
    using spec = openObject(shifted.subarray(shift))
    expect(spec.programs.map(({ name }) => name)).toContain('drop')
    using object = spec.load()
    using program = object.program('drop')
    expect(program.run({ data: packet() }).returnValue).toBe(1)
  }
})

test('the bytes of an object may change after it was opened', () => {
  const bytes = bpfObject('basic').slice()
  using spec = openObject(bytes)
  bytes.fill(0xff)
  using object = spec.load()
  using program = object.program('drop')
  expect(program.run({ data: packet() }).returnValue).toBe(1)
})
