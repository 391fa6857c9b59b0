// SPDX-License-Identifier: Apache-2.0
import { afterAll, describe, expect, test } from 'vitest'
import {
  BpfError,
  type BpfMap,
  cpuValue,
  createMap,
  deviceValue,
  joinCpus,
  openMapById,
  openObject,
  possibleCpus,
  prefixKey,
  readU32,
  splitCpus,
  u32,
} from '../src/index.js'
import { bpfObject, packet, thrownBy } from './lab.js'

const object = openObject(bpfObject('kinds')).load()
afterAll(() => object.close())

const run = (program: string) => {
  using loaded = object.program(program)
  return loaded.run({ data: packet() }).returnValue
}

const inner = (name: string, content: number) => {
  const map = createMap({ name, type: 'array', keySize: 4, valueSize: 4, maxEntries: 4 })
  map.update(u32(1), u32(content))
  return map
}

test('every map of the object has the type the source gives it', () => {
  const types = object.maps.map((name) => {
    using map = object.map(name)
    return [name, map.type]
  })
  expect(Object.fromEntries(types)).toEqual({
    tables: 'array_of_maps',
    named: 'hash_of_maps',
    steps: 'prog_array',
    per_cpu: 'percpu_array',
    per_cpu_hash: 'percpu_hash',
    recent: 'lru_hash',
    prefixes: 'lpm_trie',
    devices: 'devmap_hash',
    cpus: 'cpumap',
    line: 'queue',
    filter: 'bloom_filter',
  })
})

describe('a map of maps', () => {
  test('swaps whole tables under a running program with one update', () => {
    using tables = object.map('tables')
    expect(run('follow')).toBe(100)
    using first = inner('first', 41)
    using second = inner('second', 42)
    tables.update(u32(0), first)
    expect(run('follow')).toBe(41)
    tables.update(u32(0), second)
    expect(run('follow')).toBe(42)
  })

  test('gives back the id of the inner map, which opens it', () => {
    using named = object.map('named')
    using held = inner('held', 43)
    named.update(u32(9), held)
    const id = readU32(named.lookup(u32(9)) ?? packet())
    expect(id).toBe(held.id)
    using again = openMapById(id)
    expect(again.lookup(u32(1))).toEqual(u32(43))
  })

  test('keeps the inner map alive after its handle is closed', () => {
    using tables = object.map('tables')
    const table = inner('kept', 44)
    tables.update(u32(0), table)
    table.close()
    expect(run('follow')).toBe(44)
  })

  test('refuses a map of another shape', () => {
    using tables = object.map('tables')
    using other = createMap({ type: 'hash', keySize: 4, valueSize: 4, maxEntries: 4 })
    expect(thrownBy(BpfError, () => tables.update(u32(0), other)).code).toBe('EINVAL')
  })

  test('is made by hand from an example of what it will hold', () => {
    using example = inner('example', 0)
    using outer = createMap({
      type: 'array_of_maps',
      keySize: 4,
      valueSize: 4,
      maxEntries: 2,
      innerMap: example,
    })
    using table = inner('table', 1)
    outer.update(u32(1), table)
    expect(readU32(outer.lookup(u32(1)) ?? packet())).toBe(table.id)
  })

  test('is walked in chunks, its empty places left out', async () => {
    using named = object.map('named')
    using a = inner('a', 1)
    named.update(u32(1), a)
    const ids: number[] = []
    for await (const chunk of named.chunks(16)) {
      for (let i = 0; i < chunk.count; i++) ids.push(readU32(chunk.values, i * 4))
    }
    expect(ids).toContain(a.id)
    using tables = object.map('tables')
    tables.delete(u32(0))
    tables.update(u32(1), a)
    for await (const chunk of tables.chunks(16)) {
      expect([chunk.count, readU32(chunk.keys), readU32(chunk.values)]).toEqual([1, 1, a.id])
    }
  })
})

describe('a map of programs', () => {
  test('wires a tail call, and unwires it', () => {
    using steps = object.map('steps')
    using landing = object.program('landing')
    expect(run('jump')).toBe(102)
    steps.update(u32(1), landing)
    expect(run('jump')).toBe(103)
    expect(steps.delete(u32(1))).toBe(true)
    expect(run('jump')).toBe(102)
  })

  test('takes descriptors only where descriptors belong', () => {
    using recent = object.map('recent')
    using landing = object.program('landing')
    expect(() => recent.update(u32(1), landing)).toThrow(
      new TypeError("value must be a Uint8Array: map 'recent' of type lru_hash holds no descriptors"),
    )
  })
})

