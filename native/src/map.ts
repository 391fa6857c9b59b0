// SPDX-License-Identifier: Apache-2.0
// BPF maps: single entries, batches, iteration in chunks, memory mapping, pins.
import { constants } from 'node:buffer'
import { unlinkSync } from 'node:fs'
import { types } from 'node:util'
import { BpfError } from './errors.js'
import { type Chunk, chunksOf, deleteEach, updateEach } from './map-bulk.js'
import { type MapDescription, type NativeMap, native } from './native.js'
import { type Descriptor, fdOf, u32 } from './values.js'

/** `any` writes always, `noexist` only a new key, `exist` only a key that is there. */
export type UpdateMode = 'any' | 'noexist' | 'exist'

const updateFlags: Record<UpdateMode, number> = { any: 0, noexist: 1, exist: 2 }

const descriptorMaps = new Set([
  'array_of_maps',
  'hash_of_maps',
  'prog_array',
  'perf_event_array',
  'cgroup_array',
  'sockmap',
  'sockhash',
  'reuseport_sockarray',
  'xskmap',
])

/** What a map is to be like. */
export interface MapOptions {
  /** The kernel keeps the first 15 bytes. */
  readonly name?: string
  /** libbpf's name of the type: `'array'`, `'hash'`, `'lru_hash'`, `'devmap_hash'`, … */
  readonly type: string
  /** Bytes; 0 for queues, stacks and ring buffers. */
  readonly keySize: number
  /** Bytes; 0 for ring buffers. */
  readonly valueSize: number
  /** Entries; for ring buffers bytes, a power of two of at least a page. */
  readonly maxEntries: number
  /** `mapFlags.…`, or-ed. */
  readonly flags?: number
  /** For maps of maps: a map like those to be put in. */
  readonly innerMap?: BpfMap
}

/** Creation flags, as the kernel numbers them. */
export const mapFlags = {
  /** Memory for entries is taken when they come; LPM tries must have it. */
  noPreallocation: 1,
  /** On one NUMA node. */
  numaNode: 4,
  /** User space may only read, through this descriptor. */
  readOnly: 8,
  /** User space may only write, through this descriptor. */
  writeOnly: 16,
  /** Programs may only read (kernel 5.2). */
  readOnlyForPrograms: 128,
  /** Programs may only write (kernel 5.2). */
  writeOnlyForPrograms: 256,
  /** For `mmap` (kernel 5.5). */
  mmapable: 1024,
  /** Arrays inside a map of maps may differ in size (kernel 5.10). */
  innerMap: 4096,
} as const

/** Opens a pinned map.
 * @throws TypeError when the pin holds something else; BpfError `ENOENT`, `EACCES`
 * @kernel 4.13 */
export function openMap(pinPath: string): BpfMap {
  return new BpfMap(native.Map.open(pinPath))
}

/** Opens a map by its id, as `BpfMap.id` and `ProgramInfo.mapIds` give it. Needs CAP_SYS_ADMIN.
 * @throws BpfError `ENOENT` when there is no such map, `EPERM`
 * @kernel 4.13 */
export function openMapById(id: number): BpfMap {
  return new BpfMap(native.Map.byId(id))
}

/** Makes a map of its own, outside any object: inner maps, probes, tables a program gets by `reuseMap`.
 * @throws TypeError for a type nobody knows; BpfError `EINVAL` for sizes or flags the type does not have,
 * `ENOMEM`, `EPERM`
 * @kernel 4.13, or that of the type */
export function createMap(options: MapOptions): BpfMap {
  const { name = '', type, keySize, valueSize, maxEntries, flags = 0, innerMap } = options
  const inner = innerMap === undefined ? undefined : fdOf(innerMap, 'innerMap', 'a BpfMap')
  return new BpfMap(native.Map.create(type, name, keySize, valueSize, maxEntries, flags, inner))
}

/** A live map. It owns its descriptor; the kernel frees the map with the last descriptor, pin or program. */
export class BpfMap implements Descriptor {
  readonly #handle: NativeMap
  readonly #about: MapDescription

