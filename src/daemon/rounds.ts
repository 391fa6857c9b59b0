// SPDX-License-Identifier: Apache-2.0
// What the daemon does again and again: sweep the tables in slices, bring back what fell out of step.
import type { Datapath, Snapshot } from '../datapath/types.js'

export interface Rounds {
  stop(): void
}

const SWEEP_MS = 250
/** Slices that make a full round over all tables: one in four seconds. */
const SLICES = 16
/** As IPVS looks through its trash. */
const TEND_MS = 60_000

export function startRounds(
  datapath: Datapath,
  tables: Snapshot['tables'],
  tend: () => Promise<void>,
  log: (line: string) => void,
): Rounds {
  const sets = setsPerSlice(tables)
  const sweep = guarded('sweeping the tables', log, () => void datapath.sweep({ sets }))
  const timers = [
    setInterval(sweep, SWEEP_MS),
    setInterval(() => void tend().catch(guarded('reconciling', log, rethrow)), TEND_MS),
  ]
  return { stop: () => timers.forEach(clearInterval) }
}

/** IPv4 sets hold four connections, IPv6 sets and template sets two entries each. */
export function setsPerSlice({ conn4, conn6, template }: Snapshot['tables']): number {
  return Math.max(1, Math.ceil((conn4.capacity / 4 + conn6.capacity / 2 + template.capacity / 2) / SLICES))
}

/** A round that fails is reported once until it succeeds again or fails otherwise. */
function guarded<Args extends readonly unknown[]>(
  what: string,
  log: (line: string) => void,
  act: (...args: Args) => void,
): (...args: Args) => void {
  let last = ''
  return (...args) => {
    try {
      act(...args)
      last = ''
    } catch (error) {
      const { message } = error as Error
      if (message !== last) log(`${what} failed: ${message}`)
      last = message
    }
  }
}

function rethrow(error: unknown): never {
  throw error
}
