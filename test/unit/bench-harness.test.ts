// SPDX-License-Identifier: Apache-2.0
// What `make bench` does with rounds and loads: takes turns, leaves out what was disturbed, and says how sure it is.
import { describe, expect, it } from 'vitest'
import { compare, judged, shareOf } from '../../bench/compare.js'
import {
  type Course,
  calibrate,
  FEWEST,
  type Figure,
  figuresOf,
  isDone,
  orderOf,
  type Plan,
  race,
  type Series,
} from '../../bench/harness.js'
import { agree, intervalOf, median, rankOf } from '../../bench/intervals.js'
import type { Machine } from '../../bench/machine.js'
import { report } from '../../bench/results.js'

const PLAN: Plan = { loads: 2, mostLoads: 4, rounds: 10, bound: 30, sliceMs: 1 }

/** A CPU on which a packet of series `id` takes ns[id], times what `slowness` says of its slice. */
function machine(ns: Readonly<Record<string, number>>, slowness: (slice: number) => number = () => 1) {
  const log: string[] = []
  let spent = 0
  let slices = 0
  const series = (id: string, more: Partial<Series> = {}): Series => ({
    id,
    run: (packets) => {
      log.push(id)
      spent = packets * (ns[id] ?? 0) * slowness(slices++)
      return 0
    },
    ...more,
  })
  const timer = (work: () => void) => {
    work()
    return spent
  }
  return { log, series, timer }
}

/** The harness takes 10, a 30, b 50. */
function loads(count: number, slowness?: (slice: number) => number): Course {
  const { series, timer } = machine({ empty: 10, a: 30, b: 50 }, slowness)
  const own = ['a', 'b'].map((id) => series(id, { harness: 'empty' }))
  const heat = { id: 'heat', series: [series('empty'), ...own] }
  let course: Course | undefined
  for (let load = 0; load < count; load++) course = race(heat, course, PLAN, timer)
  if (!course) throw new Error('no loads')
  return course
}

function figure(course: Course, id: string): Figure {
  const found = figuresOf(course, PLAN).find((each) => each.id === id)
  if (!found) throw new Error(`no figure of ${id}`)
  return found
}

describe('intervals', () => {
  it('have the median in the middle of odd and even numbers of values', () => {
    expect(median([5, 1, 3])).toBe(3)
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(() => median([])).toThrow('no values')
  })

  it('are of two ranks that hold the median 95 times of 100', () => {
    expect([5, 6, 8, 9, 12, 24].map(rankOf)).toEqual([0, 0, 0, 1, 2, 6])
    expect(intervalOf([6, 5, 4, 3, 2, 1])).toEqual({ value: 3.5, low: 1, high: 6 })
    expect(intervalOf([100, 5, 4, 3, 2, 1, 6, 7, -50])).toEqual({ value: 4, low: 1, high: 7 })
  })

  it('agree where they overlap', () => {
    const of = (low: number, high: number) => ({ value: low, low, high })
    expect(agree(of(1, 2), of(2, 3))).toBe(true)
    expect(agree(of(1, 4), of(2, 3))).toBe(true)
    expect(agree(of(1, 2), of(2.1, 3))).toBe(false)
    expect(agree(of(2.1, 3), of(1, 2))).toBe(false)
  })
})

describe('a heat', () => {
  it('gives every series its turn before any has its next', () => {
    const { log, series, timer } = machine({ a: 10, b: 10, c: 10 })
    race({ id: 'heat', series: ['a', 'b', 'c'].map((id) => series(id)) }, undefined, PLAN, timer)
    for (let at = log.length - 30; at < log.length; at += 3)
      expect(
        log
          .slice(at, at + 3)
          .sort()
          .join(''),
      ).toBe('abc')
  })

  it('lets each series come after each other one about as often as first', () => {
    const [count, rounds] = [6, 6_000]
    const after = new Map<string, number>()
    for (let turn = 0; turn < rounds; turn++) {
      const order = orderOf(count, turn)
      for (const [step, at] of order.entries()) {
        const pair = `${order[step - 1] ?? 'nobody'} ${at}`
        after.set(pair, (after.get(pair) ?? 0) + 1)
      }
    }
    expect(after.size).toBe(count * count)
    for (const times of after.values()) {
      expect(times).toBeGreaterThan((0.8 * rounds) / count)
      expect(times).toBeLessThan((1.2 * rounds) / count)
    }
  })

  it('finds how many packets fill a slice of its average series', () => {
    const { series, timer } = machine({ a: 10, b: 30 })
    const heat = { id: 'heat', series: [series('a'), series('b')] }
    expect(calibrate(heat, 1, timer)).toBe(50_000)
  })

  it('sends no more than any of its series allows', () => {
    const { series, timer } = machine({ a: 10, b: 10 })
    const heat = { id: 'heat', series: [series('a', { most: 4096 }), series('b')] }
    expect(calibrate(heat, 1, timer)).toBe(4096)
  })

  it('sends as many in later loads as in the first', () => {
    const { series, timer } = machine({ a: 10 })
    const past = { series: [{ id: 'a' }], packets: 777, loads: [], wrong: [0] }
    expect(race({ id: 'heat', series: [series('a')] }, past, PLAN, timer).packets).toBe(777)
  })

  it('prepares before each slice and cleans up after it, outside the time', () => {
    const steps: string[] = []
    const { series } = machine({ a: 10 })
    const hooks = { before: () => void steps.push('before'), after: () => void steps.push('after') }
    const timer = (work: () => void) => {
      steps.push('start')
      work()
      steps.push('stop')
      return 1e6
    }
    race({ id: 'heat', series: [series('a', hooks)] }, undefined, PLAN, timer)
    expect(steps.slice(-4)).toEqual(['before', 'start', 'stop', 'after'])
  })
})

