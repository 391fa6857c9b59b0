// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Answer, CheckTiming } from '../../../../src/model/checks.js'
import {
  type CheckState,
  firstDue,
  JITTER,
  judge,
  nextDue,
  refine,
  startDown,
  startUntried,
  startUp,
} from '../../../../src/plan/health/machine.js'

const TIMING: CheckTiming = { interval: 2, timeout: 1, rise: 2, fall: 3 }
const GOOD: Answer = { good: true, took: 1 }
const BAD: Answer = { good: false, took: 1, reason: 'refused', detail: 'RST' }
const UNMADE: Answer = { good: false, took: 0, reason: 'cannot-check', detail: 'EMFILE' }
/** no jitter */
const EVEN = 0.5

/** '+' good, '-' bad, '?' could not be asked */
function answers(text: string): readonly Answer[] {
  return [...text].map((sign) => (sign === '+' ? GOOD : sign === '-' ? BAD : UNMADE))
}

function told(text: string, from: CheckState = startUp(), timing = TIMING): CheckState {
  return answers(text).reduce((state, answer) => judge(state, timing, answer), from)
}

const timingArb = fc.record({
  interval: fc.double({ min: 0.1, max: 100, noNaN: true }),
  timeout: fc.constant(1),
  rise: fc.integer({ min: 1, max: 6 }),
  fall: fc.integer({ min: 1, max: 6 }),
})
const seriesArb = fc.array(fc.constantFrom('+', '-'), { maxLength: 60 }).map((signs) => signs.join(''))
const randomArb = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

describe('a check', () => {
  it.each([
    ['', true],
    ['--', true],
    ['---', false],
    ['--+--', true],
    ['---+', false],
    ['---++', true],
    ['---+-+', false],
    ['--?-', false],
    ['---?++', true],
    ['---+?+', true],
  ])('that is up from the start is after %s up: %s', (text, up) => {
    expect(told(text).up).toBe(up)
  })

  it.each([
    ['', false],
    ['+', true],
    ['--------+', true],
    ['?', false],
    ['?+', true],
    ['+---+', false],
  ])('that is down until its first good answer is after %s up: %s', (text, up) => {
    expect(told(text, startUntried()).up).toBe(up)
  })

  it('that was known to be down needs all its good answers, and keeps the reason until then', () => {
    const down = startDown({ reason: 'timeout', detail: 'silence' })
    expect(told('+', down)).toMatchObject({ up: false, fault: { reason: 'timeout', detail: 'silence' } })
    expect(told('-', down)).toMatchObject({ up: false, fault: { reason: 'refused' } })
    expect(told('++', down)).toMatchObject({ up: true })
    expect(told('++', down).fault).toBeUndefined()
  })

  it('changes exactly when the last `fall` or `rise` answers say so, whatever came before', () => {
    fc.assert(
      fc.property(timingArb, seriesArb, (timing, text) => {
        let [up, row, last] = [true, 0, '']
        for (const sign of text) {
          row = sign === last ? row + 1 : 1
          last = sign
          if (up && sign === '-' && row >= timing.fall) up = false
          if (!up && sign === '+' && row >= timing.rise) up = true
        }
        expect(told(text, startUp(), timing).up).toBe(up)
      }),
    )
  })

  it('is moved by no question that could not be asked', () => {
    fc.assert(
      fc.property(timingArb, seriesArb, fc.array(fc.nat(60)), (timing, text, places) => {
        const signs = [...text]
        for (const place of places) signs.splice(place, 0, '?')
        const [plain, mixed] = [told(text, startUp(), timing), told(signs.join(''), startUp(), timing)]
        expect(mixed).toMatchObject({ up: plain.up, row: plain.row, failing: plain.failing })
      }),
    )
  })

  it('waits until its first good answer', () => {
    expect(told('-?').untried).toBe(true)
    expect(told('-+').untried).toBe(false)
    expect(told('---').untried).toBe(false)
  })

  it('keeps the weight that a script named last, over failures too', () => {
    const named = judge(startUp(), TIMING, { ...GOOD, weight: 7 })
    expect(named.weight).toBe(7)
    expect(told('-', named).weight).toBe(7)
  })

  it('knows a failure better afterwards, but only a failure', () => {
    const better = { good: false, took: 1, reason: 'vip-missing', detail: 'no VIP' } as const
    expect(refine(told('---'), better)).toMatchObject({
      up: false,
      row: 3,
      fault: { reason: 'vip-missing' },
    })
    const good = told('+')
    expect(refine(good, better)).toBe(good)
  })
})

describe('the next question', () => {
  const due = (state: CheckState, timing: CheckTiming, now = 0, random = EVEN) =>
    nextDue(state, timing, 0, now, random)

  it('starts one interval after the start of the last, not after its answer', () => {
    expect(due(told('+'), TIMING, 700)).toEqual({ nominal: 2000, at: 2000 })
  })

  it('leaves out starts that are past', () => {
    expect(due(told('+'), TIMING, 2000).nominal).toBe(2000)
    expect(due(told('+'), TIMING, 2001).nominal).toBe(4000)
    expect(due(told('+'), TIMING, 9000).nominal).toBe(10_000)
  })

  it('comes sooner after a failure that is not the last, counted from the failure', () => {
    const timing = { ...TIMING, retryInterval: 0.5 }
    expect(due(told('-'), timing, 1000).at).toBe(1500)
    expect(due(told('--'), timing, 1000).at).toBe(1500)
    expect(due(told('---'), timing, 1000).at).toBe(2000)
    expect(due(told('-+'), timing, 1000).at).toBe(2000)
    expect(due(told('-?'), timing, 1000).at).toBe(2000)
  })

  it('comes later and later while it is down, up to a limit, and at the interval once it answers', () => {
    const timing = { ...TIMING, backOff: 10 }
    const pauses = ['---', '----', '-----', '------', '-'.repeat(5000), '------+'].map(
      (text) => due(told(text), timing).at / 1000,
    )
    expect(pauses).toEqual([2, 4, 8, 10, 10, 2])
    expect(due(told('-----'), TIMING).at).toBe(2000)
    expect(due(told('-----'), { ...TIMING, backOff: 1 }).at).toBe(2000)
  })

  it('is never before now, never far from its interval, and does not drift', () => {
    fc.assert(
      fc.property(timingArb, fc.array(randomArb, { minLength: 1, maxLength: 200 }), (timing, randoms) => {
        let asked = 0
        let now = 0
        const ms = timing.interval * 1000
        for (const [i, random] of randoms.entries()) {
          const next = nextDue(told('+'), timing, asked, now, random)
          expect(next.at).toBeGreaterThanOrEqual(now)
          expect(Math.abs(next.at - (i + 1) * ms)).toBeLessThanOrEqual(ms * JITTER + 1e-3)
          asked = next.nominal
          now = next.at
        }
      }),
    )
  })

  it('is first asked within the warm-up, or within one interval', () => {
    expect(firstDue(TIMING, 100, 0).at).toBe(100)
    expect(firstDue(TIMING, 100, 0.75).at).toBe(1600)
    expect(firstDue({ ...TIMING, warmup: 10 }, 100, 0.5).at).toBe(5100)
    expect(firstDue({ ...TIMING, warmup: 0 }, 100, 0.9).at).toBe(100)
  })
})
