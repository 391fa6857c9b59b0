// SPDX-License-Identifier: Apache-2.0
// Reading a BPF perf buffer on the event loop: a buffer for each CPU, lost records counted by the kernel. Where the
// kernel has ring buffers (5.8) those are the better choice: one memory for all CPUs, records in order.
import { BpfMap } from './map.js'
import { type NativePerfBuffer, native } from './native.js'
import { type ReaderOptions, RecordReader } from './reader.js'

/** Gets one record, its own to keep, and the number of the CPU it comes from. Records of one CPU come in order.
 * The kernel pads a record until its length is 4 more than a multiple of 8. A promise holds back all further
 * records until it is settled. */
export type OnPerfRecord = (bytes: Uint8Array, cpu: number) => void | Promise<void>

/** How to read a perf buffer. */
export interface PerfBufferOptions extends ReaderOptions {
  /** Pages of memory for each CPU, a power of two, 16 by default: 64 KiB where a page has 4. */
  readonly pagesPerCpu?: number
}

const defaultPages = 16

/** Starts reading a map of type `perf_event_array`: opens a buffer for each CPU that is online and puts it into
 * the map, as many as the map has places for. The map may be closed afterwards. Keeps the process alive until
 * `unref()` or `close()`, which takes the buffers out of the map again.
 * @throws TypeError for a wrong argument; BpfError `EINVAL` when the map is of another type, `EPERM` or `ENOMEM`
 * when more memory is asked for than the system lets this process lock
 * @kernel 4.4; CAP_PERFMON since 5.8, CAP_SYS_ADMIN before */
export function openPerfBuffer(
  map: BpfMap,
  onRecord: OnPerfRecord,
  options: PerfBufferOptions = {},
): PerfBuffer {
  if (!(map instanceof BpfMap)) throw new TypeError('map must be a BpfMap')
  if (typeof onRecord !== 'function') throw new TypeError('onRecord must be a function')
  const { pagesPerCpu = defaultPages } = options
  if (!isPowerOfTwo(pagesPerCpu)) throw new TypeError('pagesPerCpu must be a power of two')
  return new PerfBuffer(map, onRecord, pagesPerCpu, options)
}

/** An open reader of a perf buffer. */
export class PerfBuffer extends RecordReader<NativePerfBuffer> {
  /** @internal */
  constructor(map: BpfMap, onRecord: OnPerfRecord, pages: number, options: ReaderOptions) {
    super(
      'once',
      (records, bytes, deliver) => new native.PerfBuffer(map.fd, records, bytes, deliver, pages),
      onRecord,
      options,
    )
  }

  /** How many records found no room, over all CPUs. The kernel says so when it writes the next record that does,
   * so the count comes with that one.
   * @throws Error once closed
   * @kernel 4.4 */
  lost(): bigint {
    return this.handle.lost()
  }
}

function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(value) && value > 0 && value < 2 ** 31 && (value & (value - 1)) === 0
}
