// SPDX-License-Identifier: Apache-2.0
// A table is left out only when a walk would find nothing, and is then left out.

import fc from 'fast-check'
import type { BpfProgram } from 'libbpf-ts'
import { describe, expect, test } from 'vitest'
import { readSweep, Sweep_SIZE, Table, writeSweep } from '../../../src/abi/generated.js'
import type { Maps } from '../../../src/datapath/maps.js'
import { countedFor, Stillness, TRUSTED_ROUNDS } from '../../../src/datapath/stillness.js'
import { Sweeper } from '../../../src/datapath/sweep.js'

const SETS = 4

/** Between two steps of the sweep, which looks at one set in each. */
type Event = { readonly kind: 'store' | 'free' | 'step'; readonly set: number }
const event: fc.Arbitrary<Event> = fc.record({
  kind: fc.constantFrom('store', 'free', 'step', 'step', 'step', 'step'),
  set: fc.nat(SETS - 1),
})

describe('Stillness', () => {
  test('never says of a table that it is empty while something is in it', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200 }), (events) => {
        const still = new Stillness()
        const table = Array.from({ length: SETS }, () => 0)
        let [count, at, live] = [0, 0, 0]
        for (const { kind, set } of events) {
          if (kind === 'store' || (kind === 'free' && table[set])) {
            table[set] = kind === 'store' ? 1 : 0
            count++
          }
          if (kind !== 'step') continue
          if (at === 0) still.begin(count)
          if (still.holdsNothing(count)) expect(table).toEqual([0, 0, 0, 0])
          else live += table[at] as number
          at = (at + 1) % SETS
          if (at > 0) continue
          still.end(live, count)
          live = 0
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('a round that met something, or during which something was counted, proves nothing', () => {
    const still = new Stillness()
    still.begin(7)
    still.end(1, 7)
    expect(still.holdsNothing(7)).toBe(false)
    still.begin(7)
    still.end(0, 8)
    expect([still.holdsNothing(7), still.holdsNothing(8)]).toEqual([false, false])
    still.begin(8)
    still.end(0, 8)
    expect([still.holdsNothing(8), still.holdsNothing(9)]).toEqual([true, false])
  })
})

test.each([
  ['conn4', [0, 1, 2, 3]],
  ['conn6', [0, 1, 2, 3]],
  ['template', [4, 5, 6, 7]],
] as const)('%s counts with every word of its own, of every CPU', (name, own) => {
  const totals = new Uint32Array(2 * 2 * 8)
  const moved = Array.from({ length: 8 }, (_, word) => {
    const before = countedFor(name, totals)
    totals[2 * (8 + word)] = 1
    return countedFor(name, totals) !== before
  })
  expect(moved.flatMap((so, word) => (so ? [word] : []))).toEqual(own)
})

/** A sweeper whose program finds `live` in each table; `runs`: tables it was run for. */
function swept() {
  const live: Partial<Record<number, number>> = {}
  const runs: number[] = []
  const program = {
    run: ({ context }: { context: Uint8Array }) => {
      const order = readSweep(new DataView(context.buffer), 0)
      runs.push(order.table)
      const answer = new DataView(new ArrayBuffer(Sweep_SIZE))
      writeSweep(answer, 0, { ...order, live: order.first === 0 ? (live[order.table] ?? 0) : 0 })
      return { context: new Uint8Array(answer.buffer) }
    },
  } as unknown as BpfProgram
  const totals = new BigUint64Array(8)
  const sizes = { conns4: 40, conns6: 40, templates: 20 } as Maps['sizes']
  const sweeper = new Sweeper(program, { sizes, totals })
  const round = () => {
    runs.length = 0
    let slices = 1
    while (!sweeper.sweep(10).roundComplete) slices++
    return { slices, tables: [...new Set(runs)] }
  }
  return { live, totals, sweeper, round }
}

describe('Sweeper', () => {
  const ALL = [Table.TABLE_CONN4, Table.TABLE_CONN6, Table.TABLE_TEMPLATE]

  test('passes empty tables at the pace of a walk, and looks at none of them', () => {
    const { round } = swept()
    const walked = round()
    expect(walked.tables).toEqual(ALL)
    expect(round()).toEqual({ slices: walked.slices, tables: [] })
  })

  test('walks the tables for which something was counted, and goes on with what holds entries', () => {
    const { totals, live, round, sweeper } = swept()
    round()
    totals[0] = 1n
    live[Table.TABLE_CONN6] = 3
    expect(round().tables).toEqual([Table.TABLE_CONN4, Table.TABLE_CONN6])
    expect(sweeper.tables().conn6.entries).toBe(3)
    expect(round().tables).toEqual([Table.TABLE_CONN6])
    expect(sweeper.tables().conn6.entries).toBe(3)
  })

  test('looks from where it is when something is counted in mid-round', () => {
    const { totals, round, sweeper } = swept()
    round()
    expect(sweeper.sweep(10).sets).toBe(10)
    totals[4] = 1n
    expect(round().tables).toEqual([Table.TABLE_TEMPLATE])
    totals[0] = 1n
    expect(round().tables).toContain(Table.TABLE_CONN4)
  })

  test('walks all of them once in a while', () => {
    const { round } = swept()
    round()
    const rounds = Array.from({ length: 2 * (TRUSTED_ROUNDS + 1) }, () => round().tables.length)
    const cycle = [...Array(TRUSTED_ROUNDS).fill(0), ALL.length]
    expect(rounds).toEqual([...cycle, ...cycle])
  })
})
