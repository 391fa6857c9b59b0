// SPDX-License-Identifier: Apache-2.0
// Arrays, value by value: those that only the controller writes are copied once, sums are kept up with until nobody
// adds to the old ones.
import type { BpfMap } from 'libbpf-ts'
import { type Move, move } from './layout.js'

/** One array as memory. */
export interface Memory {
  readonly bytes: Uint8Array
  /** from one element to the next */
  readonly stride: number
  readonly count: number
}

export function memoryOf(map: BpfMap, writable = false): Memory {
  const bytes = new Uint8Array(map.mmap({ writable }))
  return { bytes, stride: Math.ceil(map.valueSize / 8) * 8, count: map.maxEntries }
}

/** Nobody else writes either of them. */
export function copyArray(from: Memory, to: Memory, moves: readonly Move[]): void {
  for (let i = 0; i < Math.min(from.count, to.count); i++)
    move(moves, from.bytes, i * from.stride, to.bytes, i * to.stride)
}

/** Numbers that only grow or shrink by what is added to them, by packets too, in the old array and in the new one. */
export class Sums {
  readonly #from: Memory
  readonly #to: Memory
  readonly #moves: readonly Move[]
  /** the old array when it was looked at last */
  readonly #seen: Uint8Array

  /** The new array has nothing yet. */
  constructor(from: Memory, to: Memory, moves: readonly Move[]) {
    this.#from = from
    this.#to = to
    this.#moves = moves
    this.#seen = from.bytes.slice()
    copyArray({ ...from, bytes: this.#seen }, to, moves)
  }

  /**
   * Adds what came to the old ones since. A counter that its CPU raises by a plain store at the very moment may lose
   * what is added here; that is nanoseconds, once.
   */
  carry(): void {
    const words = (bytes: Uint8Array) => new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
    const [now, seen] = [words(this.#from.bytes), words(this.#seen)]
    const each = this.#from.stride / 4
    for (let i = 0; i < Math.min(this.#from.count, this.#to.count); i++) {
      let same = true
      for (let word = i * each; same && word < (i + 1) * each; word++) same = now[word] === seen[word]
      if (!same) this.#row(i)
    }
  }

  #row(index: number): void {
    const at = index * this.#from.stride
    const now = this.#from.bytes.slice(at, at + this.#from.stride)
    const seen = this.#seen.subarray(at, at + this.#from.stride)
    for (const one of this.#moves) {
      const delta = numberIn(now, one) - numberIn(seen, one)
      if (delta !== 0n) addTo(this.#to.bytes, index * this.#to.stride + one.to, one.toBytes, delta)
    }
    seen.set(now)
  }
}

function numberIn(bytes: Uint8Array, { from, fromBytes }: Move): bigint {
  let value = 0n
  for (let i = fromBytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[from + i] as number)
  return value
}

/** One atomic instruction; `bytes` is 4 or 8, and the place a multiple of it. */
export function addTo(memory: Uint8Array, at: number, bytes: number, delta: bigint): void {
  const place = memory.byteOffset + at
  if (bytes === 8) Atomics.add(new BigInt64Array(memory.buffer, place, 1), 0, BigInt.asIntN(64, delta))
  else Atomics.add(new Int32Array(memory.buffer, place, 1), 0, Number(BigInt.asIntN(32, delta)))
}
