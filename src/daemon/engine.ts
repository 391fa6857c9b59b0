// SPDX-License-Identifier: Apache-2.0
// The one owner of the store and the one writer of the datapath. Changes run one after the other; each is carried
// out completely or leaves everything as it was.
import type { Change } from '../api/contract.js'
import { PERMISSION_FIX } from '../api/places.js'
import type { Datapath } from '../datapath/types.js'
import { fail, formatProblems, succeed } from '../model/describe.js'
import type { Outcome } from '../model/types.js'
import { validateDesired } from '../model/validate.js'
import { type Carried, carryOut, type Outside, reconcile } from './carry.js'
import type { StateFile } from './state.js'
import { desiredOf, type Edited, effectiveOf, type Store } from './store.js'

export interface EngineWorld extends Outside {
  readonly datapath: Datapath
  readonly state: StateFile
  /** seconds of a clock that only goes forward */
  readonly clock: () => number
  /** one line for the operator of the daemon */
  readonly log: (line: string) => void
  /** after every change that reached the maps */
  readonly onChange: (generation: number, seconds: number) => void
}

export type Edit = (store: Store) => Outcome<Edited> | Promise<Outcome<Edited>>

export interface ChangeOptions {
  /** new real servers must be reachable */
  readonly reachable?: boolean
  /** carry out even when the edit changes nothing */
  readonly always?: boolean
}

export interface Engine {
  store(): Store
  generation(): number
  change(edit: Edit, options?: ChangeOptions): Promise<Outcome<Change>>
  /** Brings maps and interfaces back to what they should be, and frees what nothing needs any more. */
  tend(): Promise<void>
  /** What is under way is finished; what comes later is refused. */
  end(): Promise<void>
}

export function createEngine(world: EngineWorld, first: Store): Engine {
  let store = first
  let generation = 0
  let ending = false
  const inTurn = queue()
  const commit = async (edit: Edit, options: ChangeOptions): Promise<Outcome<Change>> => {
    if (ending) return fail({ reason: 'the daemon is ending', fix: 'start it again with: xlvs run -c FILE' })
    const started = world.clock()
    const edited = await edit(store)
    if (!edited.ok) return edited
    const { store: next, notices } = edited.value
    const changed = !same(next, store)
    if (!changed && !options.always) return succeed({ changed, generation, notices })
    const carried = await attempt(world, store, next, options)
    if (!carried.ok) return carried
    store = next
    generation += 1
    world.onChange(generation, world.clock() - started)
    return succeed({ changed, generation, notices: [...notices, ...carried.value.notices] })
  }
  return {
    store: () => store,
    generation: () => generation,
    change: (edit, options = {}) => inTurn(() => commit(edit, options)),
    tend: () =>
      inTurn(async () => {
        if (ending) return
        const tended = await reconcile(world, effectiveOf(store))
        if (!tended.ok) world.log(formatProblems(tended.problems))
      }),
    end: () => {
      ending = true
      return inTurn(async () => undefined)
    },
  }
}

async function attempt(
  world: EngineWorld,
  from: Store,
  to: Store,
  options: ChangeOptions,
): Promise<Outcome<Carried>> {
  const problems = validateDesired(desiredOf(to))
  if (problems.length > 0) return { ok: false, problems }
  const effective = effectiveOf(to)
  const keep = async (store: Store) => world.state.write(store.runtime)
  const kept = same(from.runtime, to.runtime) ? succeed(undefined) : await keep(to)
  if (!kept.ok) return kept
  const carried = await carryOut(world, effective, options.reachable ?? false).catch(kernelRefused)
  if (carried.ok) return carried
  if (!same(from.runtime, to.runtime)) await keep(from)
  return carried
}

/** A system call that failed half-way: every step left is one that packets may see; the next round mends the rest. */
function kernelRefused(error: unknown): Outcome<never> {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EPERM' || code === 'EACCES')
    return fail({
      reason: `no permission: ${message}`,
      fix: PERMISSION_FIX,
    })
  return fail({ reason: `the kernel refused: ${message}`, fix: 'see: xlvs show diff' })
}

/** Jobs one after the other; a job that throws does not stop the next. */
function queue() {
  let tail: Promise<unknown> = Promise.resolve()
  return <T>(job: () => Promise<T>): Promise<T> => {
    const run = tail.then(job)
    tail = run.catch(() => undefined)
    return run
  }
}

/** Equal content; both sides are built by the same functions, so keys stand in the same order. */
function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
