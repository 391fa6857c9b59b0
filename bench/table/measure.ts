// SPDX-License-Identifier: Apache-2.0
// One table filled step by step, and one that turns over at a steady load: what was lost, beside what was computed.
import type { Director } from './director.js'
import { scattered } from './keys.js'
import { type Found, ROUNDS } from './simulate.js'

/** Flows per way, in percent. 66 is the limit the operator names: tables are made a half larger. */
export const LOADS = [50, 60, 66, 70, 75, 80, 85, 90, 95] as const
/** Share of the flows that end, and of as many that begin, in one round of a table at a steady load. */
export const ROUND = 1 / ROUNDS
const TURNS = 3
/** One flow of so many is asked after at each load; at the last one all are. */
const SAMPLED = 16

export interface Measured {
  /** percent of the ways */
  readonly load: number
  /** flows that came: since the table was empty, or in the last turnover */
  readonly offered: number
  /** of them: those that found no room, and so go by their hash */
  readonly lost: number
  /** of those stored: in their second set, as a share */
  readonly second: number
  /** established connections that had to make room, in all */
  readonly evicted: number
  /** packets that did not go where their flow began */
  readonly strayed: number
}

export interface Point extends Measured {
  /** of a table in memory (simulate.ts) at the same load */
  readonly computed: Omit<Found, 'load'>
}

export function beside(measured: readonly Measured[], computed: readonly Found[]): readonly Point[] {
  return measured.map((point) => {
    const found = computed.find(({ load }) => load === point.load)
    if (!found) throw new Error(`nothing was computed for a load of ${point.load} %`)
    return { ...point, computed: { lost: found.lost, second: found.second } }
  })
}

export function fill(director: Director, loads: readonly number[] = LOADS): readonly Measured[] {
  let begun = 0
  return loads.map((load) => {
    const wanted = Math.floor((director.ways * load) / 100)
    director.begin(numbers(begun, wanted))
    begun = wanted
    return { load, ...asked(director, begun, load === loads.at(-1)) }
  })
}

/** All flows, or a part of them while the table fills. */
function asked(director: Director, begun: number, all: boolean): Omit<Measured, 'load'> {
  const part = Uint32Array.from(
    { length: Math.ceil(begun / (all ? 1 : SAMPLED)) },
    (_, i) => i * (all ? 1 : SAMPLED),
  )
  const { stored, second, strayed } = director.ask(part)
  const { evicted, unstored } = director.counts()
  if (all && stored + unstored + evicted !== begun)
    throw new Error(`${begun} flows began; ${stored} are stored, ${unstored} were not, ${evicted} made room`)
  return { offered: begun, lost: unstored + evicted, second: second / stored, evicted, strayed }
}

/** The table is filled to `load`; then flows drawn at random end and as many begin, until all have been replaced thrice. */
export function turnOver(director: Director, load: number): Measured {
  director.empty()
  const population = numbers(0, Math.floor((director.ways * load) / 100))
  director.begin(population)
  const each = Math.floor(population.length * ROUND)
  let [next, strayed, evicted, share] = [population.length, 0, 0, 0]
  let at = 0
  for (let turn = 0; turn < TURNS; turn++) {
    at = director.counts().unstored + director.counts().evicted
    for (let round = 0; round < 1 / ROUND; round++) {
      const places = drawn(population.length, each, next)
      director.end(places.map((place) => population[place] ?? 0))
      for (const place of places) population[place] = next++
      director.begin(places.map((place) => population[place] ?? 0))
    }
    const census = director.ask(population)
    strayed += census.strayed
    share = census.second / census.stored
    evicted = director.counts().evicted
  }
  const offered = each / ROUND
  return {
    load,
    offered,
    lost: director.counts().unstored + evicted - at,
    second: share,
    evicted,
    strayed,
  }
}

function numbers(from: number, to: number): Uint32Array {
  return Uint32Array.from({ length: to - from }, (_, i) => from + i)
}

/** `count` different numbers below `size`, other ones for another `seed`. */
export function drawn(size: number, count: number, seed: number): Uint32Array {
  const chosen = new Set<number>()
  for (let i = 0; chosen.size < count; i++)
    chosen.add(Math.floor((scattered(scattered(seed) ^ i) / 2 ** 32) * size))
  return Uint32Array.from(chosen)
}
