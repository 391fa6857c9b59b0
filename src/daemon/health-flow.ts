// SPDX-License-Identifier: Apache-2.0
// What the checks say on its way into the store: one change at a time, whatever came meanwhile together in the next.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Health } from '../model/checks.js'
import { formatProblems } from '../model/describe.js'
import type { RealKey } from '../model/types.js'
import type { Engine } from './engine.js'
import { movesWeights, storeHealth } from './store-health.js'

type Healths = ReadonlyMap<RealKey, Health>

export interface Flow {
  take(changes: Healths): void
  /** takes no more */
  end(): void
}

const AGAIN_MS = 1_000

export function createFlow(engine: () => Engine, log: (line: string) => void): Flow {
  let waiting = new Map<RealKey, Health>()
  let busy = false
  let ended = false
  const run = async () => {
    busy = true
    for (let said = ''; waiting.size > 0 && !ended; ) {
      const batch = waiting
      waiting = new Map()
      const problem = await carry(engine(), batch)
      if (problem !== undefined && problem !== said && !ended)
        log(`what health checks say cannot be carried out: ${problem}`)
      said = problem ?? ''
      if (problem === undefined) continue
      waiting = new Map([...batch, ...waiting])
      await sleep(AGAIN_MS, undefined, { ref: false })
    }
    busy = false
  }
  return {
    take: (changes) => {
      for (const [key, health] of changes) waiting.set(key, health)
      if (!busy) void run()
    },
    end: () => {
      ended = true
    },
  }
}

/** News that moves no packet is only noted. Undefined: done. */
async function carry(engine: Engine, batch: Healths): Promise<string | undefined> {
  try {
    const moves = movesWeights(engine.store(), batch)
    const edit = (store: Parameters<typeof storeHealth>[0]) => storeHealth(store, batch)
    const outcome = await (moves ? engine.change(edit, { observed: true }) : engine.remember(edit))
    return outcome.ok ? undefined : formatProblems(outcome.problems)
  } catch (error) {
    return (error as Error).message
  }
}