  /** @internal */
  constructor(handle: NativeMap) {
    this.#handle = handle
    this.#about = handle.describe()
  }

  /** The descriptor; it stays this object's. Throws once closed. */
  get fd(): number {
    return this.#handle.descriptor()
  }
  /** libbpf's name for maps of an object, the kernel's (15 bytes) otherwise. */
  get name(): string {
    return this.#about.name
  }
  /** libbpf's name of the type: `'array'`, `'lru_hash'`, … */
  get type(): string {
    return this.#about.type
  }
  /** Bytes. */
  get keySize(): number {
    return this.#about.keySize
  }
  /** Bytes of one value; per-CPU maps hold one for each possible CPU. */
  get valueSize(): number {
    return this.#about.valueSize
  }
  /** Entries at most; bytes for ring buffers. */
  get maxEntries(): number {
    return this.#about.maxEntries
  }
  /** The flags it was made with, `mapFlags.…` or-ed. */
  get flags(): number {
    return this.#about.flags
  }
  /** The number by which `openMapById` finds it. The kernel gives none twice while it runs. */
  get id(): number {
    return this.#about.id
  }
  /** Bytes that `lookup` gives and `update` takes: `valueSize`, or all CPUs' values rounded up to 8, or 4
   * for a map of maps or programs. */
  get transferSize(): number {
    return this.#about.transferSize
  }

