// SPDX-License-Identifier: Apache-2.0
// Reading a BPF ring buffer on the event loop: bounded portions, a consumer that may be slow, and an honest
// count of what was lost.
import { BpfMap } from './map.js'
import { type NativeRingBuffer, native } from './native.js'
import { readU64, splitCpus } from './values.js'

/** Gets one record, its own to keep. A promise holds back all further records until it is settled. */
export type OnRecord = (bytes: Uint8Array) => void | Promise<void>

export interface RingBufferOptions {
  /** Records handed over before the event loop runs again, 1024 by default. */
  readonly maxRecords?: number
  /** Bytes likewise, 256 KiB by default; a portion exceeds it by one record at most. */
  readonly maxBytes?: number
  /** Where the program counts, as unsigned 64-bit numbers, the records it could not store. The kernel does not
   * count them: `bpf_ringbuf_reserve` and `bpf_ringbuf_output` fail, and only the program sees it. */
  readonly lost?: { readonly map: BpfMap; readonly key: Uint8Array }
  /** Gets what `onRecord` throws; without it, it becomes an uncaught exception. The next record follows. */
  readonly onError?: (error: unknown) => void
}

const defaultRecords = 1024
const defaultBytes = 256 * 1024

/** Starts reading a map of type `ringbuf` (kernel 5.8). The map may be closed afterwards. Only one reader makes
 * sense: each record is seen once. Keeps the process alive until `unref()` or `close()`. */
export function openRingBuffer(map: BpfMap, onRecord: OnRecord, options: RingBufferOptions = {}): RingBuffer {
  if (!(map instanceof BpfMap)) throw new TypeError('map must be a BpfMap')
  if (typeof onRecord !== 'function') throw new TypeError('onRecord must be a function')
  return new RingBuffer(map, onRecord, options)
}

export class RingBuffer {
  readonly #handle: NativeRingBuffer
  readonly #onRecord: OnRecord
  readonly #options: RingBufferOptions
  #records = 0
  #bytes = 0
  #held = false
  #paused = false
  #closed = false

  /** @internal */
  constructor(map: BpfMap, onRecord: OnRecord, options: RingBufferOptions) {
    const { maxRecords = defaultRecords, maxBytes = defaultBytes } = options
    this.#onRecord = onRecord
    this.#options = options
    this.#handle = new native.RingBuffer(map.fd, maxRecords, maxBytes, (bytes, lengths) => {
      this.#deliver(bytes, lengths)
    })
  }

  /** Records handed over so far. */
  get records(): number {
    return this.#records
  }

  /** Their bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /** Bytes that wait in the ring, 8 for the header of each record included. The ring holds `maxEntries` of
   * its map; when they are near that, records get lost. */
  get pending(): number {
    return this.#handle.pending()
  }

  /** How many records the program counted as lost (`options.lost`), over all CPUs. Throws a `TypeError`
   * without that option. */
  lost(): bigint {
    const { lost } = this.#options
    if (lost === undefined) throw new TypeError('options.lost must say where the program counts lost records')
    const value = lost.map.lookup(lost.key)
    if (value === undefined) return 0n
    const parts =
      lost.map.transferSize === lost.map.valueSize ? [value] : splitCpus(value, lost.map.valueSize)
    return parts.reduce((sum, part) => sum + readU64(part), 0n)
  }

  /** Hands over one portion now instead of when the event loop comes to it; returns how many records. Does
   * nothing while paused or while `onRecord` holds records back. */
  consume(): number {
    return this.#held || this.#paused ? 0 : this.#handle.consume()
  }

  /** Leaves further records in the ring until `resume()`; the portion at hand is still handed over. */
  pause(): void {
    this.#handle.pause()
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    if (!this.#held) this.#handle.resume()
  }

  /** Lets the process end although this is open. */
  unref(): void {
    this.#handle.unref()
  }

  /** Takes `unref()` back. */
  ref(): void {
    this.#handle.ref()
  }

  /** Stops reading; what waits stays in the ring. Closing again does nothing. */
  close(): void {
    this.#closed = true
    this.#handle.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #deliver(bytes: Uint8Array, lengths: Uint32Array, from = 0, offset = 0): void {
    let at = offset
    for (let i = from; i < lengths.length && !this.#closed; i++) {
      const record = bytes.subarray(at, at + (lengths[i] ?? 0))
      at += record.length
      const wait = this.#handOver(record)
      if (wait === undefined) continue
      this.#hold()
      wait.then(() => this.#deliver(bytes, lengths, i + 1, at))
      return
    }
    this.#letGo()
  }

  #handOver(record: Uint8Array): Promise<void> | undefined {
    this.#records++
    this.#bytes += record.length
    try {
      return this.#onRecord(record)?.catch((error: unknown) => this.#report(error))
    } catch (error) {
      this.#report(error)
      return undefined
    }
  }

  #report(error: unknown): void {
    if (this.#options.onError !== undefined) this.#options.onError(error)
    else
      process.nextTick(() => {
        throw error
      })
  }

  #hold(): void {
    if (!this.#held && !this.#paused) this.#handle.pause()
    this.#held = true
  }

  #letGo(): void {
    if (!this.#held) return
    this.#held = false
    if (!this.#closed && !this.#paused) this.#handle.resume()
  }
}
