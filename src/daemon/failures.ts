// SPDX-License-Identifier: Apache-2.0
// Counts the questions that failed, of each real server.
import { isThroughVip } from '../health/target.js'
import type { AskNames, AskWorld, Way } from '../health/types.js'
import type { Answer, Check } from '../model/checks.js'
import { realKey, splitServiceKey } from '../model/keys.js'
import type { RealKey } from '../model/types.js'

type AnyAsk = (check: Check, way: Way, world: AskWorld) => Promise<Answer>

export interface Failures {
  readonly ask: AnyAsk
  counts(): ReadonlyMap<RealKey, number>
  /** the others are checked no longer */
  keep(keys: ReadonlySet<RealKey>): void
}

export function createFailures(ask: AnyAsk): Failures {
  let counts = new Map<RealKey, number>()
  return {
    ask: async (check, way, world) => {
      const answer = await ask(check, way, world)
      if (!answer.good && !isSecondLook(check, way, world.names)) {
        const key = keyOf(world.names)
        counts.set(key, (counts.get(key) ?? 0) + 1)
      }
      return answer
    },
    counts: () => counts,
    keep: (keys) => {
      counts = new Map([...keys].map((key) => [key, counts.get(key) ?? 0]))
    },
  }
}

/** Asked at its own address only to see whether the VIP is missing there: the failure has been counted. */
function isSecondLook(check: Check, way: Way, names: AskNames): boolean {
  return isThroughVip(check, names) && way.mark === undefined
}

/** A port belongs to the name in services of a mark only. */
function keyOf({ service, real, port }: AskNames): RealKey {
  return realKey(service, splitServiceKey(service)?.mark === undefined ? real : { address: real, port })
}
