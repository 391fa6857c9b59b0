// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { BpfError, type BpfMap, createMap, openMap, openMapById, readU32, u32 } from '../src/index.js'
import { pins, thrownBy } from './lab.js'

const pinAt = pins('map')
const entries = 64
let map: BpfMap

beforeEach(() => {
  map?.close()
  map = createMap({ name: 'pairs', type: 'hash', keySize: 4, valueSize: 8, maxEntries: entries })
})
afterAll(() => map.close())

const value = (n: number) => new Uint8Array(8).fill(n)
const numbers = (count: number, from = 0) =>
  new Uint8Array(Uint32Array.from({ length: count }, (_, i) => from + i).buffer)

describe('single entries', () => {
  test('are written, read and deleted', () => {
    expect(map.lookup(u32(1))).toBeUndefined()
    map.update(u32(1), value(7))
    expect(map.lookup(u32(1))).toEqual(value(7))
    expect(map.delete(u32(1))).toBe(true)
    expect(map.delete(u32(1))).toBe(false)
    expect(map.lookup(u32(1))).toBeUndefined()
  })

  test('are read into memory the caller gives', () => {
    map.update(u32(1), value(7))
    const out = new Uint8Array(8)
    expect(map.lookupInto(u32(1), out)).toBe(true)
    expect(out).toEqual(value(7))
    expect(map.lookupInto(u32(2), out)).toBe(false)
  })

  test('obey the update mode', () => {
    expect(thrownBy(BpfError, () => map.update(u32(1), value(1), 'exist')).code).toBe('ENOENT')
    map.update(u32(1), value(1), 'noexist')
    const error = thrownBy(BpfError, () => map.update(u32(1), value(2), 'noexist'))
    expect(error).toMatchObject({
      operation: 'map update',
      subject: 'pairs',
      code: 'EEXIST',
      errno: 17,
      log: '',
    })
    expect(map.lookup(u32(1))).toEqual(value(1))
    // @ts-expect-error: no such mode
    expect(() => map.update(u32(1), value(2), 'maybe')).toThrow("mode must be 'any', 'noexist' or 'exist'")
  })

  test('are taken, looked up and deleted in one step', () => {
    map.update(u32(1), value(7))
    expect(map.take(u32(1))).toEqual(value(7))
    expect(map.take(u32(1))).toBeUndefined()
  })

  test('are walked key by key', () => {
    for (const key of [1, 2, 3]) map.update(u32(key), value(key))
    const seen: number[] = []
    for (let key = map.nextKey(); key !== undefined; key = map.nextKey(key)) seen.push(readU32(key))
    expect(seen.sort()).toEqual([1, 2, 3])
  })

  test('fail with E2BIG when the map is full', () => {
    map.updateBatch(numbers(entries), new Uint8Array(entries * 8))
    expect(thrownBy(BpfError, () => map.update(u32(9999), value(0))).code).toBe('E2BIG')
  })
})

describe('wrong arguments', () => {
  test('of a wrong size are named, with the size wanted', () => {
    expect(() => map.lookup(new Uint8Array(3))).toThrow(new TypeError('key must have 4 bytes, it has 3'))
    expect(() => map.update(u32(1), new Uint8Array(9))).toThrow(
      new TypeError('value must have 8 bytes, it has 9'),
    )
    expect(() => map.lookupInto(u32(1), new Uint8Array(7))).toThrow(
      new TypeError('out must have 8 bytes, it has 7'),
    )
    expect(() => map.updateBatch(new Uint8Array(6), value(1))).toThrow(/^keys must be a multiple of 4 bytes/)
    expect(() => map.updateBatch(numbers(2), value(1), 'exist')).toThrow(/^values must have 16 bytes/)
    expect(() => map.updateBatch(new Uint8Array(6), value(1), 'exist')).toThrow(/^keys must be a multiple/)
    expect(() => map.updateBatch(numbers(2), value(1))).toThrow(
      new TypeError('values must have 16 bytes, it has 8'),
    )
  })

  test('of a wrong type are named', () => {
    const wrong: unknown[] = [
      undefined,
      null,
      1,
      'key',
      {},
      [1, 2, 3, 4],
      new Uint32Array(1),
      new ArrayBuffer(4),
    ]
    for (const key of wrong) {
      expect(() => map.lookup(key as Uint8Array)).toThrow(new TypeError('key must be a Uint8Array'))
    }
    expect(() => map.pin('a\0b')).toThrow(new TypeError('path must not contain a NUL character'))
    expect(() => openMapById(1.5)).toThrow(/^id must be an integer/)
  })

  test('of memory given away are refused', () => {
    const key = u32(1)
    structuredClone(key.buffer, { transfer: [key.buffer as ArrayBuffer] })
    expect(() => map.lookup(key)).toThrow(new TypeError('key must have 4 bytes, it has 0'))
  })

  test('that are slices of larger memory are taken as what they are', () => {
    const large = new Uint8Array(16).fill(0xff)
    large.set(u32(5), 8)
    map.update(large.subarray(8, 12), value(5))
    expect(map.lookup(u32(5))).toEqual(value(5))
  })
})

