// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEFAULT_HEALTH, type HealthPolicy } from '../../../../src/model/checks.js'
import { quorumAfter, weightUpOf } from '../../../../src/plan/health/quorum.js'

const policy = (quorum: number, hysteresis = 0): HealthPolicy => ({ ...DEFAULT_HEALTH, quorum, hysteresis })
const over = (words: HealthPolicy, weights: readonly number[]) => {
  let has = false
  return weights.map((weight) => {
    has = quorumAfter(has, words, weight)
    return has
  })
}

describe('a quorum', () => {
  it('is one that is up, unless told otherwise', () => {
    expect(over(DEFAULT_HEALTH, [0, 1, 5, 1, 0])).toEqual([false, true, true, true, false])
  })

  it('is gained at quorum + hysteresis and lost below quorum - hysteresis', () => {
    expect(over(policy(10, 3), [12, 13, 10, 7, 6, 12, 13])).toEqual([
      ...[false, true, true, true, false, false, true],
    ])
  })

  it('is always lost when nothing is up, as keepalived has it', () => {
    expect(over(policy(2, 2), [4, 1, 0])).toEqual([true, true, false])
  })

  it('turns only when the weight leaves the band, and then always', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.nat(49),
        fc.boolean(),
        fc.nat(200),
        (quorum, hysteresis, previous, weight) => {
          const has = quorumAfter(previous, policy(quorum, hysteresis), weight)
          if (weight >= quorum + hysteresis) expect(has).toBe(true)
          else if (weight === 0 || weight < quorum - hysteresis) expect(has).toBe(false)
          else expect(has).toBe(previous)
        },
      ),
    )
  })

  it('counts the weights of those that are up', () => {
    const members = [
      { up: true, weight: 3 },
      { up: false, weight: 100 },
      { up: true, weight: 0 },
      { up: true, weight: 4 },
    ]
    expect(weightUpOf(members)).toBe(7)
    expect(weightUpOf([])).toBe(0)
  })
})
