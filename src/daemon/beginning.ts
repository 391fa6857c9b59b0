// SPDX-License-Identifier: Apache-2.0
// The first change: from nothing to what the file says and what was kept of requests, with what the operator should know.
import type { Change } from '../api/contract.js'
import type { Datapath } from '../datapath/types.js'
import { consoleNotices } from '../model/console.js'
import { succeed } from '../model/describe.js'
import { healthNotices } from '../model/health-notices.js'
import { DEFAULT_TIMEOUTS, DEFAULT_TUNABLES, type Desired, type Outcome } from '../model/types.js'
import type { Engine } from './engine.js'
import { limitNotices } from './source.js'
import { NOTHING_OBSERVED, type Observed, type Runtime } from './store.js'
import { storeRestore } from './store-reload.js'

interface World {
  readonly datapath: Datapath
  /** ms since the epoch */
  readonly now: () => number
}

export async function beginning(
  { datapath, now }: World,
  engine: Engine,
  base: Desired,
  runtime: Runtime,
): Promise<Outcome<Change>> {
  const fitted = { ...base, limits: datapath.limits }
  const change = await firstChange(engine, fitted, runtime, { ...NOTHING_OBSERVED, now: now() })
  return withNotices(change, noticesOf(base, datapath))
}

/** An interface that was attached by request and is gone must not keep the file's services from starting. */
async function firstChange(
  engine: Engine,
  base: Desired,
  runtime: Runtime,
  observed: Observed,
): Promise<Outcome<Change>> {
  const restore = (kept: Runtime) =>
    engine.change(() => succeed(storeRestore(base, kept, observed)), { always: true })
  const change = await restore(runtime)
  if (change.ok || runtime.interfaces.length === 0) return change
  const without = await restore({ ...runtime, interfaces: [] })
  if (!without.ok) return change
  const names = runtime.interfaces.map(({ name }) => name).join(', ')
  const why = change.problems.map(({ reason }) => reason).join('; ')
  return withNotices(without, [`${names}, attached at run time, could not be attached again: ${why}`])
}

function noticesOf(base: Desired, datapath: Datapath): readonly string[] {
  return [...limitNotices(base.limits, datapath.limits), ...healthNotices(base), ...consoleNotices(base)]
}

function withNotices(change: Outcome<Change>, notices: readonly string[]): Outcome<Change> {
  if (!change.ok) return change
  return succeed({ ...change.value, notices: [...change.value.notices, ...notices] })
}

/** Before the first word. */
export function nothing({ limits }: Datapath): Desired {
  return {
    interfaces: [],
    services: [],
    marks: [],
    peers: [],
    timeouts: DEFAULT_TIMEOUTS,
    tunables: DEFAULT_TUNABLES,
    limits,
  }
}
