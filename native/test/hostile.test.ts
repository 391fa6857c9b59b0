// SPDX-License-Identifier: Apache-2.0
import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  attachTcx,
  attachXdp,
  BpfError,
  createMap,
  openLink,
  openMap,
  openObject,
  openProgram,
  openXdpLink,
  queryXdp,
} from '../src/index.js'
import { child, objectFiles } from './children.js'
import { bpfObject, pins, thrownBy } from './lab.js'

const pinAt = pins('hostile')
const objectFile = objectFiles('basic', 'kinds', 'ring')
const faultIn = (bytes: Uint8Array) => thrownBy(BpfError, () => openObject(bytes).close())

describe('an object file', () => {
  test.each([
    ['nothing', new Uint8Array(0), 'it is no ELF file'],
    ['zeros', new Uint8Array(4096), 'it is no ELF file'],
    ['text', new TextEncoder().encode('#!/bin/sh\n'.repeat(100)), 'it is no ELF file'],
    ['half an object', bpfObject('basic').subarray(0, 4000), 'its section headers are cut off'],
  ])('that is %s is an error with the reason', (_, bytes, reason) => {
    expect(faultIn(bytes)).toMatchObject({
      operation: 'open object',
      errno: 4001,
      code: 'LIBBPF_ERRNO__FORMAT',
      log: reason,
    })
  })

  test('for another machine is an error with the reason', () => {
    const path = join(tmpdir(), `libbpf-ts-${process.pid}.elf`)
    onTestFinished(() => rmSync(path))
    const bytes = bpfObject('basic').slice()
    new DataView(bytes.buffer).setUint16(18, 62, true)
    writeFileSync(path, bytes)
    const error = thrownBy(BpfError, () => openObject(path))
    expect(error.message).toBe(
      `open object ${path}: BPF object format invalid (LIBBPF_ERRNO__FORMAT): it is no BPF object`,
    )
  })

  test('of the other byte order is an error with its own code', () => {
    const bytes = bpfObject('basic').slice()
    bytes[5] = 2
    expect(['LIBBPF_ERRNO__ENDIAN', 'LIBBPF_ERRNO__FORMAT']).toContain(faultIn(bytes).code)
  })

  test('that is not there is an error with the path', () => {
    const error = thrownBy(BpfError, () => openObject('/nowhere/at.all'))
    expect(error).toMatchObject({
      operation: 'open object',
      subject: '/nowhere/at.all',
      errno: 2,
      code: 'ENOENT',
    })
    expect(() => openObject(5 as never)).toThrow(new TypeError('source must be a path or a Uint8Array'))
  })

  test.each(['basic', 'kinds', 'ring'])(
    'cut at any length or damaged anywhere is opened or refused, never a crash (%s)',
    async (name) => {
      const length = bpfObject(name).length
      const counts = await child<{
        prefixes: { opened: number; refused: number }
        all: { opened: number; refused: number }
      }>('hostile', [objectFile(name), '4000', '7'])
      expect(counts.prefixes).toEqual({ opened: 0, refused: length })
      expect(counts.all.opened + counts.all.refused).toBe(length + 4000)
      expect(counts.all.opened).toBeGreaterThan(100)
    },
  )
})

describe('a pin', () => {
  test('of another kind is a TypeError that says which', () => {
    const [map, program] = [pinAt('map'), pinAt('program')]
    using made = createMap({ type: 'array', keySize: 4, valueSize: 4, maxEntries: 1 })
    made.pin(map)
    using object = openObject(bpfObject('basic')).load()
    using drop = object.program('drop')
    drop.pin(program)
    expect(() => openMap(program)).toThrow(new TypeError(`${program} is not a BPF map (it is a bpf-prog)`))
    expect(() => openProgram(map)).toThrow(new TypeError(`${map} is not a BPF program (it is a bpf-map)`))
    expect(() => openLink(map)).toThrow(new TypeError(`${map} is not a BPF link (it is a bpf-map)`))
    expect(() => openXdpLink(program)).toThrow(TypeError)
  })

  test('that is an ordinary file or directory is an error', () => {
    expect(thrownBy(BpfError, () => openMap('/etc/passwd')).code).toMatch(/^E(ACCES|INVAL|PERM)$/)
    expect(thrownBy(BpfError, () => openMap('/')).operation).toBe('open pin')
  })
})

describe('a map', () => {
  test.each([
    ['no entries', { maxEntries: 0 }],
    ['keys of a wrong size', { keySize: 5 }],
    ['flags nobody knows', { flags: 0x40000000 }],
  ])('asked for with %s is an error', (_, change) => {
    const good = { name: 'odd', type: 'array', keySize: 4, valueSize: 8, maxEntries: 1 }
    const error = thrownBy(BpfError, () => createMap({ ...good, ...change }))
    expect(error).toMatchObject({ operation: 'create map', subject: 'odd', code: 'EINVAL' })
  })

  test('of no known type, or with numbers that are none, is a TypeError', () => {
    const good = { type: 'array', keySize: 4, valueSize: 8, maxEntries: 1 }
    expect(() => createMap({ ...good, type: 'arrray' })).toThrow(
      new TypeError("type must name a map type, 'arrray' is none"),
    )
    for (const maxEntries of [-1, 1.5, Number.NaN, 2 ** 32, '7' as never]) {
      expect(() => createMap({ ...good, maxEntries })).toThrow(/^maxEntries must be an integer from 0 to/)
    }
  })
})

test('what is no map and no program is a TypeError that names the argument', () => {
  using spec = openObject(bpfObject('basic'))
  using map = createMap({ type: 'hash', keySize: 4, valueSize: 4, maxEntries: 1 })
  const nothing = undefined as never
  expect(() => spec.reuseMap('counts', nothing)).toThrow(new TypeError('existing must be a BpfMap'))
  expect(() => spec.setInnerMap('counts', {} as never)).toThrow(new TypeError('inner must be a BpfMap'))
  expect(() => attachXdp(nothing, 1, { mode: 'native' })).toThrow(
    new TypeError('program must be a BpfProgram'),
  )
  expect(() => attachTcx(nothing, 1, 'ingress')).toThrow(new TypeError('program must be a BpfProgram'))
  expect(() => map.update(new Uint8Array(4), nothing)).toThrow(/^value must be a Uint8Array/)
  expect(() => queryXdp('eth0' as never)).toThrow(/^ifindex must be an integer/)
  expect(() => new (map.constructor as new (handle: unknown) => unknown)({})).toThrow(TypeError)
})

test('an error of libbpf is an Error that keeps its parts', () => {
  const error = faultIn(new Uint8Array(10))
  expect(error).toBeInstanceOf(Error)
  expect(error.name).toBe('BpfError')
  expect(error.stack).toContain('hostile.test.ts')
  expect(Object.keys(error)).not.toContain('wholeLog')
})