describe('batches', () => {
  test('write and delete many, passing over keys that are not there', () => {
    expect(map.updateBatch(numbers(20), new Uint8Array(160).fill(3))).toBe(20)
    expect(map.lookup(u32(19))).toEqual(value(3))
    expect(map.deleteBatch(numbers(10, 5))).toBe(10)
    expect(map.deleteBatch(numbers(20))).toBe(10)
    expect(map.deleteBatch(numbers(20))).toBe(0)
  })

  test('of nothing do nothing', () => {
    expect(map.updateBatch(new Uint8Array(0), new Uint8Array(0))).toBe(0)
    expect(map.deleteBatch(new Uint8Array(0))).toBe(0)
  })

  test('stop at the entry that fails and say which', () => {
    map.updateBatch(numbers(entries - 4, 1000), new Uint8Array((entries - 4) * 8))
    const error = thrownBy(BpfError, () => map.updateBatch(numbers(6), new Uint8Array(48)))
    expect(error).toMatchObject({ code: 'E2BIG', log: 'entry 4 of 6 failed' })
    expect(map.lookup(u32(3))).toEqual(value(0))
    expect(map.lookup(u32(4))).toBeUndefined()
  })

  test('obey the update mode', () => {
    map.update(u32(3), value(1))
    const error = thrownBy(BpfError, () => map.updateBatch(numbers(6), new Uint8Array(48), 'noexist'))
    expect(error.code).toBe('EEXIST')
    expect(map.lookup(u32(2))).toEqual(value(0))
    expect(map.lookup(u32(4))).toBeUndefined()
  })
})

describe('chunks', () => {
  const collect = async (source: BpfMap, size: number) => {
    const keys: number[] = []
    let largest = 0
    for await (const chunk of source.chunks(size)) {
      expect(chunk.keys.length).toBe(chunk.count * source.keySize)
      expect(chunk.values.length).toBe(chunk.count * source.transferSize)
      largest = Math.max(largest, chunk.count)
      for (let i = 0; i < chunk.count; i++) keys.push(readU32(chunk.keys, i * 4))
    }
    return { keys: keys.sort((a, b) => a - b), largest }
  }

  test('give every entry once, whatever their size', async () => {
    using large = createMap({ type: 'hash', keySize: 4, valueSize: 8, maxEntries: 5000 })
    large.updateBatch(numbers(5000), new Uint8Array(40_000))
    for (const size of [1, 7, 1000, 5000, 100_000]) {
      const { keys } = await collect(large, size)
      expect(keys).toEqual(Array.from({ length: 5000 }, (_, i) => i))
    }
  })

  test('of an empty map are none', async () => {
    expect(await collect(map, 10)).toEqual({ keys: [], largest: 0 })
  })

  test('of an array are all its entries', async () => {
    using array = createMap({ type: 'array', keySize: 4, valueSize: 4, maxEntries: 100 })
    const { keys, largest } = await collect(array, 30)
    expect(keys).toEqual(Array.from({ length: 100 }, (_, i) => i))
    expect(largest).toBe(30)
  })

  test('let the event loop run in between', async () => {
    using large = createMap({ type: 'hash', keySize: 4, valueSize: 8, maxEntries: 5000 })
    large.updateBatch(numbers(5000), new Uint8Array(40_000))
    let turns = 0
    const timer = setInterval(() => turns++, 0)
    let chunks = 0
    for await (const _ of large.chunks(10)) chunks++
    clearInterval(timer)
    expect(chunks).toBeGreaterThan(400)
    expect(turns).toBeGreaterThan(2)
  })

  test('end with an error when the map is closed meanwhile', async () => {
    map.updateBatch(numbers(20), new Uint8Array(160))
    const rest = map.chunks(2)[Symbol.asyncIterator]()
    await rest.next()
    map.close()
    await expect(rest.next()).rejects.toThrow("map 'pairs' is closed")
  })

  test('refuse a size that is none', async () => {
    await expect(collect(map, 0)).rejects.toThrow(new TypeError('size must be a positive integer'))
  })
})

describe('a handle', () => {
  test('describes its map', () => {
    expect(map).toMatchObject({ name: 'pairs', type: 'hash', keySize: 4, valueSize: 8, maxEntries: entries })
    expect(map.flags).toBe(0)
    expect(map.fd).toBeGreaterThan(2)
    using same = openMapById(map.id)
    expect(same.name).toBe('pairs')
    expect(same.fd).not.toBe(map.fd)
  })

  test('is pinned, opened again and unpinned', () => {
    const path = pinAt('pairs')
    map.update(u32(1), value(1))
    map.pin(path)
    expect(thrownBy(BpfError, () => map.pin(path))).toMatchObject({ code: 'EEXIST', subject: path })
    using again = openMap(path)
    expect(again.lookup(u32(1))).toEqual(value(1))
    again.unpin(path)
    expect(thrownBy(BpfError, () => openMap(path))).toMatchObject({ operation: 'open pin', code: 'ENOENT' })
  })

  test('freezes its map for user space', () => {
    map.freeze()
    expect(thrownBy(BpfError, () => map.update(u32(1), value(1))).code).toBe('EPERM')
  })

  test('is closed once, whatever is called afterwards', () => {
    map.close()
    map.close()
    const calls: (() => unknown)[] = [
      () => map.fd,
      () => map.lookup(u32(1)),
      () => map.update(u32(1), value(1)),
      () => map.delete(u32(1)),
      () => map.nextKey(),
      () => map.updateBatch(u32(1), value(1)),
      () => map.deleteBatch(u32(1)),
      () => map.mmap(),
      () => map.freeze(),
      () => map.pin(pinAt('closed')),
    ]
    for (const call of calls) expect(call).toThrow(new Error("map 'pairs' is closed"))
    expect(map.name).toBe('pairs')
  })
})
