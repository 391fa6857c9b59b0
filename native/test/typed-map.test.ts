// SPDX-License-Identifier: Apache-2.0
import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  type BpfMap,
  type Chunk,
  type Codec,
  codecs,
  createMap,
  type Feature,
  features,
  joinCpus,
  possibleCpus,
  type queryXdp,
  TypedMap,
  u32,
} from '../src/index.js'

interface Flow {
  readonly port: number
  readonly packets: bigint
}

const flow: Codec<Flow> = {
  size: 16,
  read: (view, offset) => ({ port: view.getUint16(offset), packets: view.getBigUint64(offset + 8, true) }),
  write: (view, offset, value) => {
    view.setUint16(offset, value.port)
    view.setBigUint64(offset + 8, value.packets, true)
  },
}

const make = (type: string, valueSize = 16) =>
  createMap({ name: 'flows', type, keySize: 4, valueSize, maxEntries: 100 })

describe('a typed map', () => {
  test('reads and writes objects', () => {
    using map = make('hash')
    const flows = new TypedMap(map, codecs.u32, flow)
    expect(flows.get(7)).toBeUndefined()
    flows.set(7, { port: 80, packets: 5n })
    expect(flows.get(7)).toEqual({ port: 80, packets: 5n })
    expect(map.lookup(u32(7))?.subarray(0, 9)).toEqual(new Uint8Array([0, 80, 0, 0, 0, 0, 0, 0, 5]))
    expect([flows.has(7), flows.delete(7), flows.has(7), flows.delete(7)]).toEqual([true, true, false, false])
  })

  test('writes many at once and goes through all', async () => {
    using map = make('hash')
    const flows = new TypedMap(map, codecs.u32, flow)
    const entries = Array.from({ length: 50 }, (_, i): [number, Flow] => [i, { port: i, packets: BigInt(i) }])
    expect(flows.setAll(entries)).toBe(50)
    const seen: [number, Flow][] = []
    for await (const entry of flows) seen.push(entry)
    expect(seen.sort(([a], [b]) => a - b)).toEqual(entries)
  })

  test('gives the value of every CPU', () => {
    using map = make('percpu_hash', 8)
    const counts = new TypedMap(map, codecs.u32, codecs.u64)
    const one = new Uint8Array(8)
    one[0] = 3
    map.update(u32(1), joinCpus(Array.from({ length: possibleCpus() }, () => one)))
    expect(counts.getPerCpu(1)).toEqual(Array.from({ length: possibleCpus() }, () => 3n))
    expect(counts.getPerCpu(2)).toBeUndefined()
  })

  test('refuses types that are not this map’s', () => {
    using map = make('hash')
    expect(() => new TypedMap(map, codecs.u64, flow)).toThrow(
      new TypeError("key must be 4 bytes for map 'flows', its type has 8"),
    )
    expect(() => new TypedMap(map, codecs.u32, codecs.bytes(4))).toThrow(/^value must be 16 bytes/)
    expect(() => new TypedMap(map, codecs.bytes(4), flow).get(new Uint8Array(3))).toThrow(
      'value must have 4 bytes, it has 3',
    )
  })

  test('has the types of its codecs', () => {
    expectTypeOf<TypedMap<number, Flow>['get']>().returns.toEqualTypeOf<Flow | undefined>()
    expectTypeOf<TypedMap<number, Flow>['set']>().parameter(0).toEqualTypeOf<number>()
    expectTypeOf<Parameters<TypedMap<bigint, Flow>['set']>[2]>().toEqualTypeOf<
      'any' | 'noexist' | 'exist' | undefined
    >()
    expectTypeOf<ReturnType<TypedMap<number, bigint>['getPerCpu']>>().toEqualTypeOf<bigint[] | undefined>()
  })
})

test('the public types are what callers rely on', () => {
  expectTypeOf<BpfMap['lookup']>().returns.toEqualTypeOf<Uint8Array | undefined>()
  expectTypeOf<BpfMap['chunks']>().returns.toEqualTypeOf<AsyncIterable<Chunk>>()
  expectTypeOf<ReturnType<typeof queryXdp>['mode']>().toEqualTypeOf<
    'none' | 'native' | 'generic' | 'offload' | 'multi'
  >()
  expectTypeOf(features.xdpLink).returns.toEqualTypeOf<Feature>()
  const answer: Feature = features.jit()
  if (!answer.ok) expectTypeOf(answer.why).toBeString()
  // @ts-expect-error: a yes has no reason
  expect(answer.ok && answer.why).not.toBe(true)
})
