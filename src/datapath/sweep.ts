// SPDX-License-Identifier: Apache-2.0
// The sweep program, run a slice at a time round the three tables; each full round of a table counts its entries. What
// is known to be empty is passed at the same pace and not looked at.
import type { BpfProgram } from 'libbpf-ts'
import { Limit, readSweep, type Sweep, Sweep_SIZE, Table, writeSweep } from '../abi/generated.js'
import type { Maps } from './maps.js'
import { halves } from './stats.js'
import { countedFor, Stillness } from './stillness.js'
import type { SweepResult, TableName, TableSnapshot } from './types.js'

/** Sets per run: a run cannot be interrupted. */
const RUN = 16_384
/** IPVS's drop_entry visits this part of its table each second. */
const DEFENDED = 1 / 32

interface Part {
  readonly name: TableName
  readonly number: number
  readonly sets: number
  readonly capacity: number
  readonly still: Stillness
}

type Found = Pick<Sweep, 'live' | 'freed'>
const NOTHING: Found = { live: 0, freed: 0 }

export class Sweeper {
  readonly #program: BpfProgram
  readonly #parts: readonly Part[]
  readonly #totals: Uint32Array
  readonly #entries: Record<TableName, number> = { conn4: 0, conn6: 0, template: 0 }
  #part = 0
  #first = 0
  #live = 0

  constructor(program: BpfProgram, { sizes, totals }: Pick<Maps, 'sizes' | 'totals'>) {
    this.#program = program
    this.#totals = halves(totals)
    this.#parts = [
      part('conn4', Table.TABLE_CONN4, sizes.conns4, Limit.CONN4_WAYS),
      part('conn6', Table.TABLE_CONN6, sizes.conns6, Limit.CONN6_WAYS),
      part('template', Table.TABLE_TEMPLATE, sizes.templates, Limit.TEMPLATE_WAYS),
    ]
  }

  /** Up to `budget` sets, but not past the end of a round. */
  sweep(budget: number): SweepResult {
    let [sets, freed] = [0, 0]
    while (sets < budget) {
      const part = this.#parts[this.#part] as Part
      const count = Math.min(RUN, budget - sets, part.sets - this.#first)
      const answer = this.#look(part, this.#first, count)
      sets += count
      freed += answer.freed
      this.#live += answer.live
      this.#first += count
      if (this.#first === part.sets && this.#next(part)) return { sets, freed, roundComplete: true }
    }
    return { sets, freed, roundComplete: false }
  }

  /** Its part of every table, from a place that `at` names, 0 <= at < 1, and round the end. */
  defend(at: number): SweepResult {
    let [sets, freed] = [0, 0]
    for (const part of this.#parts) {
      const all = Math.ceil(part.sets * DEFENDED)
      let first = Math.floor(at * part.sets) % part.sets
      for (let left = all; left > 0; ) {
        const count = Math.min(RUN, left, part.sets - first)
        freed += this.#run(part, first, count, true).freed
        first = (first + count) % part.sets
        left -= count
      }
      sets += all
    }
    return { sets, freed, roundComplete: false }
  }

  tables(): Record<TableName, TableSnapshot> {
    const of = ({ name, capacity }: Part) => [name, { entries: this.#entries[name], capacity }] as const
    return Object.fromEntries(this.#parts.map(of)) as Record<TableName, TableSnapshot>
  }

  #look(part: Part, first: number, count: number): Found {
    const counted = countedFor(part.name, this.#totals)
    if (first === 0) part.still.begin(counted)
    return part.still.holdsNothing(counted) ? NOTHING : this.#run(part, first, count, false)
  }

  #run(part: Part, first: number, count: number, defend: boolean): Found {
    const context = new Uint8Array(Sweep_SIZE)
    const view = new DataView(context.buffer)
    writeSweep(view, 0, {
      ...{ table: part.number, first, count, defend: defend ? 1 : 0 },
      ...{ now: 0, live: 0, freed: 0 },
    })
    const answer = this.#program.run({ context }).context
    return readSweep(new DataView(answer.buffer, answer.byteOffset), 0)
  }

  #next(part: Part): boolean {
    part.still.end(this.#live, countedFor(part.name, this.#totals))
    this.#entries[part.name] = this.#live
    this.#live = 0
    this.#first = 0
    this.#part = (this.#part + 1) % this.#parts.length
    return this.#part === 0
  }
}

function part(name: TableName, number: number, sets: number, ways: number): Part {
  return { name, number, sets, capacity: sets * ways, still: new Stillness() }
}
