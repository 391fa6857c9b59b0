// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SchedulerName } from '../../../src/model/types.js'
import type { Listed } from '../../../src/plan/ops.js'
import { slotShares } from '../../../src/plan/slots.js'

function listOf(...weights: readonly number[]): Listed[] {
  return weights.map((weight, i) => ({
    id: i + 1,
    weight,
    lastWeight: weight || 1,
    address: `192.0.2.${i + 21}`,
    port: 80,
  }))
}

describe('the map of a table', () => {
  it('of wrr has the turns that its weights ask for, in their order', () => {
    const map = slotShares('wrr', listOf(3, 1))
    expect(map).toMatchObject({ kind: 'turns', size: 4, held: [3, 1], empty: 0 })
    expect(map.runs).toEqual([
      [0, 3],
      [1, 1],
    ])
  })

  it('of rr has one turn for each that is usable', () => {
    expect(slotShares('rr', listOf(5, 0, 1))).toMatchObject({ kind: 'turns', size: 2, held: [1, 0, 1] })
  })

  it('of sh shows the slots of one with weight 0 as nobody’s', () => {
    const map = slotShares('sh', listOf(1, 0))
    expect(map).toMatchObject({ kind: 'slots', size: 256, held: [128, 0], empty: 128 })
  })

  it('of mh has all 4093 slots, shared by weight', () => {
    const { size, held } = slotShares('mh', listOf(2, 1))
    expect(size).toBe(4093)
    expect((held[0] as number) / size).toBeCloseTo(2 / 3, 2)
  })

  it('of a scheduler that looks at connections tells weights', () => {
    expect(slotShares('wlc', listOf(3, 0))).toEqual({
      kind: 'weights',
      size: 3,
      held: [3, 0],
      empty: 0,
      runs: [],
    })
  })

  it('of an order too long to write out tells the shares only', () => {
    const map = slotShares('wrr', listOf(65_535, 65_534))
    expect(map).toMatchObject({ size: 131_069, held: [65_535, 65_534], runs: [] })
  })

  it('counts everything once, whatever the weights', () => {
    const scheduler = fc.constantFrom<SchedulerName>('rr', 'wrr', 'sh', 'dh', 'mh')
    const weights = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(scheduler, weights, (name, list) => {
        const { size, held, empty, runs } = slotShares(name, listOf(...list))
        expect(held.reduce((a, b) => a + b, 0) + empty).toBe(size)
        if (runs.length === 0) return
        expect(runs.reduce((sum, [, length]) => sum + length, 0)).toBe(size)
        for (const [i, count] of held.entries())
          expect(runs.reduce((sum, [who, length]) => sum + (who === i ? length : 0), 0)).toBe(count)
      }),
      { numRuns: 40 },
    )
  })
})
