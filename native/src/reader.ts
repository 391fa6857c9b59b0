// SPDX-License-Identifier: Apache-2.0
// What the readers of ring buffers and perf buffers have in common: records in order, a consumer that may be slow
// or fail, and an event loop that gets its turn.
import type { NativeReader } from './native.js'

/** How much at a time, and what to do about errors. */
export interface ReaderOptions {
  /** Records handed over before the event loop runs again, 1024 by default. */
  readonly maxRecords?: number
  /** Bytes likewise, 256 KiB by default; a portion exceeds it by one record at most. */
  readonly maxBytes?: number
  /** Gets what `onRecord` throws; without it, it becomes an uncaught exception. The next record follows. */
  readonly onError?: (error: unknown) => void
}

const defaultRecords = 1024
const defaultBytes = 256 * 1024
/** libuv begins to listen when it next waits; that lies between this turn's immediates and the next one's. */
const untilListening = 2

/** Gets one portion: the records one after another, how long each is, the CPU each comes from, and whether there
 * may be more that the event loop will not announce again.
 * @internal */
export type OnPortion = (bytes: Uint8Array, lengths: Uint32Array, cpus: Uint32Array, more: boolean) => void

/** A reader of records on the event loop: a `RingBuffer` or a `PerfBuffer`. */
export abstract class RecordReader<Handle extends NativeReader = NativeReader> {
  /** @internal */
  protected readonly handle: Handle
  readonly #hand: (record: Uint8Array, cpu: number) => unknown
  readonly #onError: ((error: unknown) => void) | undefined
  #records = 0
  #bytes = 0
  #busy: Promise<void> | undefined
  #delivering = false
  #paused = false
  #closed = false
  #unrefed = false
  /** Looks the event loop still owes this reader, one a turn. */
  #looks = 0
  #scheduled = false
  readonly #announced: 'always' | 'once'

  /** @internal */
  constructor(
    announced: 'always' | 'once',
    open: (maxRecords: number, maxBytes: number, onPortion: OnPortion) => Handle,
    hand: (record: Uint8Array, cpu: number) => unknown,
    options: ReaderOptions,
  ) {
    const { maxRecords = defaultRecords, maxBytes = defaultBytes, onError } = options
    this.#announced = announced
    this.#hand = hand
    this.#onError = onError
    this.handle = open(maxRecords, maxBytes, (bytes, lengths, cpus, more) => {
      this.#deliver({ bytes, lengths, cpus, more }, 0, 0)
    })
    this.#look(untilListening)
  }

  /** Records handed over so far. */
  get records(): number {
    return this.#records
  }

  /** Bytes of the records handed over so far. */
  get bytes(): number {
    return this.#bytes
  }

  /** Hands over one portion now instead of when the event loop comes to it; returns how many records. Does
   * nothing while paused, while `onRecord` holds records back, and when called from within `onRecord`.
   * @throws Error once closed
   * @kernel that of `openRingBuffer` or `openPerfBuffer` */
  consume(): number {
    const waits = this.#busy !== undefined || this.#paused || this.#delivering
    return waits ? 0 : this.handle.consume()
  }

  /** Leaves further records in the buffer until `resume()`; the portion at hand is still handed over.
   * @throws Error once closed
   * @kernel that of `openRingBuffer` or `openPerfBuffer` */
  pause(): void {
    this.handle.pause()
    this.#paused = true
  }

  /** Takes `pause()` back.
   * @throws Error once closed
   * @kernel that of `openRingBuffer` or `openPerfBuffer` */
  resume(): void {
    this.handle.resume()
    if (this.#busy !== undefined) this.handle.pause()
    this.#paused = false
    this.#look(untilListening)
  }

  /** Lets the process end although this is open.
   * @throws Error once closed
   * @kernel that of `openRingBuffer` or `openPerfBuffer` */
  unref(): void {
    this.handle.unref()
    this.#unrefed = true
  }

  /** Takes `unref()` back.
   * @throws Error once closed
   * @kernel that of `openRingBuffer` or `openPerfBuffer` */
  ref(): void {
    this.handle.ref()
    this.#unrefed = false
  }

  /** Stops reading: `onRecord` is not called again. What waits in the buffer stays there; of the portion at hand
   * the rest is dropped. Closing again does nothing.
   * @kernel that of `openRingBuffer` or `openPerfBuffer` */
  close(): void {
    this.#closed = true
    this.handle.close()
  }

  /** `using`: closes. */
  [Symbol.dispose](): void {
    this.close()
  }

  /** `await using`: closes, and waits until `onRecord` is done with the record it has. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
    await this.#busy
  }

  #deliver(portion: Portion, from: number, offset: number): void {
    const { bytes, lengths, cpus } = portion
    let at = offset
    this.#delivering = true
    for (let i = from; i < lengths.length && !this.#closed; i++) {
      const record = bytes.subarray(at, at + (lengths[i] ?? 0))
      at += record.length
      const wait = this.#handOver(record, cpus[i] ?? 0)
      if (wait === undefined) continue
      this.#delivering = false
      this.#hold(wait.then(() => this.#deliver(portion, i + 1, at)))
      return
    }
    this.#delivering = false
    this.#letGo()
    if (portion.more) this.#look(1)
  }

  #handOver(record: Uint8Array, cpu: number): Promise<void> | undefined {
    this.#records++
    this.#bytes += record.length
    try {
      const result = this.#hand(record, cpu)
      if (!isThenable(result)) return undefined
      return Promise.resolve(result).then(undefined, (error: unknown) => this.#report(error)) as Promise<void>
    } catch (error) {
      this.#report(error)
      return undefined
    }
  }

  /** Nothing a callback throws may end the delivery. */
  #report(error: unknown): void {
    try {
      if (this.#onError === undefined) throw error
      this.#onError(error)
    } catch (uncaught) {
      process.nextTick(() => {
        throw uncaught
      })
    }
  }

  #hold(busy: Promise<void>): void {
    if (this.#busy === undefined && !this.#paused && !this.#closed) this.handle.pause()
    this.#busy = busy
  }

  #letGo(): void {
    if (this.#busy === undefined) return
    this.#busy = undefined
    if (this.#closed || this.#paused) return
    this.handle.resume()
    this.#look(untilListening)
  }

  /** Looks for records in the event loop's next turns, where the kernel announces them once only: what was there
   * before the loop listened, or is left of a portion, is not announced again. */
  #look(turns: number): void {
    if (this.#announced === 'always') return
    this.#looks = Math.max(this.#looks, turns)
    if (this.#scheduled || this.#looks === 0 || this.#closed) return
    this.#scheduled = true
    const turn = setImmediate(() => {
      this.#scheduled = false
      this.#looks--
      if (!this.#closed) this.consume()
      this.#look(this.#looks)
    })
    if (this.#unrefed) turn.unref()
  }
}

interface Portion {
  readonly bytes: Uint8Array
  readonly lengths: Uint32Array
  readonly cpus: Uint32Array
  readonly more: boolean
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function'
}
