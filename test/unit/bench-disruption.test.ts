// SPDX-License-Identifier: Apache-2.0
// `make bench-disruption`: what is computed agrees with what can be said in closed form.
import { describe, expect, it } from 'vitest'
import { broken, disrupt, type Scene } from '../../bench/disruption/compute.js'
import { ECMPS, MODULO, RESILIENT, THRESHOLD } from '../../bench/disruption/ecmp.js'
import { scheduler, slotOf } from '../../bench/disruption/schedulers.js'
import { SCHEDULERS } from '../../src/model/rules.js'
import { permutation } from '../../src/plan/maglev.js'
import type { Listed } from '../../src/plan/ops.js'

const FLOWS = 40_000
/** Five standard deviations of a share of that many. */
const NOISE = (5 * 0.5) / Math.sqrt(FLOWS)

function listOf(weights: readonly number[]): readonly Listed[] {
  return weights.map((weight, i) => {
    return { id: i + 1, weight, lastWeight: weight, address: `10.0.0.${i + 1}`, port: 80 }
  })
}

const TEN = listOf(Array.from({ length: 10 }, () => 1))

function found(changes: Partial<Scene>) {
  const scene: Scene = {
    ecmp: MODULO,
    directors: 4,
    turn: 'leaves',
    scheduler: 'rr',
    list: TEN,
    flows: FLOWS,
  }
  return disrupt({ ...scene, ...changes })
}

describe('the router', () => {
  it.each(ECMPS)('$name: every director gets its part, one that is absent none', ({ leave }) => {
    const { whole, without } = leave(4, 1)
    const counts = [whole, without].map((spread) => {
      const owners = Array.from({ length: 4096 }, (_, i) => spread(i * 2 ** 20 + i))
      return [0, 1, 2, 3].map((director) => owners.filter((owner) => owner === director).length / 4096)
    })
    for (const share of counts[0] ?? []) expect(share).toBeCloseTo(1 / 4, 1)
    expect(counts[1]?.[1]).toBe(0)
    for (const i of [0, 2, 3]) expect(counts[1]?.[i]).toBeCloseTo(1 / 3, 1)
  })

  it.each([2, 4, 8])('modulo: of %i directors one less moves (k - 1) / k of the flows', (directors) => {
    for (const turn of ['leaves', 'joins'] as const) {
      const { moved } = found({ directors, turn })
      expect(Math.abs(moved - (directors - 1) / directors)).toBeLessThan(NOISE)
    }
  })

  it.each([2, 4, 8])('resilient: of %i directors one less moves 1 / k', (directors) => {
    for (const turn of ['leaves', 'joins'] as const) {
      const { moved } = found({ ecmp: RESILIENT, directors, turn })
      expect(Math.abs(moved - 1 / directors)).toBeLessThan(NOISE)
    }
  })

  it('hash-threshold: half of the flows move when the last one leaves (RFC 2992)', () => {
    for (const directors of [2, 4, 8]) {
      const { moved } = found({ ecmp: THRESHOLD, directors })
      expect(Math.abs(moved - 1 / 2)).toBeLessThan(NOISE)
    }
  })
})

describe('flows that move', () => {
  it('break all without sloppy_tcp', () => {
    const disruption = found({ scheduler: 'mh' })
    expect(broken(disruption, false)).toBe(disruption.moved)
    expect(broken(disruption, true)).toBe(0)
  })

  it.each(['rr', 'lc', 'wlc', 'sed', 'nq', 'lblcr', 'twos'] as const)(
    '%s: one in n finds its real server again',
    (name) => {
      const { moved, misled } = found({ scheduler: name, ecmp: RESILIENT })
      expect(Math.abs(misled / moved - 0.9)).toBeLessThan(0.03)
    },
  )

  it('wrr: as many as the squares of the shares', () => {
    const weights = [4, 3, 2, 1]
    const luck = weights.reduce((sum, weight) => sum + (weight / 10) ** 2, 0)
    const { moved, misled } = found({ scheduler: 'wrr', list: listOf(weights) })
    expect(Math.abs(misled / moved - (1 - luck))).toBeLessThan(0.02)
  })

  it.each(['mh', 'sh', 'dh', 'fo'] as const)('%s: all do, while the lists are the same', (name) => {
    for (const ecmp of ECMPS) expect(found({ scheduler: name, ecmp }).misled).toBe(0)
  })

  it('mh: who is added takes no more than its part, and little else moves', () => {
    const listAfter = listOf(Array.from({ length: 11 }, () => 1))
    const { moved, misled, orphaned } = found({ scheduler: 'mh', listAfter })
    expect(misled / moved).toBeGreaterThan(1 / 11 - 0.02)
    expect(misled / moved).toBeLessThan(2 / 11)
    expect(orphaned).toBe(0)
  })

  it('sh: a list in another order is another table', () => {
    const { moved, misled } = found({ scheduler: 'sh', listAfter: [...TEN].reverse() })
    expect(misled / moved).toBeGreaterThan(0.8)
  })

  it('are orphaned where their real server is gone: one in n', () => {
    const { moved, orphaned } = found({ scheduler: 'mh', listAfter: TEN.slice(1) })
    expect(Math.abs(orphaned / moved - 0.1)).toBeLessThan(0.02)
  })
})

describe('schedulers', () => {
  it.each(SCHEDULERS.filter((name) => name !== 'none'))('%s chooses somebody who is listed', (name) => {
    const choose = scheduler(name, listOf([300, 200, 100]), () => 0.37)
    const ids = Array.from({ length: 500 }, (_, client) => choose(client * 7919))
    expect(ids.every((id) => id >= 1 && id <= 3)).toBe(true)
  })

  it('none is refused', () => {
    expect(() => scheduler('none', TEN, Math.random)).toThrow('none chooses nobody')
  })

  it('ovf fills the heaviest, and one more, before the next', () => {
    const choose = scheduler('ovf', listOf([2, 1]), () => 0)
    expect(Array.from({ length: 6 }, () => choose(0))).toEqual([1, 1, 1, 2, 2, 0])
  })

  it('lblc stays, lblcr spreads over those that were needed', () => {
    const picks = (name: 'lblc' | 'lblcr') => {
      const choose = scheduler(name, listOf([10, 10, 10]), () => 0)
      return Array.from({ length: 60 }, () => choose(0))
    }
    expect(picks('lblc').slice(0, 11)).toEqual(Array.from({ length: 11 }, () => 1))
    expect(new Set(picks('lblc').slice(-20)).size).toBe(1)
    expect(new Set(picks('lblcr').slice(-20)).size).toBe(3)
  })

  it('mh hashes a client as the planner hashes an address', () => {
    expect(slotOf('mh', 0x0a000001, 4093)).toBe(permutation('10.0.0.1', 0).offset)
  })
})
