// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Answer, CheckTiming } from '../../../../src/model/checks.js'
import {
  type CheckState,
  judge,
  startDown,
  startUntried,
  startUp,
} from '../../../../src/plan/health/machine.js'
import { nextStep, type Parts, type Standing, standingOf } from '../../../../src/plan/health/together.js'

const TIMING: CheckTiming = { interval: 1, timeout: 1, rise: 1, fall: 2 }
const DATE = 1_700_000_000_000
const moment = (now: number) => ({ date: DATE + now, now })
const good = (weight?: number): Answer => ({ good: true, took: 1, ...(weight !== undefined && { weight }) })
const bad: Answer = { good: false, took: 1, reason: 'status', detail: '503 instead of 200..299' }
const told = (...answers: readonly Answer[]) =>
  answers.reduce((state, answer) => judge(state, TIMING, answer), startUp())

function parts(checks: readonly CheckState[], words: Partial<Parts> = {}): Parts {
  return { checks, out: false, weight: 100, ...words }
}

const health = (given: Parts, before?: Standing, now = 0) => standingOf(given, before, moment(now)).health

describe('the health of a real server', () => {
  it('that nobody checks is up', () => {
    expect(health(parts([]))).toEqual({ up: true, reason: 'unchecked', since: DATE })
  })

  it('is good when all of its checks are', () => {
    expect(health(parts([told(good()), told(good())]))).toEqual({
      up: true,
      reason: 'healthy',
      since: DATE,
    })
    expect(health(parts([told(good()), told(bad, bad)]))).toEqual({
      ...{ up: false, reason: 'status', detail: '503 instead of 200..299', since: DATE },
    })
  })

  it('waits while a check has no good answer yet, up, or with alpha down', () => {
    expect(health(parts([told(good()), startUp()]))).toMatchObject({ up: true, reason: 'waiting' })
    expect(health(parts([told(good()), startUntried()]))).toMatchObject({ up: false, reason: 'waiting' })
    const refused = judge(startUntried(), TIMING, bad)
    expect(health(parts([refused]))).toMatchObject({ up: false, reason: 'status' })
  })

  it('shows the failure that has not taken it down', () => {
    expect(health(parts([told(good(), bad)]))).toMatchObject({
      ...{ up: true, reason: 'healthy', detail: '503 instead of 200..299' },
    })
    expect(health(parts([told(good(), bad, good())])).detail).toBeUndefined()
  })

  it('is bad when it swallows connections; a check that fails says more', () => {
    expect(health(parts([told(good())], { out: true }))).toMatchObject({ up: false, reason: 'swallows' })
    expect(health(parts([], { out: true }))).toMatchObject({ up: false, reason: 'swallows' })
    expect(health(parts([told(bad, bad)], { out: true }))).toMatchObject({ up: false, reason: 'status' })
  })

  it('says since when, and only going up or down moves that', () => {
    const first = standingOf(parts([told(good())]), undefined, moment(0))
    const down = standingOf(parts([told(bad, bad)]), first, moment(500))
    const other = standingOf(parts([startDown({ reason: 'timeout' })]), down, moment(900))
    const up = standingOf(parts([told(good())]), other, moment(1500))
    const sinces = [first, down, other, up].map((each) => each.health.since - DATE)
    expect(sinces).toEqual([0, 500, 500, 1500])
  })

  it('has the weight a script named, of several the lowest', () => {
    expect(health(parts([told(good())])).weight).toBeUndefined()
    expect(health(parts([told(good(7)), told(good()), told(good(4))])).weight).toBe(4)
    expect(health(parts([told(good(0))])).weight).toBe(0)
  })
})

describe('slow start', () => {
  const momentArb = fc.double({ min: 1, max: 1e9, noNaN: true })
  const given = (slowStart: number | undefined, weight = 100) =>
    parts([told(good())], { weight, ...(slowStart !== undefined && { slowStart }) })
  const risen = (slowStart: number, weight = 100, at = 1000): Standing => {
    const down = standingOf(parts([told(bad, bad)]), undefined, moment(0))
    return standingOf(given(slowStart, weight), down, moment(at))
  }
  /** every change of the ramp until it is over: ms since it came up, and what it is then */
  const course = (slowStart: number, from = 1000): readonly (readonly [number, number | undefined])[] => {
    const steps: [number, number | undefined][] = []
    let standing = risen(slowStart, 100, from)
    let now = from
    for (;;) {
      steps.push([now - from, standing.health.ramp])
      const next = nextStep(standing, slowStart, now)
      if (next === undefined) return steps
      standing = standingOf(given(slowStart), standing, moment(next))
      now = next
    }
  }

  it('is for one that comes up after it was down, not for one that is new', () => {
    expect(standingOf(given(30), undefined, moment(0)).health.ramp).toBeUndefined()
    expect(risen(30).health).toMatchObject({ up: true, reason: 'slow-start', ramp: 0 })
  })

  it('rises in tenths', () => {
    expect(course(30)).toEqual([
      ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) => [i * 3000, i / 10] as const),
      [30_000, undefined],
    ])
  })

  it('takes no step shorter than a second', () => {
    expect(course(3)).toEqual([
      [0, 0],
      [1000, 1 / 3],
      [2000, 2 / 3],
      [3000, undefined],
    ])
    expect(course(0.5)).toEqual([
      [0, 0],
      [500, undefined],
    ])
    expect(course(2.5).map(([at]) => at)).toEqual([0, 1000, 2000, 2500])
  })

  it('ends when it is taken from the wish, or goes down', () => {
    const rising = risen(30)
    expect(standingOf(given(undefined), rising, moment(2000)).health).toMatchObject({ reason: 'healthy' })
    expect(standingOf(given(undefined), rising, moment(2000)).health.ramp).toBeUndefined()
    const down = standingOf(parts([told(bad, bad)], { slowStart: 30 }), rising, moment(2000))
    expect(down.health.ramp).toBeUndefined()
    expect(nextStep(down, 30, 2000)).toBeUndefined()
  })

  it('has no steps for a weight of 1', () => {
    expect(risen(30, 1).health).toMatchObject({ reason: 'healthy' })
  })

  it('never falls, ends at all of it, and has few steps, whatever its length', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 86_400, noNaN: true }), momentArb, (slowStart, from) => {
        const steps = course(slowStart, from)
        const ramps = steps.map(([, ramp]) => ramp ?? 1)
        expect(ramps).toEqual([...ramps].sort((a, b) => a - b))
        expect(steps.at(-1)?.[1]).toBeUndefined()
        expect(steps.at(-1)?.[0]).toBeGreaterThanOrEqual(slowStart * 1000 - 0.01)
        expect(steps.length).toBeLessThanOrEqual(12)
      }),
    )
  })
})
