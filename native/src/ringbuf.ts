// SPDX-License-Identifier: Apache-2.0
// Reading a BPF ring buffer on the event loop, with an honest count of what was lost.
import { BpfMap } from './map.js'
import { type NativeRingBuffer, native } from './native.js'
import { type ReaderOptions, RecordReader } from './reader.js'
import { readU64, splitCpus } from './values.js'

/** Gets one record, its own to keep. A promise holds back all further records until it is settled. */
export type OnRecord = (bytes: Uint8Array) => void | Promise<void>

/** How to read a ring buffer. */
export interface RingBufferOptions extends ReaderOptions {
  /** Where the program counts, as unsigned 64-bit numbers, the records it could not store. The kernel does not
   * count them: `bpf_ringbuf_reserve` and `bpf_ringbuf_output` fail, and only the program sees it. */
  readonly lost?: { readonly map: BpfMap; readonly key: Uint8Array }
}

/** Starts reading a map of type `ringbuf`. The map may be closed afterwards. Only one reader makes sense: each
 * record is seen once. Keeps the process alive until `unref()` or `close()`.
 * @throws TypeError for a wrong argument; BpfError `EINVAL` when the map is of another type
 * @kernel 5.8 */
export function openRingBuffer(map: BpfMap, onRecord: OnRecord, options: RingBufferOptions = {}): RingBuffer {
  if (!(map instanceof BpfMap)) throw new TypeError('map must be a BpfMap')
  if (typeof onRecord !== 'function') throw new TypeError('onRecord must be a function')
  return new RingBuffer(map, onRecord, options)
}

/** An open reader of a ring buffer. */
export class RingBuffer extends RecordReader<NativeRingBuffer> {
  readonly #lost: RingBufferOptions['lost']

  /** @internal */
  constructor(map: BpfMap, onRecord: OnRecord, options: RingBufferOptions) {
    super(
      'always',
      (records, bytes, deliver) => new native.RingBuffer(map.fd, records, bytes, deliver),
      onRecord,
      options,
    )
    this.#lost = options.lost
  }

  /** Bytes that wait in the ring, 8 for the header of each record included. The ring holds `maxEntries` of
   * its map; when they are near that, records get lost. Throws once closed. */
  get pending(): number {
    return this.handle.pending()
  }

  /** How many records the program counted as lost (`options.lost`), over all CPUs.
   * @throws TypeError without that option
   * @kernel 5.8 */
  lost(): bigint {
    const lost = this.#lost
    if (lost === undefined) throw new TypeError('options.lost must say where the program counts lost records')
    const value = lost.map.lookup(lost.key)
    if (value === undefined) return 0n
    const parts =
      lost.map.transferSize === lost.map.valueSize ? [value] : splitCpus(value, lost.map.valueSize)
    return parts.reduce((sum, part) => sum + readU64(part), 0n)
  }
}
