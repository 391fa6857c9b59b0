// SPDX-License-Identifier: Apache-2.0
// What `make bench` does with rounds: takes turns, throws the disturbed ones away, repeats them up to a bound, and says so.
import { describe, expect, it } from 'vitest'
import { calibrate, isUnsure, measure, type Plan, type Series, type Taken } from '../../bench/harness.js'
import { beyond, quantile, type Round, ratioOf, sift, summary } from '../../bench/statistics.js'

const PLAN: Plan = { rounds: 5, bound: 15, roundMs: 20 }
const quiet = (ns: number): Round => ({ ns, switches: 0, stolen: 0 })

/** Every packet takes 10 ns, every call 1000 more; `changes` by number of the call. */
function machine(changes: (call: number, taken: Taken) => Partial<Taken> = () => ({})) {
  const log: string[] = []
  let packets = 0
  let calls = 0
  const series = (id: string, more: Partial<Series> = {}): Series => ({
    id,
    run: (count) => {
      log.push(id)
      packets = count
      return 0
    },
    ...more,
  })
  const timer = (work: () => void): Taken => {
    work()
    const taken = { cpuNs: 1000 + packets * 10, switches: 0, stolenMs: 0 }
    return { ...taken, ...changes(calls++, taken) }
  }
  return { log, series, timer }
}

describe('rounds', () => {
  it('are kept while nobody disturbs them', () => {
    expect(sift([quiet(10), quiet(11)])).toEqual({
      kept: [10, 11],
      thrown: { slow: 0, preempted: 0, stolen: 0 },
    })
  })

  it.each([
    ['slow', quiet(16)],
    ['preempted', { ...quiet(10), switches: 1 }],
    ['stolen', { ...quiet(10), stolen: 20 }],
  ] as const)('are thrown away when %s, and counted', (why, round) => {
    const { kept, thrown } = sift([quiet(10), round, quiet(12)])
    expect(kept).toEqual([10, 12])
    expect(thrown).toEqual({ slow: 0, preempted: 0, stolen: 0, [why]: 1 })
  })

  it('that came before the quickest are judged by it too', () => {
    expect(sift([quiet(20), quiet(10)]).kept).toEqual([10])
  })
})

describe('figures', () => {
  it('are the least, the median and how far half of the rounds lie apart', () => {
    expect(summary([5, 1, 4, 2, 3])).toEqual({ min: 1, median: 3, spread: 2 })
    expect(quantile([1, 2], 0.5)).toBe(1.5)
    expect(() => quantile([], 0.5)).toThrow('no rounds')
  })

  it('are less the harness, and no surer for it', () => {
    const [whole, harness] = [
      { min: 30, median: 32, spread: 3 },
      { min: 10, median: 11, spread: 4 },
    ]
    expect(beyond(whole, harness)).toEqual({ min: 20, median: 21, spread: 5 })
  })

  it('have ratios with a spread, and none to what costs nothing', () => {
    const [a, b] = [
      { min: 20, median: 20, spread: 2 },
      { min: 10, median: 10, spread: 0 },
    ]
    expect(ratioOf(a, b)).toEqual({ ratio: 2, spread: 0.2 })
    expect(ratioOf(a, { min: -1, median: 0, spread: 1 })).toBeUndefined()
  })
})

describe('the harness', () => {
  it('finds how many packets fill a round, and what a call costs without them', () => {
    const { series, timer } = machine()
    const { packets, call } = calibrate(series('a'), 20, timer)
    expect(call).toBe(1020)
    expect(packets).toBeGreaterThan(1_990_000)
    expect(packets).toBeLessThan(2_010_000)
  })

  it('sends no more than a series allows', () => {
    const { series, timer } = machine()
    expect(calibrate(series('a', { most: 4096 }), 20, timer).packets).toBe(4096)
  })

  it('gives every series its turn before any has its next', () => {
    const { log, series, timer } = machine()
    measure([series('a'), series('b'), series('c')], PLAN, timer)
    expect(log.slice(-15).join('')).toBe('abc'.repeat(5))
  })

  it('repeats disturbed rounds until enough are undisturbed', () => {
    const { series, timer } = machine((call) => (call % 2 === 0 ? { stolenMs: 30 } : {}))
    const [figure] = measure([series('a')], PLAN, timer)
    expect(figure?.kept).toHaveLength(5)
    expect(figure?.thrown.stolen).toBeGreaterThanOrEqual(4)
    expect(figure?.total).toBe((figure?.packets ?? 0) * (5 + (figure?.thrown.stolen ?? 0)))
  })

  it('gives up at the bound, and does not call what is left a figure', () => {
    const { series, timer } = machine(() => ({ switches: 1e9 }))
    const [figure] = measure([series('a')], PLAN, timer)
    expect(figure?.thrown.preempted).toBe(PLAN.bound)
    expect(figure && isUnsure(figure)).toBe(true)
  })

  it('adds up packets with another fate, those of disturbed rounds too', () => {
    const { series, timer } = machine()
    const [figure] = measure([series('a', { run: () => 3, most: 100 })], PLAN, timer)
    expect(figure).toMatchObject({ wrong: 15, total: 500 })
  })

  it('prepares before each round and cleans up after it, outside the time', () => {
    const steps: string[] = []
    const hooks = { before: () => void steps.push('before'), after: () => void steps.push('after') }
    const { series } = machine()
    const timer = (work: () => void): Taken => {
      steps.push('start')
      work()
      steps.push('stop')
      return { cpuNs: 2e7, switches: 0, stolenMs: 0 }
    }
    measure([series('a', hooks)], PLAN, timer)
    expect(steps.slice(-4)).toEqual(['before', 'start', 'stop', 'after'])
  })
})
