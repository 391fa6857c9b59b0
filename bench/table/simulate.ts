// SPDX-License-Identifier: Apache-2.0
// A table in memory whose keys are random, filled by the rule of bpf/room.h or by another one: what the real one should lose,
// and what other rules would. Pure.
import { scattered } from './keys.js'

export interface Rule {
  readonly name: string
  readonly ways: number
  /** candidate sets of a flow */
  readonly choices: number
  /** a first set with so many ways empty is taken; with fewer, the emptiest of the candidates is: 2 keeps half of it free */
  readonly enough: number
  /**
   * with all candidate sets full: 1, the first flow in them that has room in another set of its own moves there; 2, one
   * of the first two of each set does when another one there has made room for it
   */
  readonly moves: 0 | 1 | 2
}

export const ROOM_H: Rule = { name: 'as it is', ways: 4, choices: 2, enough: 1, moves: 2 }
const STILL: Rule = { ...ROOM_H, enough: 2, moves: 0 }

export const OTHER_RULES: readonly Rule[] = [
  { ...STILL, name: 'nobody moves' },
  { ...STILL, name: 'nobody moves, three sets', choices: 3 },
  { ...STILL, name: 'nobody moves, eight ways', ways: 8, enough: 4 },
  { ...ROOM_H, name: 'one moves', moves: 1 },
  { ...STILL, name: 'one moves, half kept free', moves: 1 },
  { ...ROOM_H, name: 'two move, half kept free', enough: 2 },
]

export interface Found {
  /** percent of the ways */
  readonly load: number
  /** share of the flows that came: since the table was empty, or in the last turnover */
  readonly lost: number
  /** of those stored: in another than their first set, as a share */
  readonly second: number
}

const TURNS = 3
export const ROUNDS = 32

/** One table, filled from one load to the next; `loads` rise. */
export function filled(rule: Rule, sets: number, loads: readonly number[], seed = 0): readonly Found[] {
  const flowsAt = (load: number) => Math.floor((sets * rule.ways * load) / 100)
  const table = new Table(rule, sets, flowsAt(Math.max(...loads)), seed)
  let [begun, lost] = [0, 0]
  return loads.map((load) => {
    for (; begun < flowsAt(load); begun++) if (!table.place(begun)) lost++
    return { load, lost: lost / begun, second: table.elsewhere() }
  })
}

/** Filled to `load`; then in each round one flow of `ROUNDS` is replaced, until as many as thrice all have been. */
export function turnedOver(rule: Rule, sets: number, load: number, seed = 0): Found {
  const table = new Table(rule, sets, Math.floor((sets * rule.ways * load) / 100), seed)
  for (let flow = 0; flow < table.flows; flow++) table.place(flow)
  let [lost, replaced] = [0, 0]
  for (let round = 0; round < TURNS * ROUNDS; round++) {
    if (round % ROUNDS === 0) [lost, replaced] = [0, 0]
    const ended = endOf(table.flows, scattered(round ^ seed))
    for (const flow of ended) table.replace(flow)
    for (const flow of ended) if (!table.place(flow)) lost++
    replaced += ended.length
  }
  return { load, lost: lost / replaced, second: table.elsewhere() }
}

function endOf(flows: number, salt: number): readonly number[] {
  const ended: number[] = []
  for (let flow = 0; flow < flows; flow++) if (scattered(flow ^ salt) % ROUNDS === 0) ended.push(flow)
  return ended
}

const NOBODY = -1
/** As in bpf/move.h. */
const TRIED_TWICE = 2

class Table {
  readonly flows: number
  readonly #rule: Rule
  readonly #sets: number
  readonly #seed: number
  /** by way: which flow, from 0 */
  readonly #slots: Int32Array
  readonly #taken: Uint8Array
  /** by flow: its key, and which of its candidate sets it is in */
  readonly #keys: Uint32Array
  readonly #choice: Int8Array
  #next: number

