// SPDX-License-Identifier: Apache-2.0
// A small table in memory, filled with random flows by bpf/room.h's rule or by another one: a second opinion on the theory,
// and what other rules would lose. Pure.
import { scattered } from './keys.js'

export interface Rule {
  readonly name: string
  readonly ways: number
  /** candidate sets of a flow */
  readonly choices: number
  /** a first set with at least half of its ways empty is not compared with another one */
  readonly firstWhileRoomy: boolean
  /** with all candidate sets full, a flow that has room in its own other set moves there */
  readonly moves: boolean
}

export const ROOM_H: Rule = { name: 'as it is', ways: 4, choices: 2, firstWhileRoomy: true, moves: false }

export const OTHER_RULES: readonly Rule[] = [
  { ...ROOM_H, name: 'always the emptier set', firstWhileRoomy: false },
  { ...ROOM_H, name: 'three sets', choices: 3 },
  { ...ROOM_H, name: 'eight ways', ways: 8 },
  { ...ROOM_H, name: 'one flow moves over', moves: true },
  { ...ROOM_H, name: 'eight ways, one flow moves over', ways: 8, moves: true },
]

export interface Lost {
  /** shares of the flows that came */
  readonly filled: number
  readonly turnedOver: number
  /** share of the stored flows that are in another than their first set, after the turnovers */
  readonly second: number
}

const TURNS = 3
export const ROUNDS = 32

/** Filled to `load` flows per way; then in each round one flow of `ROUNDS` is replaced, until as many as thrice all have been. */
export function simulate(rule: Rule, sets: number, load: number, seed = 0): Lost {
  const table = new Table(rule, sets, Math.floor(sets * rule.ways * load), seed)
  const flows = Array.from({ length: table.flows }, (_, i) => i)
  const filled = table.placeAll(flows) / flows.length
  let [lost, replaced] = [0, 0]
  for (let round = 0; round < TURNS * ROUNDS; round++) {
    if (round % ROUNDS === 0) [lost, replaced] = [0, 0]
    const salt = scattered(round ^ seed)
    const ended = flows.filter((flow) => scattered(flow ^ salt) % ROUNDS === 0)
    for (const flow of ended) table.replace(flow)
    lost += table.placeAll(ended)
    replaced += ended.length
  }
  return { filled, turnedOver: lost / replaced, second: table.elsewhere() }
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

  /** How many found no room. */
  placeAll(flows: readonly number[]): number {
    return flows.reduce((lost, flow) => lost + (this.#place(flow) ? 0 : 1), 0)
  }

  #place(flow: number): boolean {
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

  /** One flow of the full candidate sets goes to another set of its own: which of them has room now. */
  #roomIn(flow: number): number {
    const { ways, choices } = this.#rule
    for (let choice = 0; choice < choices; choice++) {
      const first = this.#set(flow, choice) * ways
      for (const resident of this.#slots.slice(first, first + ways)) {
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