  /** The value of `key` (`keySize` bytes), a copy of `transferSize` bytes; `undefined` when there is none.
   * @throws TypeError for a key of a wrong size; BpfError `EPERM` when the map is not to be read; Error once
   * closed
   * @kernel 4.13 */
  lookup(key: Uint8Array): Uint8Array | undefined {
    const value = new Uint8Array(this.#about.transferSize)
    return this.#handle.lookup(key, value) ? value : undefined
  }

  /** As `lookup`, into `out` of `transferSize` bytes: nothing is allocated. False when there is no such key.
   * @throws as `lookup`; TypeError for an `out` of a wrong size
   * @kernel 4.13 */
  lookupInto(key: Uint8Array, out: Uint8Array): boolean {
    return this.#handle.lookup(key, out)
  }

  /** Looks up and deletes in one step. Queues and stacks take a key of no bytes.
   * @throws as `lookup`; BpfError `ENOTSUPP` when the type of map cannot
   * @kernel 4.20 for queues and stacks, 5.14 for hashes */
  take(key: Uint8Array): Uint8Array | undefined {
    const value = new Uint8Array(this.#about.transferSize)
    return this.#handle.take(key, value) ? value : undefined
  }

  /** Writes one entry: `keySize` and `transferSize` bytes. Maps of maps or programs take the `BpfMap` or
   * `BpfProgram` itself.
   * @throws TypeError for wrong sizes; BpfError `EEXIST` (mode `noexist`), `ENOENT` (mode `exist`), `E2BIG`
   * (full, or index too large), `EPERM` (frozen); Error once closed
   * @kernel 4.13 */
  update(key: Uint8Array, value: Uint8Array | Descriptor, mode: UpdateMode = 'any'): void {
    this.#handle.update(key, types.isUint8Array(value) ? value : this.#held(value), flagsOf(mode))
  }

  /** Deletes one entry; false when there was none.
   * @throws TypeError for a wrong size; BpfError `EINVAL` (arrays refuse), `EPERM` (frozen); Error once closed
   * @kernel 4.13 */
  delete(key: Uint8Array): boolean {
    return this.#handle.delete(key)
  }

  /** The key after `key`, the first one without; `undefined` at the end. A key that is gone starts over.
   * @throws TypeError for a wrong size; BpfError `ENOTSUPP` when the type of map has no order; Error once
   * closed
   * @kernel 4.13 */
  nextKey(key?: Uint8Array): Uint8Array | undefined {
    const next = new Uint8Array(this.#about.keySize)
    return this.#handle.nextKey(key, next) ? next : undefined
  }

  /** Writes many entries, `keySize` and `transferSize` bytes each, one after another, in one system call; one by
   * one where the type of map has no batches or `mode` is not `any`, which batches do not know. Returns how
   * many. On an error the entries before the failing one are written. Blocks: hand over thousands, not
   * millions.
   * @throws as `update`; the `log` of the error says which entry failed
   * @kernel 5.6 for arrays and hashes, 5.13 for per-CPU arrays, 5.16 for LPM tries; 4.13 one by one */
  updateBatch(keys: Uint8Array, values: Uint8Array, mode: UpdateMode = 'any'): number {
    const each = () => updateEach(this.#handle, this.#about, keys, values, flagsOf(mode))
    return mode === 'any' ? orOneByOne(() => this.#handle.updateBatch(keys, values), each) : each()
  }

  /** Deletes many entries in one system call; returns how many there were. Missing keys are passed over.
   * @throws as `delete`
   * @kernel 5.6; 4.13 one by one */
  deleteBatch(keys: Uint8Array): number {
    return orOneByOne(
      () => this.#handle.deleteBatch(keys),
      () => deleteEach(this.#handle, this.#about, keys),
    )
  }

  /** All entries, `size` or fewer at a time, with the event loop running between chunks. An entry that is
   * changed meanwhile may be seen before or after; one that stays is seen at least once.
   * @throws (at the first chunk) TypeError for a size that is no positive integer and for maps without keys;
   * BpfError; Error once closed
   * @kernel 5.6 in batches, 4.13 one by one */
  chunks(size: number): AsyncIterable<Chunk> {
    return chunksOf(this.#handle, this.#about, size)
  }

  /** The whole array as memory: `maxEntries` values, each `valueSize` rounded up to 8. For arrays made with
   * `mapFlags.mmapable`. It lives as long as the buffer is referenced, also after `close()`. Without `writable`
   * the pages are read-only: a write through the buffer ends the process with SIGSEGV.
   * @throws BpfError `EINVAL` without the flag, `EPERM` (frozen and `writable`), `EFBIG` when the array is
   * larger than a buffer of Node may be (`buffer.constants.MAX_LENGTH`); Error once closed
   * @kernel 5.5 */
  mmap(options: { readonly writable?: boolean } = {}): ArrayBuffer {
    return this.#handle.mmap(options.writable ?? false, constants.MAX_LENGTH)
  }

  /** Makes the map read-only for user space, for good.
   * @throws BpfError `EBUSY` when it is frozen or mapped writable; Error once closed
   * @kernel 5.2 */
  freeze(): void {
    this.#handle.freeze()
  }

  /** Keeps the map alive under a path on a BPF file system.
   * @throws BpfError `EEXIST` when the path is taken, `EPERM` when it is on no BPF file system; Error once
   * closed
   * @kernel 4.4 */
  pin(path: string): void {
    this.#handle.pin(path)
  }

  /** Removes a pin; the map stays as long as anything else holds it.
   * @throws Error `ENOENT` of `node:fs` when there is no such file
   * @kernel 4.4 */
  unpin(path: string): void {
    unlinkSync(path)
  }

  /** Gives up the descriptor. Closing again does nothing; any other call then throws "… is closed".
   * @kernel any */
  close(): void {
    this.#handle.close()
  }

  /** `using`: closes. */
  [Symbol.dispose](): void {
    this.close()
  }

  #held(value: Descriptor): Uint8Array {
    if (!descriptorMaps.has(this.type)) {
      throw new TypeError(
        `value must be a Uint8Array: map '${this.name}' of type ${this.type} holds no descriptors`,
      )
    }
    return u32(fdOf(value, 'value', 'a Uint8Array, a map or a program'))
  }
}

function flagsOf(mode: UpdateMode): number {
  const flags = updateFlags[mode]
  if (flags === undefined) throw new TypeError(`mode must be 'any', 'noexist' or 'exist', not '${mode}'`)
  return flags
}

/** Some map types know no batches; the kernel then answers ENOTSUPP. */
function orOneByOne(batch: () => number, each: () => number): number {
  try {
    return batch()
  } catch (error) {
    if (error instanceof BpfError && error.code === 'ENOTSUPP') return each()
    throw error
  }
}