describe('a figure', () => {
  it('is what a packet takes beyond the harness, once for each load', () => {
    expect(figure(loads(3), 'b')).toMatchObject({ loads: [40, 40, 40], rounds: 30, thrown: 0, unquiet: 0 })
    expect(figure(loads(1), 'empty').loads).toEqual([10])
  })

  it('leaves out rounds in which the machine was slow, and asks for others', () => {
    const course = loads(2, (slice) => (Math.floor(slice / 3) % 2 === 0 ? 1 : 1.5))
    expect(figure(course, 'a')).toMatchObject({ loads: [20, 20], rounds: 20, unquiet: 0 })
    expect(figure(course, 'a').thrown).toBeGreaterThanOrEqual(16)
  })

  it('leaves out loads without a quiet round when others are enough', () => {
    const first = loads(1)
    const slow = loads(1, () => 1.5)
    const course = { ...first, loads: [...slow.loads, ...first.loads, ...first.loads] }
    expect(isDone({ ...first, loads: [...slow.loads, ...first.loads] }, PLAN)).toBe(false)
    expect(isDone(course, PLAN)).toBe(true)
    expect(figure(course, 'a')).toMatchObject({ loads: [20, 20], unquiet: 0 })
  })

  it('is there all the same when they are not, from the quickest rounds, and says so', () => {
    const quiet = loads(1)
    const slow = loads(1, () => 1.5)
    const made = figure({ ...quiet, loads: [...quiet.loads, ...slow.loads] }, 'a')
    expect(made).toMatchObject({ loads: [20, 30], rounds: 10 + FEWEST, unquiet: 1 })
  })

  it('gives up at the bound of rounds', () => {
    const noise = (slice: number) => 1 + Math.floor(slice / 3)
    expect(loads(1, noise).loads[0]).toHaveLength(PLAN.bound)
  })

  it('knows the share of packets with another fate, in rounds left out too', () => {
    const { series, timer } = machine({ a: 10 })
    const heat = { id: 'heat', series: [series('a', { run: () => 5, most: 100 })] }
    const [made] = figuresOf(race(heat, undefined, PLAN, timer), PLAN)
    expect(made).toMatchObject({ packets: 100, wrong: 0.05 })
  })
})

describe('two runs', () => {
  const run = (low: number, high: number, id = 'hit', ratio = 2) => {
    const interval = { value: (low + high) / 2, low, high }
    const cell = { ...interval, loads: [low, high], rounds: 9, thrown: 0, unquiet: 0, packets: 9, wrong: 0 }
    const ratios = [{ to: 'floor', value: ratio, low: ratio - 0.1, high: ratio + 0.1 }]
    return report({} as Machine, [{ id, title: id, group: '', cells: { xlvs: cell }, ratios }], [])
  }

  it('agree figure by figure, where the intervals overlap', () => {
    const { all, alone } = compare(run(10, 12), run(11, 13))
    expect(all.map(({ kind, what, agrees }) => [kind, what, agrees])).toEqual([
      ['ratio', 'hit × floor', true],
      ['ns', 'hit xlvs', true],
    ])
    expect(alone).toEqual([])
    expect(shareOf(compare(run(10, 12), run(13, 14)).all)).toBe(0.5)
  })

  it('are judged by ratios: nanoseconds are those of an hour', () => {
    const slower = judged(compare(run(10, 12), run(13, 14)).all)
    expect(slower.map(({ what, agrees }) => [what, agrees])).toEqual([['hit × floor', true]])
    expect(shareOf(judged(compare(run(10, 12), run(10, 12, 'hit', 3)).all))).toBe(0)
  })

  it('say what only one of them has', () => {
    const { all, alone } = compare(run(10, 12), run(10, 12, 'miss'))
    expect(all).toEqual([])
    expect(alone).toEqual(['hit × floor', 'hit xlvs', 'miss × floor', 'miss xlvs'])
  })
})
