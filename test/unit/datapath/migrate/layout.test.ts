// SPDX-License-Identifier: Apache-2.0
// Which maps serve two versions, and how a value is translated when they do not.
import type { Layout } from 'libbpf-ts'
import { describe, expect, test } from 'vitest'
import { fits, move, movesOf, Untranslatable } from '../../../../src/datapath/migrate/layout.js'

const u8: Layout = { kind: 'number', bytes: 1, signed: false, network: false }
const u32: Layout = { kind: 'number', bytes: 4, signed: false, network: false }
const s32: Layout = { ...u32, signed: true }
const u64: Layout = { ...u32, bytes: 8 }
const s64: Layout = { ...u64, signed: true }
const be16: Layout = { kind: 'number', bytes: 2, signed: false, network: true }
const be32: Layout = { ...be16, bytes: 4 }

function struct(bytes: number, members: Readonly<Record<string, readonly [number, Layout]>>): Layout {
  const list = Object.entries(members).map(([name, [offset, layout]]) => ({ name, offset, layout }))
  return { kind: 'struct', bytes, members: list }
}
const array = (length: number, of: Layout): Layout => ({ kind: 'array', of, length })

/** Numbers of the new value, by where they stand. */
function translated(old: Layout, now: Layout, write: (view: DataView) => void, bytes = 32): DataView {
  const from = new Uint8Array(bytes)
  write(new DataView(from.buffer))
  const to = new Uint8Array(2 * bytes)
  move(movesOf(old, now), from, 0, to, 0)
  return new DataView(to.buffer)
}

describe('a map serves both versions', () => {
  const stats2 = struct(16, { packets: [0, u64], pad: [8, u64] })

  test('when nothing changed, or what is new stands where padding was', () => {
    expect(fits(stats2, stats2)).toBe(true)
    expect(fits(stats2, struct(16, { packets: [0, u64], retries: [8, u32], handshakes: [12, u32] }))).toBe(
      true,
    )
    expect(fits(array(4, stats2), array(4, struct(16, { packets: [0, u64], more: [8, u64] })))).toBe(true)
  })

  test.each<[string, Layout]>([
    ['a member in front', struct(24, { fresh: [0, u64], packets: [8, u64], pad: [16, u64] })],
    ['a member that moved', struct(16, { pad: [0, u64], packets: [8, u64] })],
    ['a member that went', struct(16, { pad: [0, u64], pad2: [8, u64] })],
    ['another name', struct(16, { frames: [0, u64], pad: [8, u64] })],
    ['another sign', struct(16, { packets: [0, s64], pad: [8, u64] })],
    ['another width', struct(16, { packets: [0, u32], pad: [8, u64] })],
    ['a larger struct', struct(24, { packets: [0, u64], pad: [8, u64], more: [16, u64] })],
    ['no struct', array(2, u64)],
  ])('but not with %s', (_, now) => expect(fits(stats2, now)).toBe(false))

  test('but not when the number of elements or the byte order differs', () => {
    expect(fits(array(4, u32), array(5, u32))).toBe(false)
    expect(fits(u32, be32)).toBe(false)
  })
})

describe('a value is translated member by member', () => {
  test('by name, wherever each stands now; what is new is 0 and what went is dropped', () => {
    const old = struct(12, { gone: [0, u32], port: [4, be16], pad: [6, be16], count: [8, u32] })
    const now = struct(16, { fresh: [0, u64], count: [8, u32], port: [12, be16], pad: [14, be16] })
    const value = translated(old, now, (view) => {
      view.setUint32(0, 0xffffffff)
      view.setUint16(4, 443)
      view.setUint16(6, 0xffff)
      view.setUint32(8, 7, true)
    })
    expect([
      value.getBigUint64(0),
      value.getUint32(8, true),
      value.getUint16(12),
      value.getUint16(14),
    ]).toEqual([0n, 7, 443, 0])
  })

  test('in arrays of structs, each for itself', () => {
    const old = struct(16, { way: [0, array(2, struct(8, { key: [0, u32], data: [4, u32] }))] })
    const now = struct(40, { way: [8, array(2, struct(16, { data: [0, u64], key: [8, u32] }))] })
    const value = translated(old, now, (view) => {
      for (const i of [0, 1, 2, 3]) view.setUint32(4 * i, i + 1, true)
    })
    expect([8, 16, 24, 32].map((at) => value.getUint32(at, true))).toEqual([2, 1, 4, 3])
  })

  test('and becomes wider with its sign', () => {
    const [old, now] = [struct(8, { a: [0, s32], b: [4, u32] }), struct(16, { a: [0, s64], b: [8, u64] })]
    const value = translated(old, now, (view) => {
      view.setInt32(0, -5, true)
      view.setUint32(4, 0xfffffff0, true)
    })
    expect([value.getBigInt64(0, true), value.getBigUint64(8, true)]).toEqual([-5n, 0xfffffff0n])
  })

  test.each<[string, Layout, Layout, string]>([
    ['a narrower number', u64, u32, 'count: 8 bytes become 4'],
    ['another byte order', u32, be32, 'count: its byte order'],
    ['a wider number in network order', be16, be32, 'count: its byte order'],
    ['another sign', u32, s32, 'count: its sign changes'],
    ['fewer elements', array(4, u32), array(2, u32), 'count: 4 elements become 2'],
    ['something else', u64, array(8, u8), 'count: number becomes array'],
  ])('but not into %s: that takes a step, and is said by name', (_, was, is, why) => {
    const attempt = () => movesOf(struct(64, { count: [0, was] }), struct(64, { count: [0, is] }))
    expect(attempt).toThrow(Untranslatable)
    expect(attempt).toThrow(why)
  })
})
