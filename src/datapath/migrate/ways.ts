// SPDX-License-Identifier: Apache-2.0
// Connections and templates from one table into another with the same sets, while programs of both versions work:
// copied way by way, then brought up to date as often as asked. Of a flow that both have changed, the later word wins,
// and what its real server counts is put right (docs/decisions/0008-migration.md).
import { bytesOf, type Layout } from 'libbpf-ts'
import type { Memory } from './arrays.js'
import { newer, type WordMeaning } from './flows.js'
import { type Move, membersOf, move, movesOf, Untranslatable } from './layout.js'

/** Where the ways of a set are, and their words in a way. */
interface Shape {
  readonly first: number
  readonly bytes: number
  readonly ways: number
  readonly data: number
  /** undefined: it has none */
  readonly control: number | undefined
  /** of one way */
  readonly layout: Layout
}

export interface Table {
  readonly from: Memory
  readonly to: Memory
  /** of a set */
  readonly before: Layout
  readonly now: Layout
  readonly meaning: WordMeaning
  /** the old data word in the new version's bits */
  readonly word?: ((data: bigint) => bigint) | undefined
  /** Adds to what its real server counts. */
  readonly count: (real: number, delta: bigint) => void
}

/** Sets that are compared at once. */
const STRETCH = 256

/** Being written: no reader takes it for a flow. */
const BUSY = 1n

interface Way {
  /** all of it in the new layout, but for its data word */
  readonly bytes: Uint8Array
  readonly data: bigint
}

export class Ways {
  readonly #table: Table
  readonly #old: Shape
  readonly #new: Shape
  readonly #moves: readonly Move[]
  readonly #sets: number
  readonly #words: BigInt64Array
  /** the old table when it was looked at last; undefined: the controller that copied it has died */
  readonly #seen: Uint8Array | undefined

