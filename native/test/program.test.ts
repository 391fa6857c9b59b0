// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'
import {
  BpfError,
  enableRunStats,
  loadInstructions,
  openMapById,
  openObject,
  openProgram,
  openProgramById,
  readU32,
  u32,
  xdpContext,
} from '../src/index.js'
import { bpfObject, packet, pins, thrownBy } from './lab.js'

const pinAt = pins('program')
const open = () => openObject(bpfObject('basic'), { name: 'basic' }).load()

describe('running a program', () => {
  test('returns its verdict, the packet and how long it took', () => {
    using object = open()
    using drop = object.program('drop')
    const data = packet(60).fill(7)
    const result = drop.run({ data, repeat: 1000 })
    expect(result).toMatchObject({ returnValue: 1, data })
    expect(result.durationNs).toBeGreaterThan(0)
    expect(result.durationNs).toBeLessThan(100_000)
  })

  test('repeats it as often as asked', () => {
    using object = open()
    using count = object.program('count')
    using counts = object.map('counts')
    count.run({ data: packet(), repeat: 25 })
    const key = counts.nextKey()
    expect(readU32(counts.lookup(key ?? u32(0)) ?? packet())).toBe(25)
  })

  test('returns a packet that grew', () => {
    using object = open()
    using grow = object.program('grow')
    const { returnValue, data } = grow.run({ data: packet() })
    expect(returnValue).toBe(3)
    expect(data.length).toBe(68)
    expect(data.subarray(0, 5)).toEqual(new Uint8Array([0xee, 0xee, 0xee, 0xee, 0]))
    expect(thrownBy(BpfError, () => grow.run({ data: packet(), dataOutSize: 64 })).code).toBe('ENOSPC')
  })

  test('hands it the context given', () => {
    using object = open()
    using count = object.program('count')
    using counts = object.map('counts')
    const { context } = count.run({ data: packet(), context: xdpContext(64, 1) })
    expect(counts.lookup(u32(1))).toBeDefined()
    expect(context).toEqual(xdpContext(64, 1))
  })

  test('runs a syscall program on its context alone', () => {
    using object = open()
    using add = object.program('add')
    const context = new Uint8Array(Uint32Array.of(40, 2, 0).buffer)
    const result = add.run({ context })
    expect(result.returnValue).toBe(9)
    expect(readU32(result.context, 8)).toBe(42)
    expect(readU32(context, 8)).toBe(0)
  })

  test('sends live frames', () => {
    using object = open()
    using drop = object.program('drop')
    using stats = enableRunStats()
    expect(stats).toBeDefined()
    drop.run({ data: packet(), liveFrames: true, repeat: 64, batchSize: 16 })
    expect(drop.info().runCount).toBe(64)
  })

  test('refuses packets and contexts the kernel does not take', () => {
    using object = open()
    using drop = object.program('drop')
    expect(thrownBy(BpfError, () => drop.run({ data: packet(13) }))).toMatchObject({
      operation: 'program run',
      subject: 'drop',
      code: 'EINVAL',
    })
    expect(thrownBy(BpfError, () => drop.run({})).code).toBe('EINVAL')
    expect(thrownBy(BpfError, () => drop.run({ data: packet(), context: xdpContext(9999) })).code).toBe(
      'EINVAL',
    )
    expect(() => drop.run({ data: 'packet' as unknown as Uint8Array })).toThrow(
      new TypeError('data must be a Uint8Array'),
    )
    expect(() => drop.run({ data: packet(), repeat: -1 })).toThrow(/^repeat must be an integer/)
  })
})

describe('information on a program', () => {
  test('has sizes, tag and maps', () => {
    using object = open()
    using count = object.program('count')
    const info = count.info()
    expect(info).toMatchObject({ id: count.id, name: 'count', type: 'xdp', tag: count.tag, runCount: 0 })
    expect(info.tag).toMatch(/^[0-9a-f]{16}$/)
    expect(info.jitedBytes).toBeGreaterThan(0)
    expect(info.translatedBytes % 8).toBe(0)
    expect(info.verifiedInstructions).toBeGreaterThan(5)
    const names = info.mapIds.map((id) => {
      using map = openMapById(id)
      return map.name
    })
    expect(names.sort()).toEqual(['.data.settings', 'basic.bss', 'basic.rodata', 'counts'])
  })

  test('counts runs only while statistics are on', () => {
    using object = open()
    using drop = object.program('drop')
    drop.run({ data: packet(), repeat: 10 })
    expect(drop.info().runCount).toBe(0)
    const stats = enableRunStats()
    drop.run({ data: packet(), repeat: 10 })
    stats.close()
    stats.close()
    drop.run({ data: packet(), repeat: 10 })
    expect(drop.info().runCount).toBe(10)
    expect(drop.info().runTimeNs).toBeGreaterThan(0)
  })
})

describe('a program handle', () => {
  test('is pinned, opened again by pin and by id, and unpinned', () => {
    const path = pinAt('drop')
    using object = open()
    using drop = object.program('drop')
    drop.pin(path)
    using byPin = openProgram(path)
    using byId = openProgramById(drop.id)
    expect([byPin.id, byId.id]).toEqual([drop.id, drop.id])
    expect(byPin.name).toBe('drop')
    expect(byPin.run({ data: packet() }).returnValue).toBe(1)
    byPin.unpin(path)
    expect(thrownBy(BpfError, () => openProgram(path)).code).toBe('ENOENT')
    expect(thrownBy(BpfError, () => openProgramById(4_000_000_000)).code).toBe('ENOENT')
  })

  test('is closed once, whatever is called afterwards', () => {
    using object = open()
    const drop = object.program('drop')
    drop.close()
    drop.close()
    for (const call of [
      () => drop.fd,
      () => drop.info(),
      () => drop.run({ data: packet() }),
      () => drop.pin('/x'),
    ]) {
      expect(call).toThrow(new Error("program 'drop' is closed"))
    }
    expect(drop.name).toBe('drop')
  })
})

describe('bare instructions', () => {
  const exitWith = (value: number) =>
    new Uint8Array([0xb7, 0, 0, 0, value, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0])

  test('are loaded and run', () => {
    using program = loadInstructions({ name: 'two', type: 'xdp', instructions: exitWith(2) })
    expect(program.run({ data: packet() }).returnValue).toBe(2)
    expect(program.name).toBe('two')
  })

  test('are refused with the verifier in the error', () => {
    const load = () => loadInstructions({ type: 'xdp', instructions: exitWith(2).subarray(8) })
    const error = thrownBy(BpfError, load)
    expect(error).toMatchObject({ operation: 'load program', code: 'EACCES' })
    expect(error.message).toContain('R0 !read_ok')
    expect(() => loadInstructions({ type: 'xdp', instructions: packet(7) })).toThrow(
      new TypeError('instructions must be a multiple of 8 bytes'),
    )
    expect(() => loadInstructions({ type: 'nonsense', instructions: exitWith(1) })).toThrow(
      new TypeError("type must name a program type, 'nonsense' is none"),
    )
  })
})
