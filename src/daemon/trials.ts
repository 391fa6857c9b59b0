// SPDX-License-Identifier: Apache-2.0
// Changes whose end is open, one on top of the other, and the state file that is kept as if they had not been made: a
// daemon that is started again has what its file says, and the requests that belong to it.
import type { Change } from '../api/contract.js'
import { succeed } from '../model/describe.js'
import type { Outcome } from '../model/types.js'
import type { ChangeOptions, Engine } from './engine.js'
import type { StateFile } from './state.js'
import type { Edited, Runtime, Store } from './store.js'
import { aside, type Trial, withdraw } from './trial.js'

/** An edit, and what is open once it is made. */
export interface Made extends Edited {
  readonly trials: readonly Trial[]
}

export interface Trials {
  open(): readonly Trial[]
  /** what the engine writes to */
  readonly state: StateFile
  /** A change of what is open; refused, it leaves that as it was. */
  change(
    make: (store: Store, open: readonly Trial[]) => Outcome<Made>,
    options?: ChangeOptions,
  ): Promise<Outcome<Change>>
}

export function createTrials(state: StateFile, engine: () => Engine): Trials {
  let open: readonly Trial[] = []
  const change: Trials['change'] = async (make, options = {}) => {
    const held = open
    const edit = (store: Store) => {
      const made = make(store, held)
      if (made.ok) open = made.value.trials
      return made
    }
    const outcome = await engine().change(edit, { ...options, keep: true })
    if (outcome.ok || open === held) return outcome
    open = held
    await engine().change((store) => succeed({ store, notices: [] }), { keep: true })
    return outcome
  }
  return {
    open: () => open,
    state: { read: state.read, write: (runtime) => state.write(asideAll(open, runtime)) },
    change,
  }
}

/** The store as it is without all that is open. */
export function withdrawAll(open: readonly Trial[], store: Store): Store {
  return open.reduceRight((now, trial) => withdraw(trial, now).store, store)
}

function asideAll(open: readonly Trial[], runtime: Runtime): Runtime {
  return open.reduceRight((now, trial) => aside(trial, now), runtime)
}
