// SPDX-License-Identifier: Apache-2.0
// Looking back shows what was written down: at every moment of any history, over segments, restarts and torn ends.
import { appendFileSync, readdirSync, readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { changed, changeOf, type Facts } from '../../../src/events/facts.js'
import { factsAt } from '../../../src/events/past.js'
import { firstFacts, replay } from '../../../src/events/replay.js'
import { happening, rigged } from './given.js'

/** bytes: segments of two thousand */
const SMALL = 16_384
const key = fc.constantFrom('tcp 192.0.2.10:80', 'tcp 192.0.2.10:80 > 192.0.2.21', '7', '__proto__', 'é', 'b')
const row = fc
  .record({ weight: fc.nat(9), why: fc.string({ unit: 'grapheme', maxLength: 40 }) })
  .map((value) => JSON.stringify(value))
const facts = fc.array(fc.tuple(key, row), { maxLength: 6 }).map((rows): Facts => new Map(rows))

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ what: fc.constant('stands' as const), facts }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('event' as const), length: fc.nat(900) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('restart' as const), torn: fc.nat(400) }) },
)
const history = fc.array(fc.tuple(fc.nat(3), step), { minLength: 1, maxLength: 80, size: 'max' })

it('a change makes the later facts of the earlier, order and all', () => {
  fc.assert(
    fc.property(facts, facts, (before, after) => {
      const change = changeOf(before, after)
      const made = change === 'whole' ? after : change === undefined ? before : changed(before, change)
      expect([...made]).toEqual([...after])
    }),
  )
})

it('what is shown of a moment is how things stood then', async () => {
  let [segments, befores] = [0, 0]
  await fc.assert(
    fc.asyncProperty(history, async (steps) => {
      const rig = rigged()
      try {
        let journal = rig.open(SMALL)
        const known: { at: number; facts: Facts }[] = []
        for (const [ms, one] of steps) {
          rig.now += ms
          if (one.what === 'event') journal.tell(happening('x'.repeat(one.length)))
          else if (one.what === 'stands') {
            journal.stands(one.facts)
            known.push({ at: rig.now, facts: one.facts })
          } else {
            const last = join(rig.dir, readdirSync(rig.dir).toSorted().at(-1) ?? '')
            appendFileSync(last, '{"at":9999999,"set":[["b",{"weight"'.slice(0, one.torn))
            journal = rig.open(SMALL)
          }
        }
        segments = Math.max(segments, journal.segments.length)
        for (let at = 999; at <= rig.now + 1; at++) {
          const expected = known.findLast((moment) => moment.at <= at)
          const found = await factsAt(journal, at)
          if (found.found === 'facts') expect([...found.facts]).toEqual([...(expected?.facts ?? [])])
          else {
            expect(found.found).toBe('before')
            const oldest = found.found === 'before' ? found.oldest : undefined
            expect(oldest ?? Number.POSITIVE_INFINITY).toBeGreaterThan(at)
            if (expected) befores++
          }
        }
      } finally {
        rig.done()
      }
    }),
    { numRuns: 25, seed: 20 },
  )
  expect(segments).toBeGreaterThan(3)
  expect(befores).toBeGreaterThan(0)
})

it('a log cut anywhere shows how things stood at its last whole line', () => {
  const rig = rigged()
  try {
    const journal = rig.open()
    const told: Facts[] = []
    for (let i = 0; i < 12; i++) {
      rig.now = 1_000 + i
      told.push(
        new Map([
          [`k${i % 3}`, `{"n":${i}}`],
          ['same', '1'],
        ]),
      )
      journal.stands(told[i] as Facts)
      journal.tell(happening(`é ${i}`))
    }
    const path = join(rig.dir, readdirSync(rig.dir)[0] ?? '')
    const whole = readFileSync(path)
    for (let cut = whole.length; cut > 200; cut -= 7) {
      truncateSync(path, cut)
      const lines = whole.subarray(0, cut).toString('utf8').split('\n').slice(0, -1)
      const { facts: shown, damaged } = replay(lines)
      const count = lines.filter((line) => /"facts"|"set"/.test(line)).length
      expect(damaged).toBe(0)
      expect(shown && [...shown]).toEqual(count === 0 ? undefined : [...(told[count - 1] ?? [])])
      expect(firstFacts(lines)).toBe(1_000)
    }
  } finally {
    rig.done()
  }
})

it('behind a damaged change nothing is claimed until all is written again', () => {
  const lines = [
    '{"at":1,"next":1,"facts":[["a",1]]}',
    '{"at":2,"set":[["a",2',
    '{"at":3,"set":[["b",1]],"gone":[]}',
  ]
  expect(replay(lines, 1).facts).toEqual(new Map([['a', '1']]))
  expect(replay(lines, 3)).toEqual({ facts: undefined, damaged: 1, toEnd: true })
  expect(replay([...lines, '{"at":4,"facts":[["c",1]]}']).facts).toEqual(new Map([['c', '1']]))
})

it('a clock that goes back shows the later of two states of one moment', () => {
  const lines = [
    '{"at":5,"next":1,"facts":[["a",1]]}',
    '{"at":9,"set":[["a",2]],"gone":[]}',
    '{"at":6,"set":[["a",3]],"gone":[]}',
  ]
  expect(replay(lines, 5).facts?.get('a')).toBe('1')
  expect(replay(lines, 7).facts?.get('a')).toBe('3')
})
