// SPDX-License-Identifier: Apache-2.0
// Fixed-point moving averages of three counters, by a small number as name: the arithmetic of
// net/netfilter/ipvs/ip_vs_est.c. Typed arrays, because there may be 10,000 names every two seconds.
import type { Rates } from '../api/contract.js'
import { COUNT_WORDS, type Counts } from '../datapath/counts.js'
import type { RealCounters } from '../datapath/types.js'

/** Fraction bits of connections, packets, bytes per second. */
const BITS = [10, 10, 5] as const
/** What came in two seconds times this is a rate in those bits. */
const SCALE = BITS.map((bits) => 2 ** (bits - 1))

export class Averages {
  #last = new BigUint64Array(0)
  /** the same memory: halves are compared and subtracted without making a bigint */
  #halves = new Uint32Array(0)
  #rates = new Float64Array(0)
  #waiting = new Uint8Array(0)
  #anew = 0
  readonly #moved = new Float64Array(3)

  /** How often counters were found to be another's, who took over the name. */
  get anew(): number {
    return this.#anew
  }

  /** Two seconds on: rates move by a quarter. What was counted meanwhile; good until the next call. */
  move(id: number, counts: Counts['ofReals']): Float64Array {
    this.#look(id, counts, id * COUNT_WORDS)
    if (this.#waiting[id]) this.#keep(id, counts)
    this.#waiting[id] = 0
    for (let i = 0; i < 3; i++) this.#moved[i] = this.#since(id * COUNT_WORDS + 2 * i, counts)
    this.#keep(id, counts)
    this.approach(id, this.#moved)
    return this.#moved
  }

  /** Rates move by a quarter of their distance to what two seconds had. */
  approach(id: number, moved: Float64Array): void {
    this.#fit(id)
    for (let i = 0; i < 3; i++) {
      const rate = this.#rates[id * 3 + i] as number
      const fresh = (moved[i] as number) * (SCALE[i] as number)
      this.#rates[id * 3 + i] = rate + Math.floor((fresh - rate) / 4)
    }
  }

  /** Rates are 0 and begin from here. */
  reset(id: number, { connections, packets, bytes }: RealCounters): void {
    this.#fit(id)
    this.#last.set([connections, packets, bytes], id * 3)
    this.#rates.fill(0, id * 3, id * 3 + 3)
  }

  /** Has counted before it is first seen: begins at its next look, not from 0. */
  wait(id: number): void {
    this.#fit(id)
    this.#waiting[id] = 1
  }

  /** As of the last look. */
  counters(id: number): RealCounters {
    const [connections = 0n, packets = 0n, bytes = 0n] = this.#last.subarray(id * 3, id * 3 + 3)
    return { connections, packets, bytes }
  }

  rates(id: number): Rates {
    return { cps: this.#shown(id, 0), inPps: this.#shown(id, 1), inBps: this.#shown(id, 2) }
  }

  /** Rounded as ip_vs_read_estimator does: up from just over a half. */
  #shown(id: number, i: 0 | 1 | 2): number {
    const unit = 2 ** BITS[i]
    return Math.floor(((this.#rates[id * 3 + i] ?? 0) + unit / 2 - 1) / unit)
  }

  /** The last look is from 0 when the counters are another's now, who took over the name. */
  #look(id: number, counts: Uint32Array, at: number): void {
    this.#fit(id)
    if (!this.#isBehind(at, counts) && !this.#isBehind(at + 2, counts) && !this.#isBehind(at + 4, counts))
      return
    this.#anew += 1
    this.#rates.fill(0, id * 3, id * 3 + 3)
    this.#last.fill(0n, id * 3, id * 3 + 3)
  }

  #keep(id: number, counts: Uint32Array): void {
    for (let at = id * COUNT_WORDS; at < (id + 1) * COUNT_WORDS; at++) this.#halves[at] = counts[at] as number
  }

  /** The counter there is less than it was. */
  #isBehind(at: number, counts: Uint32Array): boolean {
    const upper = counts[at + 1] as number
    const before = this.#halves[at + 1] as number
    return upper < before || (upper === before && (counts[at] as number) < (this.#halves[at] as number))
  }

  /** Exact below 2^53, the nearest double beyond. */
  #since(at: number, counts: Uint32Array): number {
    const upper = (counts[at + 1] as number) - (this.#halves[at + 1] as number)
    return upper * 2 ** 32 + ((counts[at] as number) - (this.#halves[at] as number))
  }

  #fit(id: number): void {
    if (id < this.#waiting.length) return
    const size = Math.max(64, 2 ** Math.ceil(Math.log2(id + 1)))
    const [last, rates, waiting] = [this.#last, this.#rates, this.#waiting]
    this.#last = new BigUint64Array(size * 3)
    this.#last.set(last)
    this.#halves = new Uint32Array(this.#last.buffer)
    this.#rates = new Float64Array(size * 3)
    this.#rates.set(rates)
    this.#waiting = new Uint8Array(size)
    this.#waiting.set(waiting)
  }
}
