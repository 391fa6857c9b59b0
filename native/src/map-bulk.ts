// SPDX-License-Identifier: Apache-2.0
// Many entries at once: iteration in chunks by batch lookups, and the same one by one for map types
// that know no batches.
import { setImmediate } from 'node:timers/promises'
import { BpfError } from './errors.js'
import type { MapDescription, NativeMap } from './native.js'

/** Some entries of a map. */
export interface Chunk {
  /** `count` keys, one after another. */
  readonly keys: Uint8Array
  /** `count` values, one after another; per-CPU values as `lookup` gives them. */
  readonly values: Uint8Array
  /** How many entries. */
  readonly count: number
}

export async function* chunksOf(map: NativeMap, about: MapDescription, size: number): AsyncGenerator<Chunk> {
  if (!Number.isInteger(size) || size < 1) throw new TypeError('size must be a positive integer')
  if (about.keySize === 0)
    throw new TypeError(`map '${about.name}' of type ${about.type} has no keys to walk`)
  const source = batched(map, about, Math.min(size, Math.max(1, about.maxEntries)))
  for (let first = true; ; first = false) {
    if (!first) await setImmediate()
    const chunk = source()
    if (chunk === undefined) return
    if (chunk.count > 0) yield chunk
  }
}

/** Returns the next chunk at every call, `undefined` after the last. */
function batched(map: NativeMap, about: MapDescription, size: number): () => Chunk | undefined {
  let room = size
  let from: Uint8Array | undefined
  let last = false
  let oneByOne: (() => Chunk | undefined) | undefined
  return function next(): Chunk | undefined {
    if (oneByOne !== undefined) return oneByOne()
    if (last) return undefined
    const keys = new Uint8Array(room * about.keySize)
    const values = new Uint8Array(room * about.transferSize)
    const after = new Uint8Array(Math.max(4, about.keySize))
    try {
      const result = map.lookupBatch(from, after, keys, values)
      from = after
      last = result.last
      return cut(keys, values, result.count, about)
    } catch (error) {
      if (!(error instanceof BpfError)) throw error
      if (error.code === 'ENOSPC') {
        room *= 2 // one bucket of a hash did not fit
      } else if (error.code === 'ENOTSUPP' || (error.code === 'EINVAL' && from === undefined)) {
        oneByOne = walked(map, about, size)
      } else {
        throw error
      }
      return next()
    }
  }
}

function walked(map: NativeMap, about: MapDescription, size: number): () => Chunk | undefined {
  let key: Uint8Array | undefined
  let last = false
  return () => {
    if (last) return undefined
    const keys = new Uint8Array(size * about.keySize)
    const values = new Uint8Array(size * about.transferSize)
    let count = 0
    while (count < size) {
      const next = new Uint8Array(about.keySize)
      last = !map.nextKey(key, next)
      if (last) break
      key = next
      const value = values.subarray(count * about.transferSize, (count + 1) * about.transferSize)
      if (!map.lookup(key, value)) continue
      keys.set(key, count * about.keySize)
      count++
    }
    return cut(keys, values, count, about)
  }
}

function cut(keys: Uint8Array, values: Uint8Array, count: number, about: MapDescription): Chunk {
  return {
    keys: keys.subarray(0, count * about.keySize),
    values: values.subarray(0, count * about.transferSize),
    count,
  }
}

export function updateEach(
  map: NativeMap,
  about: MapDescription,
  keys: Uint8Array,
  values: Uint8Array,
  flags: number,
): number {
  const count = countOf(keys, about.keySize)
  if (values.length !== count * about.transferSize) {
    throw new TypeError(`values must have ${count * about.transferSize} bytes, it has ${values.length}`)
  }
  for (let i = 0; i < count; i++) {
    map.update(nth(keys, i, about.keySize), nth(values, i, about.transferSize), flags)
  }
  return count
}

export function deleteEach(map: NativeMap, about: MapDescription, keys: Uint8Array): number {
  const count = countOf(keys, about.keySize)
  let deleted = 0
  for (let i = 0; i < count; i++) if (map.delete(nth(keys, i, about.keySize))) deleted++
  return deleted
}

function countOf(keys: Uint8Array, size: number): number {
  if (keys.length % size !== 0) {
    throw new TypeError(`keys must be a multiple of ${size} bytes, it has ${keys.length}`)
  }
  return keys.length / size
}

function nth(bytes: Uint8Array, index: number, size: number): Uint8Array {
  return bytes.subarray(index * size, (index + 1) * size)
}
