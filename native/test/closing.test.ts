// SPDX-License-Identifier: Apache-2.0
// Who owns what: every handle has a descriptor of its own, so no order of closing leaves one hanging.
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { attachXdp, createMap, mapFlags, openObject, openRingBuffer, u32 } from '../src/index.js'
import { bpfObject, openDescriptors, packet, vethPair } from './lab.js'

const pair = vethPair('c')

function ordersOf<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]]
  return items.flatMap((item, i) =>
    ordersOf([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [item, ...rest]),
  )
}

test('an object, its map, its program, a link and a reader may be closed in every order', async () => {
  const spec = () => openObject(bpfObject('basic'))
  const once = () => {
    const object = spec().load()
    const map = object.map('counts')
    const program = object.program('drop')
    const link = attachXdp(program, pair.near, { mode: 'generic' })
    const ringMap = createMap({ type: 'ringbuf', keySize: 0, valueSize: 0, maxEntries: 4096 })
    const ring = openRingBuffer(ringMap, () => {})
    ringMap.close()
    return [object, map, program, link, ring]
  }
  for (const handle of once()) handle.close()
  await setImmediate()
  const before = openDescriptors()
  const orders = ordersOf([0, 1, 2, 3, 4])
  expect(orders.length).toBe(120)
  for (const order of orders) {
    const handles = once()
    for (const i of order) handles[i]?.close()
    for (const i of order) handles[i]?.close()
  }
  await setImmediate()
  expect(openDescriptors()).toBe(before)
})

test('what was taken from an object works after the object is closed, and the other way round', () => {
  const object = openObject(bpfObject('basic')).load()
  using early = object.program('drop')
  early.close()
  using program = object.program('drop')
  using map = object.map('counts')
  object.close()
  expect(program.run({ data: packet() }).returnValue).toBe(1)
  map.update(u32(5), new Uint8Array(8))
  expect(map.lookup(u32(5))).toEqual(new Uint8Array(8))
  expect(() => object.map('counts')).toThrow(/^object '.*' is closed$/)
  expect(() => object.program('drop')).toThrow(/^object '.*' is closed$/)
})

test('a link keeps its program when the handle of the program is closed', () => {
  using object = openObject(bpfObject('basic')).load()
  const program = object.program('drop')
  const id = program.id
  using link = attachXdp(program, pair.near, { mode: 'generic' })
  program.close()
  object.close()
  expect(link.info()).toMatchObject({ programId: id, ifindex: pair.near })
})

test('mapped memory is not given away with a message, and stays whole', () => {
  using map = createMap({ type: 'array', keySize: 4, valueSize: 8, maxEntries: 4, flags: mapFlags.mmapable })
  const memory = map.mmap({ writable: true })
  new Uint8Array(memory)[0] = 7
  try {
    structuredClone(memory, { transfer: [memory] })
  } catch (error) {
    expect((error as Error).name).toBe('DataCloneError')
  }
  expect(map.lookup(u32(0))?.[0]).toBe(7)
  map.close()
  if (memory.byteLength > 0) expect(new Uint8Array(memory)[0]).toBe(7)
})
