// SPDX-License-Identifier: Apache-2.0
// Reads qemu's log of executed instructions: how often each address of a program was executed, and what ran elsewhere on its behalf.
import { addressOf, type Code } from './profile-code.js'

/** `Trace 0: HOST [CS_BASE/PC/FLAGS/CFLAGS] SYMBOL`: an instruction is about to be executed. */
const EXECUTED = /^Trace \d+: \S+ \[[0-9a-f]+\/([0-9a-f]{16})\//
/** `Stopped execution of TB chain before HOST [PC] SYMBOL`: it was not, and will be logged again. */
const STOPPED = /^Stopped execution of TB chain before \S+ \[([0-9a-f]{16})\]/

export interface Executed {
  /** times that the program was entered and left */
  readonly packets: number
  /** by address in the program */
  readonly own: ReadonlyMap<number, number>
  /** instructions outside the program while it was at work, by the address they were called from */
  readonly called: ReadonlyMap<number, number>
}

/** Takes a log of one instruction per block, line by line. */
export class LogReader {
  readonly #code: Code
  readonly #ends: ReadonlySet<number>
  readonly #own = new Map<number, number>()
  readonly #called = new Map<number, number>()
  #packets = 0
  /** not yet known to be executed */
  #next: number | undefined
  /** the last address in the program, while that is at work */
  #at: number | undefined

  constructor(code: Code) {
    this.#code = code
    this.#ends = new Set(code.ends)
  }

  line(text: string): void {
    const executed = EXECUTED.exec(text)?.[1]
    if (executed !== undefined) {
      this.#settle()
      this.#next = addressOf(executed)
      return
    }
    const stopped = STOPPED.exec(text)?.[1]
    if (stopped !== undefined && addressOf(stopped) === this.#next) this.#next = undefined
  }

  /** Throws when the log ends in the middle of the program. */
  end(): Executed {
    this.#settle()
    this.#next = undefined
    if (this.#at !== undefined) throw new Error('the log ends before the program does')
    return { packets: this.#packets, own: this.#own, called: this.#called }
  }

  #settle(): void {
    const address = this.#next
    if (address === undefined) return
    const begins = address === this.#code.functions[0]?.[0]
    if (this.#at === undefined && !begins) return
    if (this.#at !== undefined && begins) throw new Error('the program begins again before it has ended')
    if (begins) this.#packets++
    if (this.#code.functions.some(([start, bytes]) => address >= start && address < start + bytes)) {
      add(this.#own, address, 1)
      this.#at = this.#ends.has(address) ? undefined : address
    } else if (this.#at !== undefined) add(this.#called, this.#at, 1)
  }
}

export function add<K>(sums: Map<K, number>, key: K, count: number): void {
  sums.set(key, (sums.get(key) ?? 0) + count)
}
