// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEFAULT_PASSIVE, type PassivePolicy } from '../../../../src/model/checks.js'
import {
  type Counts,
  isOut,
  look,
  outFrom,
  readmit,
  type Watch,
  type Watchable,
} from '../../../../src/plan/health/passive.js'
import { type Event, type Story, TICK, tell } from './clients.js'

const POLICY: PassivePolicy = DEFAULT_PASSIVE

function some(count: number, policy: PassivePolicy | undefined = POLICY): readonly Watchable[] {
  return Array.from({ length: count }, (_, i) => ({ key: `r${i}`, policy, serves: true }))
}

/** Evenly spread, the same in every run. */
function chance(seed: number): () => number {
  let state = seed >>> 0 || 1
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const story: Story = {
  reals: some(4),
  rate: 100,
  rtt: 30,
  length: 20_000,
  answers: () => true,
  random: chance(1),
}
const outs = (events: readonly Event[]) => events.filter(({ is }) => is === 'out')
const storyArb = fc.record({
  rate: fc.double({ min: 20, max: 500, noNaN: true }),
  rtt: fc.integer({ min: 1, max: 300 }),
  count: fc.integer({ min: 2, max: 6 }),
  random: fc.integer({ min: 1 }).map(chance),
})

describe('a real server that swallows connections', () => {
  it('is taken out about a second after clients first send their SYN again, and only it', () => {
    fc.assert(
      fc.property(storyArb, ({ rate, rtt, count, random }) => {
        const answers = (key: string, at: number) => key !== 'r0' || at < 5000
        const given = { ...story, rate: rate * count, rtt, random, reals: some(count), length: 9000 }
        const events = outs(tell({ ...given, answers }))
        expect(events.map(({ key }) => key)).toEqual(['r0'])
        expect(events[0]?.at).toBeGreaterThan(6000)
        expect(events[0]?.at).toBeLessThanOrEqual(7000 + rtt + 2 * TICK)
      }),
      { numRuns: 60 },
    )
  })

  it('is tried again after a pause that doubles up to the most', () => {
    const answers = (key: string) => key !== 'r0'
    const events = tell({ ...story, answers, length: 1_000_000, random: chance(7) })
    const pauses = events.flatMap(({ is, at }, i) => (is === 'in' ? at - (events[i - 1]?.at ?? 0) : []))
    expect(pauses.slice(0, 8)).toEqual([5, 10, 20, 40, 80, 160, 300, 300].map((s) => s * 1000))
    expect(new Set(events.map(({ key }) => key))).toEqual(new Set(['r0']))
  })

  it('that recovered is let in, stays, and has its first pause the next time', () => {
    const answers = (key: string, at: number) => key !== 'r0' || (at > 15_000 && at < 60_000)
    const events = tell({ ...story, answers, length: 80_000, random: chance(3) })
    const back = events.filter(({ at, is }) => is === 'in' && at < 60_000).at(-1)
    const again = outs(events).find(({ at }) => at > 60_000)
    const after = events.find(({ at, is }) => is === 'in' && at > (again?.at ?? Number.POSITIVE_INFINITY))
    expect(back?.at).toBeGreaterThan(15_000)
    expect(outs(events).filter(({ at }) => at > 30_000 && at < 60_000)).toEqual([])
    expect((after?.at ?? 0) - (again?.at ?? 0)).toBe(5000)
  })

  it('is noticed with few clients too, only later', () => {
    const answers = (key: string, at: number) => key !== 'r0' || at < 5000
    const given = { ...story, reals: some(2), rate: 4, answers, length: 60_000 }
    expect(outs(tell(given))[0]).toMatchObject({ key: 'r0' })
  })
})

describe('nobody is taken out', () => {
  const none = (given: Partial<Story>) => expect(tell({ ...story, ...given })).toEqual([])

  it('while all answer', () => none({}))

  it('because the path loses packets', () => {
    const random = chance(5)
    none({ answers: () => random() > 0.3, rate: 400, length: 60_000 })
  })

  it('when nothing comes back from any: the fault is not the servers’', () => {
    fc.assert(
      fc.property(storyArb, fc.integer({ min: 100, max: 20_000 }), ({ rate, rtt, count, random }, gap) => {
        const answers = (_: string, at: number) => at < 5000 || at > 5000 + gap
        const given = { rate: rate * count, rtt, random, reals: some(count), length: 30_000 }
        expect(tell({ ...story, ...given, answers })).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  it('by a flood from addresses that do not exist', () => {
    const flood = new Map<string, Counts>([['r1', { retries: 0, handshakes: 2 }]])
    let watch: Watch = new Map()
    for (let now = 0; now < 60_000; now += TICK) watch = look(watch, some(4), flood, now)
    expect(some(4).some(({ key }) => isOut(watch.get(key)))).toBe(false)
  })

  it('where it is switched off, or for one server alone', () => {
    const answers = (key: string) => key !== 'r0'
    const off = some(4).map(({ key, serves }) => ({ key, serves }))
    none({ answers, reals: off })
    none({ answers, reals: some(4).map((real) => (real.key === 'r0' ? { key: 'r0', serves: true } : real)) })
  })

  it('when it is the only one that serves', () => {
    const answers = (key: string) => key !== 'r0'
    none({ answers, reals: some(1), rate: 20 })
    none({ answers, reals: some(3).map((real) => ({ ...real, serves: real.key === 'r0' })) })
  })
})

describe('who sends SYNs again on purpose', () => {
  /** retries on all but the last, whose clients finish handshakes; each look */
  const attack = (count: number): ReadonlyMap<string, Counts> =>
    new Map(
      some(count).map(({ key }, i) => [
        key,
        i === count - 1 ? { retries: 50, handshakes: 1 } : { retries: 50 - i, handshakes: 0 },
      ]),
    )

  it('costs a service half of its real servers at most, the strongest signs first', () => {
    for (const count of [1, 2, 3, 4, 5, 8]) {
      let watch: Watch = new Map()
      for (let now = 0; now < 3000; now += TICK) watch = look(watch, some(count), attack(count), now)
      const out = some(count).filter(({ key }) => isOut(watch.get(key)))
      expect(out.map(({ key }) => key)).toEqual(
        some(count)
          .slice(0, Math.floor(count / 2))
          .map(({ key }) => key),
      )
    }
  })

  it('gets nowhere where clients finish handshakes', () => {
    const busy = new Map(some(4).map(({ key }) => [key, { retries: 1000, handshakes: 1 }]))
    let watch: Watch = new Map()
    for (let now = 0; now < 10_000; now += TICK) watch = look(watch, some(4), busy, now)
    expect(some(4).some(({ key }) => isOut(watch.get(key)))).toBe(false)
  })

  it('never takes out more than half of what serves, whatever is counted and who else goes down', () => {
    const countArb = fc.record({ retries: fc.nat(20), handshakes: fc.constantFrom(0, 0, 0, 1) })
    const tickArb = fc.array(fc.tuple(countArb, fc.boolean()), { minLength: 6, maxLength: 6 })
    fc.assert(
      fc.property(fc.array(tickArb, { maxLength: 60 }), (ticks) => {
        let watch: Watch = new Map()
        for (const [i, tick] of ticks.entries()) {
          const reals = some(6).map((real, j) => ({ ...real, serves: tick[j]?.[1] ?? true }))
          const counts = new Map(
            reals.map(({ key }, j) => [key, tick[j]?.[0] ?? { retries: 0, handshakes: 0 }]),
          )
          const before = watch
          watch = look(watch, reals, counts, i * TICK)
          const newly = reals.filter(({ key }) => isOut(watch.get(key)) && !isOut(before.get(key)))
          const serving = reals.filter(({ serves }) => serves)
          const out = serving.filter(({ key }) => isOut(watch.get(key)))
          if (newly.length > 0) expect(out.length).toBeLessThanOrEqual(serving.length / 2)
          expect(newly.every(({ serves }) => serves)).toBe(true)
        }
      }),
    )
  })
})

describe('what is known of a real server', () => {
  const bad = new Map([
    ['r0', { retries: 5, handshakes: 0 }],
    ['r1', { retries: 0, handshakes: 5 }],
  ])
  /** a second of it, that ends at `now` */
  const seen = (from: Watch = new Map(), now = 0) =>
    [1000, 800, 600, 400, 200, 0].reduce((watch, ago) => look(watch, some(2), bad, now - ago), from)

  it('is forgotten with it, and with the policy', () => {
    expect(isOut(seen().get('r0'))).toBe(true)
    expect(look(seen(), some(2).slice(1), bad, 200).has('r0')).toBe(false)
    const off = [{ key: 'r0', serves: true }, ...some(2).slice(1)]
    expect(isOut(look(seen(), off, new Map(), 200).get('r0'))).toBe(false)
  })

  it('outlasts a restart: out for its first pause, then tried', () => {
    const out = outFrom(POLICY, 1000)
    expect(isOut(readmit(out, 5999))).toBe(true)
    expect(readmit(out, 6000)).toMatchObject({ trial: { pause: 5, backAt: 6000 } })
    const again = seen(new Map([['r0', out]]), 7000).get('r0')
    expect(again?.out?.pause).toBe(10)
  })

  it('of a pause ago is forgotten when nobody came for long', () => {
    const quiet = look(new Map([['r0', outFrom(POLICY, 0)]]), some(2), new Map(), 5000)
    expect(seen(quiet, 7000 + POLICY.most * 1000).get('r0')?.out?.pause).toBe(5)
    expect(seen(quiet, 4000 + POLICY.most * 1000).get('r0')?.out?.pause).toBe(10)
  })

  it('ends early for nobody: a handshake while it is out shortens the next pause only', () => {
    const finished = new Map([['r0', { retries: 0, handshakes: 1 }]])
    const before = seen().get('r0')?.out
    expect(before?.pause).toBe(5)
    expect(look(seen(), some(2), finished, 200).get('r0')?.out).toEqual(before)
  })
})
