// SPDX-License-Identifier: Apache-2.0
// A map whose keys and values are objects instead of bytes, through the readers and writers that
// `libbpf-ts gen-types` makes from the object's BTF.
import type { BpfMap, UpdateMode } from './map.js'
import { littleEndian, splitCpus } from './values.js'

/** How one type is laid out: generated `X_SIZE`, `readX` and `writeX`, or one of `codecs`. */
export interface Codec<T> {
  /** Bytes. */
  readonly size: number
  /** The value at `offset`.
   * @kernel none */
  read(view: DataView, offset: number): T
  /** Writes `size` bytes at `offset`.
   * @kernel none */
  write(view: DataView, offset: number, value: T): void
}

const u32: Codec<number> = {
  size: 4,
  read: (view, offset) => view.getUint32(offset, littleEndian),
  write: (view, offset, value) => view.setUint32(offset, value, littleEndian),
}

const u64: Codec<bigint> = {
  size: 8,
  read: (view, offset) => view.getBigUint64(offset, littleEndian),
  write: (view, offset, value) => view.setBigUint64(offset, value, littleEndian),
}

function bytes(size: number): Codec<Uint8Array> {
  return {
    size,
    read: (view, offset) => new Uint8Array(view.buffer, view.byteOffset + offset, size).slice(),
    write: (view, offset, value) => {
      if (value.length !== size) throw new TypeError(`value must have ${size} bytes, it has ${value.length}`)
      new Uint8Array(view.buffer, view.byteOffset + offset, size).set(value)
    },
  }
}

/** Plain numbers in the machine's order, and a given number of raw bytes. */
export const codecs = {
  /** Unsigned, 4 bytes. */
  u32,
  /** Unsigned, 8 bytes. */
  u64,
  /** As many raw bytes as said; a value of another length is a `TypeError`.
   * @kernel none */
  bytes,
} as const

/** A view on a `BpfMap`, which stays the caller's to close. Values of per-CPU maps are read by `getPerCpu`. */
export class TypedMap<Key, Value> {
  /** The map underneath. */
  readonly map: BpfMap
  readonly #key: Codec<Key>
  readonly #value: Codec<Value>

  /** Throws a `TypeError` when the size of a codec is not the map's: the types are not this map's. */
  constructor(map: BpfMap, key: Codec<Key>, value: Codec<Value>) {
    expectSize(map.name, 'key', key.size, map.keySize)
    expectSize(map.name, 'value', value.size, map.valueSize)
    this.map = map
    this.#key = key
    this.#value = value
  }

  /** The value of `key`, `undefined` when there is none; of a per-CPU map the first CPU's.
   * @throws as `BpfMap.lookup`, and what the codec throws
   * @kernel 4.13 */
  get(key: Key): Value | undefined {
    const bytes = this.map.lookup(encode(this.#key, key))
    return bytes === undefined ? undefined : this.#value.read(viewOf(bytes), 0)
  }

  /** One value for each possible CPU; `undefined` when there is no such key.
   * @throws as `BpfMap.lookup`, and what the codec throws
   * @kernel 4.13 */
  getPerCpu(key: Key): Value[] | undefined {
    const bytes = this.map.lookup(encode(this.#key, key))
    if (bytes === undefined) return undefined
    return splitCpus(bytes, this.map.valueSize).map((value) => this.#value.read(viewOf(value), 0))
  }

  /** Whether there is such a key.
   * @throws as `BpfMap.lookup`
   * @kernel 4.13 */
  has(key: Key): boolean {
    return this.map.lookup(encode(this.#key, key)) !== undefined
  }

  /** Writes one entry. Per-CPU maps are written by `map.update` and `joinCpus`.
   * @throws as `BpfMap.update`, and what the codec throws
   * @kernel 4.13 */
  set(key: Key, value: Value, mode: UpdateMode = 'any'): void {
    this.map.update(encode(this.#key, key), encode(this.#value, value), mode)
  }

  /** Deletes one entry; false when there was none.
   * @throws as `BpfMap.delete`
   * @kernel 4.13 */
  delete(key: Key): boolean {
    return this.map.delete(encode(this.#key, key))
  }

  /** Writes many entries in one system call; returns how many.
   * @throws as `BpfMap.updateBatch`, and what the codec throws
   * @kernel 5.6; 4.13 one by one */
  setAll(entries: Iterable<readonly [Key, Value]>, mode: UpdateMode = 'any'): number {
    const list = [...entries]
    const keys = new Uint8Array(list.length * this.#key.size)
    const values = new Uint8Array(list.length * this.#value.size)
    const keyView = viewOf(keys)
    const valueView = viewOf(values)
    list.forEach(([key, value], i) => {
      this.#key.write(keyView, i * this.#key.size, key)
      this.#value.write(valueView, i * this.#value.size, value)
    })
    return this.map.updateBatch(keys, values, mode)
  }

  /** All entries, fetched `size` at a time; of a per-CPU map the first CPU's values.
   * @throws as `BpfMap.chunks`, and what the codec throws
   * @kernel 5.6 in batches, 4.13 one by one */
  async *entries(size = 1024): AsyncGenerator<[Key, Value]> {
    const stride = this.map.transferSize
    for await (const chunk of this.map.chunks(size)) {
      const keys = viewOf(chunk.keys)
      const values = viewOf(chunk.values)
      for (let i = 0; i < chunk.count; i++) {
        yield [this.#key.read(keys, i * this.#key.size), this.#value.read(values, i * stride)]
      }
    }
  }

  /** `for await`: all entries. */
  [Symbol.asyncIterator](): AsyncGenerator<[Key, Value]> {
    return this.entries()
  }
}

function expectSize(map: string, what: string, codec: number, actual: number): void {
  if (codec !== actual) {
    throw new TypeError(`${what} must be ${actual} bytes for map '${map}', its type has ${codec}`)
  }
}

function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const bytes = new Uint8Array(codec.size)
  codec.write(viewOf(bytes), 0, value)
  return bytes
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