describe('a per-CPU map', () => {
  test('gives one value for each possible CPU, each counted on its own', () => {
    using map = object.map('per_cpu')
    expect(map.valueSize).toBe(12)
    expect(map.transferSize).toBe(16 * possibleCpus())
    run('tick')
    run('tick')
    const values = splitCpus(map.lookup(u32(2)) ?? packet(), map.valueSize)
    expect(values).toHaveLength(possibleCpus())
    expect(values.reduce((sum, value) => sum + readU32(value, 4), 0)).toBe(2)
  })

  test('takes one value for each possible CPU', () => {
    using map = object.map('per_cpu')
    const values = Array.from({ length: possibleCpus() }, (_, cpu) => new Uint8Array(12).fill(cpu + 1))
    map.update(u32(0), joinCpus(values))
    expect(splitCpus(map.lookup(u32(0)) ?? packet(), 12)).toEqual(values)
    expect(() => map.update(u32(0), new Uint8Array(12))).toThrow(/^value must have \d+ bytes, it has 12$/)
  })

  test('is written and read in batches', async () => {
    using map = object.map('per_cpu_hash')
    const keys = new Uint8Array(Uint32Array.of(1, 2, 3).buffer)
    const one = joinCpus(Array.from({ length: possibleCpus() }, () => u32(5)))
    const values = new Uint8Array([...one, ...one, ...one])
    expect(map.updateBatch(keys, values)).toBe(3)
    let count = 0
    for await (const chunk of map.chunks(100)) {
      count += chunk.count
      expect(chunk.values).toEqual(values)
    }
    expect(count).toBe(3)
  })
})

describe('an LPM trie', () => {
  const net = (a: number, b: number, c: number, d: number, bits: number) =>
    prefixKey(new Uint8Array([a, b, c, d]), bits)

  test('answers with the longest prefix', () => {
    using map = object.map('prefixes')
    map.update(net(10, 0, 0, 0, 8), u32(8))
    map.update(net(10, 1, 0, 0, 16), u32(16))
    expect(map.lookup(net(10, 1, 2, 3, 32))).toEqual(u32(16))
    expect(map.lookup(net(10, 2, 2, 3, 32))).toEqual(u32(8))
    expect(map.lookup(net(11, 0, 0, 1, 32))).toBeUndefined()
    expect(() => net(10, 0, 0, 0, 33)).toThrow('bits must be an integer from 0 to 32')
  })

  test('is walked and cleared', async () => {
    using map = object.map('prefixes')
    map.update(net(172, 16, 0, 0, 12), u32(12))
    const keys: Uint8Array[] = []
    for await (const chunk of map.chunks(2)) {
      for (let i = 0; i < chunk.count; i++) keys.push(chunk.keys.subarray(i * 8, i * 8 + 8))
    }
    expect(keys).toContainEqual(net(172, 16, 0, 0, 12))
    for (const key of keys) expect(map.delete(key)).toBe(true)
    expect(map.nextKey()).toBeUndefined()
  })
})

describe('a map of devices', () => {
  test('redirects to the interface put into it, through a program', () => {
    using devices = object.map('devices')
    using onDevice = object.program('on_device')
    expect(run('redirect')).toBe(1)
    devices.update(u32(7), deviceValue(1, onDevice))
    expect(run('redirect')).toBe(4)
    const value = devices.lookup(u32(7)) ?? packet()
    expect(readU32(value)).toBe(1)
    expect(readU32(value, 4)).toBe(onDevice.id)
    expect(devices.deleteBatch(u32(7))).toBe(1)
    expect(run('redirect')).toBe(1)
  })

  test('is walked in chunks although its kind knows no batches', async () => {
    using devices = object.map('devices')
    devices.updateBatch(
      new Uint8Array([...u32(1), ...u32(2)]),
      new Uint8Array([...deviceValue(1), ...deviceValue(1)]),
    )
    let count = 0
    for await (const chunk of devices.chunks(1)) count += chunk.count
    expect(count).toBe(2)
    expect(devices.deleteBatch(new Uint8Array([...u32(1), ...u32(2), ...u32(3)]))).toBe(2)
  })
})

test('a map of CPUs holds queue sizes', () => {
  using cpus = object.map('cpus')
  cpus.update(u32(0), cpuValue(192))
  expect(readU32(cpus.lookup(u32(0)) ?? packet())).toBe(192)
  expect(cpus.delete(u32(0))).toBe(true)
})

test('an LRU map forgets instead of filling up', () => {
  using recent = object.map('recent')
  for (let key = 0; key < 1000; key++) recent.update(u32(key), u32(key))
  expect(recent.lookup(u32(999))).toEqual(u32(999))
  expect(recent.lookup(u32(0))).toBeUndefined()
})

test('a queue gives its values in order and takes no keys', async () => {
  const none = new Uint8Array(0)
  using line = object.map('line')
  for (const n of [1, 2, 3]) line.update(none, u32(n))
  expect(line.lookup(none)).toEqual(u32(1))
  expect([line.take(none), line.take(none), line.take(none), line.take(none)]).toEqual([
    u32(1),
    u32(2),
    u32(3),
    undefined,
  ])
  await expect(line.chunks(1)[Symbol.asyncIterator]().next()).rejects.toThrow(
    new TypeError("map 'line' of type queue has no keys to walk"),
  )
})

test('a bloom filter knows what it has not seen', () => {
  const none = new Uint8Array(0)
  using filter: BpfMap = object.map('filter')
  filter.update(none, u32(5))
  const maybe = (n: number) => filter.lookupInto(none, u32(n))
  expect(maybe(5)).toBe(true)
  expect(Array.from({ length: 50 }, (_, i) => maybe(1000 + i))).toContain(false)
})