  /** `fresh`: the new table is empty, and is filled. */
  constructor(table: Table, fresh: boolean) {
    this.#table = table
    this.#old = shapeOf(table.before)
    this.#new = shapeOf(table.now)
    this.#moves = movesOf(this.#old.layout, this.#new.layout).filter(({ name }) => name !== 'data')
    this.#sets = Math.min(table.from.count, table.to.count)
    const { buffer, byteOffset, byteLength } = table.to.bytes
    this.#words = new BigInt64Array(buffer, byteOffset, byteLength / 8)
    this.#seen = fresh ? table.from.bytes.slice() : undefined
    if (this.#seen === undefined) this.carry()
    else this.#fill(this.#seen)
  }

  /** Nobody knows the new table yet: every flow goes into the way that it has in the old one. */
  #fill(seen: Uint8Array): void {
    const { from, to, meaning } = this.#table
    const [old, now] = [new DataView(seen.buffer), new DataView(to.bytes.buffer, to.bytes.byteOffset)]
    for (let set = 0; set < this.#sets; set++) {
      for (let way = 0; way < this.#old.ways; way++) {
        const at = set * from.stride + this.#old.first + way * this.#old.bytes
        const data = this.#reworded(old.getBigUint64(at + this.#old.data, true))
        if (data === 0n) continue
        if (meaning.whole(data)) {
          const target = this.#at(set, way)
          move(this.#moves, seen, at, to.bytes, target)
          now.setBigUint64(target + this.#new.data, data, true)
        } else seen.fill(0, at, at + this.#old.bytes)
      }
    }
  }

  /** Brings the new table up to date with what became of the old one since the last time. */
  carry(): void {
    for (let set = 0; set < this.#sets; set += STRETCH) {
      const end = Math.min(set + STRETCH, this.#sets)
      if (!this.#unchanged(set, end)) this.#carrySets(set, end)
    }
  }

  /** Most of a table rests. */
  #unchanged(first: number, end: number): boolean {
    const { bytes, stride } = this.#table.from
    const part = (all: Uint8Array) => all.subarray(first * stride, end * stride)
    return this.#seen !== undefined && Buffer.compare(part(bytes), part(this.#seen)) === 0
  }

  #carrySets(begin: number, end: number): void {
    const { from } = this.#table
    const [now, seen] = [wordsOf(from.bytes), this.#seen && wordsOf(this.#seen)]
    const { first, bytes, ways } = this.#old
    for (let set = begin; set < end; set++) {
      for (let way = 0; way < ways; way++) {
        const at = set * from.stride + first + way * bytes
        if (changed(now, seen, at / 4, bytes / 4)) this.#look(set, way, at)
      }
    }
  }

  #look(set: number, way: number, at: number): void {
    const copy = this.#table.from.bytes.slice(at, at + this.#old.bytes)
    const after = this.#translated(copy)
    // in the middle of being written: the next look sees what came of it
    if (after.data !== 0n && !this.#table.meaning.whole(after.data)) return
    const before = this.#translated(this.#seen?.subarray(at, at + this.#old.bytes))
    this.#seen?.set(copy, at)
    if (before.data !== 0n && after.data !== 0n && !this.#sameFlow(before, after)) {
      this.#settle(set, way, before, before.data, 0n)
      this.#settle(set, way, after, 0n, after.data)
    } else if (before.data !== 0n) {
      this.#settle(set, way, before, before.data, after.data)
      if (after.data !== 0n) this.#control(set, before, after)
    } else if (after.data !== 0n) this.#settle(set, way, after, 0n, after.data)
  }

  /** In the old table the flow was `before` and is `after`, 0 for not there; the new table follows. */
  #settle(set: number, way: number, flow: Way, before: bigint, after: bigint): void {
    const { meaning } = this.#table
    const place = this.#find(set, flow)
    const there = place === undefined ? 0n : this.#load(place)
    let stays = there
    if (place === undefined) {
      // what the new program has ended meanwhile stays ended
      if (before === 0n && this.#insert(set, way, flow)) stays = after
    } else if (
      (this.#seen !== undefined && there === before) ||
      (after !== 0n && newer(meaning.stamp(after), meaning.stamp(there)))
    ) {
      if (!this.#swap(place, there, after)) {
        this.#settle(set, way, flow, before, after)
        return
      }
      stays = after
    }
    // counted so far: `before`, and what either program made of it
    if (stays === after && there === before) return
    this.#weigh(stays, 1n)
    this.#weigh(before, 1n)
    this.#weigh(after, -1n)
    this.#weigh(there, -1n)
  }

  #weigh(data: bigint, times: bigint): void {
    const { meaning, count } = this.#table
    if (meaning.whole(data)) count(meaning.real(data), times * meaning.weight(data))
  }

  /** Numbers and notes of a template that is in both. */
  #control(set: number, before: Way, after: Way): void {
    const { control } = this.#new
    const place = control === undefined ? undefined : this.#find(set, after)
    if (control === undefined || place === undefined) return
    const [was, is] = [word32(before.bytes, control), word32(after.bytes, control)]
    const notes = ~this.#table.meaning.countBits
    const { buffer, byteOffset } = this.#table.to.bytes
    const words = new Int32Array(buffer, byteOffset + place + control, 1)
    Atomics.or(words, 0, is & ~was & notes)
    Atomics.and(words, 0, ~(was & ~is & notes))
    Atomics.add(words, 0, (is & ~notes) - (was & ~notes))
  }

  /** Byte offset of the way that holds the flow. */
  #find(set: number, flow: Way): number | undefined {
    for (let way = 0; way < this.#new.ways; way++) {
      const at = this.#at(set, way)
      const data = this.#load(at)
      if (!this.#table.meaning.whole(data)) continue
      if (this.#sameFlow({ bytes: this.#table.to.bytes.subarray(at, at + this.#new.bytes), data }, flow))
        return at
    }
    return undefined
  }

  /** Into an empty way, the one it has in the old table first; false when there is none. */
  #insert(set: number, way: number, { bytes, data }: Way): boolean {
    const { to } = this.#table
    const { ways, data: word } = this.#new
    const empty = Array.from({ length: ways }, (_, i) => this.#at(set, (way + i) % ways))
    const at = empty.find((each) => this.#swap(each, 0n, BUSY))
    if (at === undefined) return false
    to.bytes.set(bytes.subarray(0, word), at)
    to.bytes.set(bytes.subarray(word + 8), at + word + 8)
    Atomics.store(this.#words, (at + word) / 8, BigInt.asIntN(64, data))
    return true
  }

  #sameFlow(a: Way, b: Way): boolean {
    const { meaning } = this.#table
    const { bytes, data, control } = this.#new
    if (meaning.flow(a.data) !== meaning.flow(b.data)) return false
    for (let i = 0; i < bytes; i++) {
      if (i >= data && i < data + 8) continue
      if (control !== undefined && i >= control && i < control + 4) continue
      if (a.bytes[i] !== b.bytes[i]) return false
    }
    const key = (way: Way) => (control === undefined ? 0 : word32(way.bytes, control) & meaning.keyBits)
    return key(a) === key(b)
  }

  #translated(old: Uint8Array | undefined): Way {
    const bytes = new Uint8Array(this.#new.bytes)
    if (old === undefined) return { bytes, data: 0n }
    move(this.#moves, old, 0, bytes, 0)
    const data = new DataView(old.buffer, old.byteOffset).getBigUint64(this.#old.data, true)
    return { bytes, data: this.#reworded(data) }
  }

  #reworded(data: bigint): bigint {
    return data === 0n ? 0n : (this.#table.word?.(data) ?? data)
  }

  #at(set: number, way: number): number {
    return set * this.#table.to.stride + this.#new.first + way * this.#new.bytes
  }

  #load(at: number): bigint {
    return BigInt.asUintN(64, Atomics.load(this.#words, (at + this.#new.data) / 8))
  }

  #swap(at: number, expected: bigint, next: bigint): boolean {
    const [a, b] = [BigInt.asIntN(64, expected), BigInt.asIntN(64, next)]
    return Atomics.compareExchange(this.#words, (at + this.#new.data) / 8, a, b) === a
  }
}

/** What the flows of a table come to for each real server. */
export function weightsIn(table: Memory, set: Layout, meaning: WordMeaning): Map<number, bigint> {
  const { first, bytes, ways, data } = shapeOf(set)
  const view = new DataView(table.bytes.buffer, table.bytes.byteOffset)
  const found = new Map<number, bigint>()
  for (let i = 0; i < table.count * ways; i++) {
    const at = Math.floor(i / ways) * table.stride + first + (i % ways) * bytes
    const word = view.getBigUint64(at + data, true)
    if (!meaning.whole(word)) continue
    const real = meaning.real(word)
    found.set(real, (found.get(real) ?? 0n) + meaning.weight(word))
  }
  return found
}

function shapeOf(set: Layout): Shape {
  const ways = set.kind === 'struct' ? membersOf(set).find(({ name }) => name === 'way') : undefined
  if (ways?.layout.kind !== 'array' || ways.layout.of.kind !== 'struct')
    throw new Untranslatable('way', 'a set of ways was expected')
  const { of: layout, length } = ways.layout
  const at = (name: string) => membersOf(layout).find((member) => member.name === name)?.offset
  const data = at('data')
  if (data === undefined) throw new Untranslatable('data', 'a way without a data word')
  return { first: ways.offset, bytes: bytesOf(layout), ways: length, data, control: at('control'), layout }
}

function changed(now: Uint32Array, seen: Uint32Array | undefined, from: number, count: number): boolean {
  if (seen === undefined) return true
  for (let i = from; i < from + count; i++) if (now[i] !== seen[i]) return true
  return false
}

function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, byteLength / 4)
}

function word32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(at, true)
}
