// SPDX-License-Identifier: Apache-2.0
// Scenarios that nobody thought of: services of every kind and scheduler, packets of every sort, and changes in
// mid-flow. A seed gives the same ones again. Left out is what time or an old kernel would decide: sleeps, thresholds.
import fc from 'fast-check'
import { parseScenario } from '../read.js'
import type { Scenario } from '../scenario.js'
import { World } from './invented-world.js'

const KINDS = {
  burst: 8,
  segments: 10,
  error: 1,
  weight: 4,
  add: 3,
  remove: 3,
  edit: 2,
  refused: 1,
  tune: 2,
  look: 1,
  withdraw: 1,
} as const
export type Kind = keyof typeof KINDS

/** What happens next; the numbers choose among what there is at that moment. */
export interface Event {
  readonly kind: Kind
  readonly dice: readonly number[]
}

const dice = fc.array(fc.nat(), { minLength: 10, maxLength: 10 })
const kind = fc.oneof(
  ...Object.entries(KINDS).map(([name, weight]) => ({ arbitrary: fc.constant(name as Kind), weight })),
)
const event: fc.Arbitrary<Event> = fc.record({ kind, dice })
const story = fc.record({
  opening: dice,
  events: fc.array(event, { minLength: 10, maxLength: 30, size: 'max' }),
})

export function invent(seed: number, count: number): readonly Scenario[] {
  return fc.sample(story, { seed, numRuns: count }).map(({ opening, events }, i) => {
    const world = new World(opening)
    for (const each of events) world.happen(each)
    const written = { name: `seed-${seed}-${i}`, about: 'invented', nrs: 6, steps: world.told() }
    return parseScenario(JSON.stringify(written), written.name)
  })
}
