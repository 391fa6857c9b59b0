// SPDX-License-Identifier: Apache-2.0
// Drains as they are seen and as they end: a row for each drained real server, and the change at a deadline.
import type { DrainRow, Filter } from '../api/contract.js'
import type { RealSnapshot, Snapshot } from '../datapath/types.js'
import type { Happening } from '../events/feed.js'
import { formatProblems } from '../model/describe.js'
import { realKey, realText } from '../model/keys.js'
import type { Drain, RealKey } from '../model/types.js'
import { drainOf, stageOf } from '../plan/effective.js'
import { capped } from './chronicle.js'
import { drainedBy } from './drained.js'
import type { Engine } from './engine.js'
import { desiredOf, type Store } from './store.js'
import { overdue, storeDeadlines } from './store-drains.js'
import { realKeyOf } from './zero.js'

export const DEADLINE_MS = 500

const NOTHING = { active: 0, inactive: 0, persistent: 0 }

/** Where a drain of all services and one of a single service meet, the narrower one rules. */
export function drainRows(store: Store, snapshot: Snapshot, filter: Filter = {}): readonly DrainRow[] {
  const { drains } = store.runtime
  if (drains.length === 0) return []
  const { services } = desiredOf(store)
  const counts = countsIn(snapshot)
  return drains.flatMap((drain) =>
    drainedBy(drain, services).flatMap(({ key, service, real }): readonly DrainRow[] => {
      if (drainOf(drains, key, real) !== drain) return []
      if (filter.service !== undefined && filter.service !== key) return []
      if (filter.real !== undefined && filter.real !== real.address) return []
      const name = realKey(service, real)
      const { active, inactive, persistent } = counts.get(name) ?? NOTHING
      return [{ ...termsOf(drain, store), service: key, real: name, active, inactive, persistent }]
    }),
  )
}

function termsOf(drain: Drain, { observed }: Store) {
  const { address, service, since, deadline, end } = drain
  return {
    address,
    everywhere: service === undefined,
    since,
    ...(deadline === undefined ? {} : { deadline }),
    end,
    stage: stageOf(drain, observed.now) ?? 'soft',
  }
}

function countsIn({ services }: Snapshot): ReadonlyMap<RealKey, RealSnapshot> {
  return new Map(
    services.flatMap((service) => service.reals.map((real) => [realKeyOf(service, real), real] as const)),
  )
}

export interface DeadlineWorld {
  readonly engine: () => Engine
  readonly snapshot: () => Snapshot
  /** ms since the epoch */
  readonly now: () => number
  readonly tell: (event: Happening) => void
}

/** Ends the drains whose deadline has come; says what became of what was left. */
export async function endDrains({ engine, snapshot, now, tell }: DeadlineWorld): Promise<void> {
  const moment = now()
  const due = overdue(engine().store(), moment)
  if (due.length === 0) return
  const rows = drainRows(engine().store(), snapshot())
  const outcome = await engine().change((store) => storeDeadlines(store, moment), {
    always: true,
    observed: true,
  })
  if (!outcome.ok) throw new Error(formatProblems(outcome.problems))
  for (const event of capped(due.flatMap((drain) => over(drain, rows)))) tell(event)
}

/** One for each service in which it was drained. */
function over(drain: Drain, rows: readonly DrainRow[]): readonly Happening[] {
  return rows
    .filter(({ address, service }) => address === drain.address && (drain.service ?? service) === service)
    .map(({ service, real, active, inactive }): Happening => {
      const left = active + inactive
      const fate = drain.end === 'reset' ? 'reset' : 'sent to other real servers'
      const reason = left === 0 ? 'it was empty' : `connections left, now ${fate}: ${left}`
      const text = `drain of real server ${realText(drain)} of ${service} is over: ${reason}`
      const severity = left === 0 ? 'notice' : 'warning'
      return { kind: 'drain', severity, service, real, from: 'drained', to: 'over', reason, text }
    })
}
