// SPDX-License-Identifier: Apache-2.0
// A table in memory whose keys are random, filled by the rule of bpf/room.h or by another one: what the real one should lose,
// and what other rules would. Pure.
import { scattered } from './keys.js'

export interface Rule {
  readonly name: string
  readonly ways: number
  /** candidate sets of a flow */
  readonly choices: number
  /** a first set with at least half of its ways empty is not compared with another one */
  readonly firstWhileRoomy: boolean
  /** with all candidate sets full, the first flow in them that has room in another set of its own moves there */
  readonly moves: boolean
}

export const ROOM_H: Rule = { name: 'as it is', ways: 4, choices: 2, firstWhileRoomy: true, moves: true }
const BEFORE: Rule = { ...ROOM_H, name: 'nobody moves (as it was before)', moves: false }

export const OTHER_RULES: readonly Rule[] = [
  BEFORE,
  { ...BEFORE, name: 'nobody moves, three sets', choices: 3 },
  { ...BEFORE, name: 'nobody moves, eight ways', ways: 8 },
  { ...ROOM_H, name: 'always the emptier set', firstWhileRoomy: false },
  { ...ROOM_H, name: 'three sets', choices: 3 },
  { ...ROOM_H, name: 'eight ways', ways: 8 },
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
    const { ways, choices, firstWhileRoomy, moves } = this.#rule
    let [best, least] = [0, this.#count(flow, 0)]
    if (!firstWhileRoomy || ways - least < ways / 2) {
      for (let choice = 1; choice < choices; choice++) {
        const count = this.#count(flow, choice)
        if (count < least) [best, least] = [choice, count]
      }
    }
    if (least === ways) best = moves ? this.#roomIn(flow) : NOBODY
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

  /** Of the full candidate sets, as make_way of bpf/move.h tries them: the one that has room now. */
  #roomIn(flow: number): number {
    const { ways, choices } = this.#rule
    for (let choice = 0; choice < choices; choice++) {
      const first = this.#set(flow, choice) * ways
      for (const resident of this.#slots.subarray(first, first + ways)) {
        for (let other = 0; other < choices; other++) {
          if (other === this.#choice[resident] || this.#count(resident, other) === ways) continue
          this.#take(resident)
          this.#put(resident, other)
          return choice
        }
      }
    }
    return NOBODY
  }
}
