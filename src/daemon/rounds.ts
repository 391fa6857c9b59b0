// SPDX-License-Identifier: Apache-2.0
// What the daemon does again and again: sweep the tables in slices, bring back what fell out of step, estimate, defend.
import { Limit } from '../abi/generated.js'
import type { Snapshot } from '../datapath/types.js'

export interface Rounds {
  stop(): void
}

export interface Round {
  /** 'sweeping the tables' */
  readonly what: string
  /** ms */
  readonly every: number
  readonly act: () => unknown
}

export const SWEEP_MS = 250
/** Slices that make a full round over all tables: one in four seconds. */
export const SLICES = 16
/** As IPVS looks through its trash. */
export const TEND_MS = 60_000
/** How often reasons are looked at, to know what is usual. */
export const LOOK_MS = 1_000
/** How often maps and interfaces are compared with what they were made. */
export const MEND_MS = 2_000
/** As IPVS looks at its memory. */
export const DEFENCE_MS = 1_000

export function startRounds(rounds: readonly Round[], log: (line: string) => void): Rounds {
  const timers = rounds.map(({ what, every, act }) => setInterval(guarded(what, log, act), every))
  return { stop: () => timers.forEach(clearInterval) }
}

export function setsPerSlice({ conn4, conn6, template }: Snapshot['tables']): number {
  const sets =
    conn4.capacity / Limit.CONN4_WAYS +
    conn6.capacity / Limit.CONN6_WAYS +
    template.capacity / Limit.TEMPLATE_WAYS
  return Math.max(1, Math.ceil(sets / SLICES))
}

/** A round that fails is reported once until it succeeds again or fails otherwise. */
function guarded(what: string, log: (line: string) => void, act: () => unknown): () => Promise<void> {
  let last = ''
  const failed = ({ message }: Error) => {
    if (message !== last) log(`${what} failed: ${message}`)
    last = message
  }
  return async () => {
    try {
      await act()
      last = ''
    } catch (error) {
      failed(error as Error)
    }
  }
}
