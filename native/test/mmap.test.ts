// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'
import { BpfError, createMap, mapFlags, openObject, u32 } from '../src/index.js'
import { bpfObject, packet, thrownBy } from './lab.js'

const mmapable = (valueSize: number, maxEntries: number) =>
  createMap({ type: 'array', keySize: 4, valueSize, maxEntries, flags: mapFlags.mmapable })

describe('a mapped array', () => {
  test('shows what a program writes, each value rounded up to 8 bytes', () => {
    using object = openObject(bpfObject('basic')).load()
    using table = object.map('table')
    const memory = table.mmap()
    expect(memory.byteLength).toBe(100 * 16)
    using fill = object.program('fill')
    fill.run({ data: packet() })
    expect(new Uint32Array(memory)[(5 * 16 + 8) / 4]).toBe(77)
    expect(table.lookup(u32(5))).toEqual(new Uint8Array(memory, 5 * 16, 12))
  })

  test('takes writes when mapped writable', () => {
    using map = mmapable(8, 10)
    const memory = new BigUint64Array(map.mmap({ writable: true }))
    memory[3] = 0x0102030405060708n
    expect(map.lookup(u32(3))).toEqual(new Uint8Array([8, 7, 6, 5, 4, 3, 2, 1]))
  })

  test('stays mapped when the map is closed, as long as the buffer is there', () => {
    const map = mmapable(4, 1000)
    map.update(u32(999), u32(5))
    const memory = map.mmap()
    map.close()
    expect(new Uint32Array(memory)[999 * 2]).toBe(5)
  })

  test('may be larger than 100 MiB', () => {
    using map = mmapable(64, 2_000_000)
    const memory = map.mmap({ writable: true })
    expect(memory.byteLength).toBe(128_000_000)
    const last = new Uint8Array(memory, memory.byteLength - 64)
    last.fill(9)
    expect(map.lookup(u32(1_999_999))).toEqual(new Uint8Array(64).fill(9))
  })

  test('may be mapped often, each time on its own', () => {
    using map = mmapable(8, 4)
    const [one, other] = [map.mmap({ writable: true }), map.mmap()]
    new Uint8Array(one)[0] = 1
    expect(new Uint8Array(other)[0]).toBe(1)
  })
})

test('a map made without the flag is not mapped, with a reason', () => {
  using map = createMap({ name: 'plain', type: 'array', keySize: 4, valueSize: 8, maxEntries: 4 })
  expect(thrownBy(BpfError, () => map.mmap())).toMatchObject({ operation: 'map mmap', subject: 'plain' })
})

test('a frozen map is mapped for reading only', () => {
  using map = mmapable(8, 4)
  map.freeze()
  expect(map.mmap().byteLength).toBe(32)
  expect(thrownBy(BpfError, () => map.mmap({ writable: true })).code).toBe('EPERM')
})