  constructor(rule: Rule, sets: number, flows: number, seed: number) {
    this.#rule = rule
    this.#sets = sets
    this.#seed = seed
    this.flows = flows
    this.#slots = new Int32Array(sets * rule.ways).fill(NOBODY)
    this.#taken = new Uint8Array(sets)
    this.#keys = Uint32Array.from({ length: flows }, (_, i) => i)
    this.#choice = new Int8Array(flows).fill(NOBODY)
    this.#next = flows
  }

  /** false: there was no room. */
  place(flow: number): boolean {
    const { ways, choices, enough } = this.#rule
    let [best, least] = [0, this.#count(flow, 0)]
    if (ways - least < enough) {
      for (let choice = 1; choice < choices; choice++) {
        const count = this.#count(flow, choice)
        if (count < least) [best, least] = [choice, count]
      }
    }
    if (least === ways) best = this.#roomIn(flow)
    if (best === NOBODY) return false
    this.#put(flow, best)
    return true
  }

  /** The flow ends, and another one takes its number. */
  replace(flow: number): void {
    this.#take(flow)
    this.#keys[flow] = this.#next++
  }

  elsewhere(): number {
    let [stored, other] = [0, 0]
    for (const choice of this.#choice) {
      if (choice >= 0) stored++
      if (choice > 0) other++
    }
    return other / stored
  }

  #set(flow: number, choice: number): number {
    const key = scattered((this.#keys[flow] ?? 0) ^ this.#seed)
    return Math.floor((scattered(key ^ Math.imul(choice + 1, 0x51ed270b)) / 2 ** 32) * this.#sets)
  }

  #count(flow: number, choice: number): number {
    return this.#taken[this.#set(flow, choice)] ?? 0
  }

  #put(flow: number, choice: number): void {
    const set = this.#set(flow, choice)
    const first = set * this.#rule.ways
    const way = this.#slots.subarray(first, first + this.#rule.ways).indexOf(NOBODY)
    this.#slots[first + way] = flow
    this.#taken[set] = (this.#taken[set] ?? 0) + 1
    this.#choice[flow] = choice
  }

  #take(flow: number): void {
    const choice = this.#choice[flow] ?? NOBODY
    if (choice === NOBODY) return
    const set = this.#set(flow, choice)
    const first = set * this.#rule.ways
    const way = this.#slots.subarray(first, first + this.#rule.ways).indexOf(flow)
    this.#slots[first + way] = NOBODY
    this.#taken[set] = (this.#taken[set] ?? 0) - 1
    this.#choice[flow] = NOBODY
  }

  /** Of the full candidate sets, as make_way and make_way_twice of bpf/move.h try them: the one that has room now. */
  #roomIn(flow: number): number {
    const choices = Array.from({ length: this.#rule.choices }, (_, choice) => choice)
    if (this.#rule.moves === 0) return NOBODY
    const found = choices.find((choice) => this.#makeWay(this.#set(flow, choice)))
    if (found !== undefined || this.#rule.moves === 1) return found ?? NOBODY
    return choices.find((choice) => this.#makeWayTwice(this.#set(flow, choice))) ?? NOBODY
  }

  /** A flow of the set moves to the first other set of its own that has room, or that `helped` could make room in. */
  #makeWay(set: number, residents = this.#rule.ways, helped = (_: number): boolean => false): boolean {
    const { ways, choices } = this.#rule
    for (const resident of this.#slots.slice(set * ways, set * ways + Math.min(residents, ways))) {
      for (let other = 0; other < choices; other++) {
        const to = this.#set(resident, other)
        if (to === set || (this.#count(resident, other) === ways && !helped(to))) continue
        this.#take(resident)
        this.#put(resident, other)
        return true
      }
    }
    return false
  }

  #makeWayTwice(set: number): boolean {
    return this.#makeWay(set, TRIED_TWICE, (to) => this.#makeWay(to))
  }
}
