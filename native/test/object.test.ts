// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { BpfError, type BpfMap, createMap, openMap, openObject, readU32, u32 } from '../src/index.js'
import { bpfObject, packet, pins, thrownBy } from './lab.js'

const pinAt = pins('object')
const basic = bpfObject('basic')

describe('a specification', () => {
  test('lists maps, programs and sections without asking the kernel', () => {
    using spec = openObject(basic, { name: 'basic' })
    expect(spec.maps.map((map) => map.name)).toEqual([
      'counts',
      'table',
      'basic.rodata',
      '.data.settings',
      'basic.bss',
    ])
    expect(spec.maps[0]).toEqual({
      name: 'counts',
      type: 'hash',
      keySize: 4,
      valueSize: 8,
      maxEntries: 64,
      flags: 0,
      internal: false,
    })
    expect(spec.programs[0]).toMatchObject({ name: 'count', section: 'xdp', type: 'xdp', autoload: true })
    expect(spec.sections).toEqual(['xdp', 'syscall'])
  })

  test('gives the BTF of the object', () => {
    using spec = openObject(basic)
    const btf = spec.btf()
    expect(btf?.subarray(0, 3)).toEqual(new Uint8Array([0x9f, 0xeb, 1]))
  })

  test('is the same whether read from a path or from memory, and is named after the file', () => {
    const directory = mkdtempSync(join(tmpdir(), 'libbpf-ts-object-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const path = join(directory, 'basic.bpf.o')
    writeFileSync(path, basic)
    using fromPath = openObject(path)
    using fromMemory = openObject(basic, { name: 'basic' })
    expect(fromPath.name).toBe('basic')
    expect(fromPath.maps).toEqual(fromMemory.maps)
    expect(fromPath.programs).toEqual(fromMemory.programs)
  })

  test('resizes a map before it is made', () => {
    const spec = openObject(basic)
    spec.setMaxEntries('counts', 5000)
    expect(spec.maps[0]?.maxEntries).toBe(5000)
    using object = spec.load()
    using counts = object.map('counts')
    expect(counts.maxEntries).toBe(5000)
  })

  test('sets read-only data that programs then see', () => {
    const spec = openObject(basic)
    expect(spec.initialValue('.rodata')).toEqual(u32(2))
    spec.setInitialValue('.rodata', u32(3))
    expect(spec.initialValue('.rodata')).toEqual(u32(3))
    using object = spec.load()
    using count = object.program('count')
    expect(count.run({ data: packet() }).returnValue).toBe(3)
  })

  test('names the map, the program or the argument that is wrong', () => {
    using spec = openObject(basic, { name: 'basic' })
    expect(() => spec.setMaxEntries('nothing', 1)).toThrow(
      new TypeError("object 'basic' has no map 'nothing'"),
    )
    expect(() => spec.setAutoload('nobody', true)).toThrow(
      new TypeError("object 'basic' has no program 'nobody'"),
    )
    expect(() => spec.setMaxEntries('counts', -1)).toThrow(/^maxEntries must be an integer/)
    expect(() => spec.setInitialValue('.rodata', new Uint8Array(3))).toThrow(
      /^value must have 4 bytes, it has 3/,
    )
    expect(() => spec.initialValue('counts')).toThrow("map 'counts' has no initial value")
  })

  test('is used up by load and says so afterwards', () => {
    const spec = openObject(basic, { name: 'basic' })
    using object = spec.load()
    expect(object.name).toBe('basic')
    expect(() => spec.load()).toThrow("specification 'basic' is closed")
    spec.close()
    expect(() => spec.maps).toThrow('is closed')
  })
})

describe('choosing programs', () => {
  test('leaves out what is not wanted', () => {
    const spec = openObject(bpfObject('broken'))
    spec.setAutoload('careless', false)
    using object = spec.load()
    expect(object.programs).toEqual(['careful'])
    expect(() => object.program('careless')).toThrow(/program 'careless' .* was not chosen for loading/)
  })
})

describe('a refusal by the verifier', () => {
  test('gives its reason in the message, a short tail in log and everything in wholeLog', () => {
    const error = thrownBy(BpfError, () => openObject(bpfObject('broken'), { name: 'broken' }).load())
    expect(error).toMatchObject({ operation: 'load', subject: 'broken', code: 'EACCES', errno: 13 })
    expect(error.message).toMatch(/^load broken: Permission denied \(EACCES\): .* outside of the packet$/)
    expect(error.log.split('\n').length).toBeLessThanOrEqual(40)
    expect(error.log).toContain("libbpf: prog 'careless': failed to load: -13")
    expect(error.wholeLog.length).toBeGreaterThan(error.log.length)
    expect(error.wholeLog).toContain('BEGIN PROG LOAD LOG')
    expect(error.wholeLog.endsWith(`${error.log}\n`)).toBe(true)
  })
})

describe('reusing a map', () => {
  const adopt = (map: BpfMap, name: string) => {
    const spec = openObject(basic, { name: 'basic' })
    spec.reuseMap(name, map)
    return spec.load()
  }

  test('adopts a pinned one, entries and all', () => {
    const pin = pinAt('counts')
    {
      using first = openObject(basic).load()
      using counts = first.map('counts')
      counts.update(u32(0), new Uint8Array(8).fill(1))
      counts.pin(pin)
    }
    using pinned = openMap(pin)
    using second = adopt(pinned, 'counts')
    using counts = second.map('counts')
    expect(counts.id).toBe(pinned.id)
    expect(counts.lookup(u32(0))).toEqual(new Uint8Array(8).fill(1))
  })

  test('adopts a section of variables under the name of the section', () => {
    const pin = pinAt('settings')
    {
      using first = openObject(basic).load()
      using settings = first.map('.data.settings')
      settings.update(u32(0), u32(40))
      settings.pin(pin)
    }
    using pinned = openMap(pin)
    using object = adopt(pinned, '.data.settings')
    using settings = object.map('.data.settings')
    expect(settings.id).toBe(pinned.id)
    using count = object.program('count')
    count.run({ data: packet() })
    using bss = object.map('.bss')
    expect(readU32(bss.lookup(u32(0)) ?? packet())).toBe(40)
  })

  test('refuses one of another shape at load', () => {
    using other = createMap({ type: 'hash', keySize: 8, valueSize: 8, maxEntries: 64 })
    const error = thrownBy(BpfError, () => adopt(other, 'counts'))
    expect(error.operation).toBe('load')
  })
})

describe('a loaded object', () => {
  test('hands out maps and programs that outlive it', () => {
    const object = openObject(basic).load()
    using counts = object.map('counts')
    using drop = object.program('drop')
    object.close()
    object.close()
    counts.update(u32(1), new Uint8Array(8))
    expect(drop.run({ data: packet() }).returnValue).toBe(1)
    expect(() => object.map('counts')).toThrow(/^object '.*' is closed$/)
  })

  test('finds internal maps by section and by full name', () => {
    using object = openObject(basic, { name: 'basic' }).load()
    using bySection = object.map('.rodata')
    using byName = object.map('basic.rodata')
    expect(bySection.id).toBe(byName.id)
    expect(object.maps).toContain('.data.settings')
  })
})
