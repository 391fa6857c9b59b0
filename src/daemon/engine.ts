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
  /** before a change: what the store must remember of what goes with it */
  readonly onLeaving: (from: Store, to: Store) => Store
  /** what a round found out of step and brought back */
  readonly onMended: (what: readonly string[]) => void
  /** what is observed is other than before, and no packet goes another way for it */
  readonly onNoted?: () => void
  /** after every change that reached the maps */
  readonly onChange: (change: Carriage) => void
}

/** A change that was carried out. */
export interface Carriage {
  readonly generation: number
  readonly seconds: number
  readonly from: Store
  readonly to: Store
}

export type Edit = (store: Store) => Outcome<Edited> | Promise<Outcome<Edited>>

export interface ChangeOptions {
  /** new real servers must be reachable */
  readonly reachable?: boolean
  /** carry out even when the edit changes nothing */
  readonly always?: boolean
  /** write the state file even when the requests stay as they are */
  readonly keep?: boolean
  /** no operator's word: the generation of the configuration stays */
  readonly observed?: boolean
}

export interface Engine {
  store(): Store
  generation(): number
  change(edit: Edit, options?: ChangeOptions): Promise<Outcome<Change>>
  /** A change that only the state file must know: nothing reaches the maps, the generation stays. */
  remember(edit: Edit): Promise<Outcome<Change>>
  /** Brings maps and interfaces back to what they should be, and frees what nothing needs any more. */
  tend(): Promise<void>
  /** What is under way is finished; what comes later is refused. `last` is remembered, if it can be. */
  end(last?: Edit): Promise<void>
}

interface State {
  store: Store
  generation: number
  ending: boolean
}

export function createEngine(world: EngineWorld, first: Store): Engine {
  const state: State = { store: first, generation: 0, ending: false }
  const inTurn = queue()
  return {
    store: () => state.store,
    generation: () => state.generation,
    change: (edit, options = {}) => inTurn(() => commit(world, state, edit, options)),
    remember: (edit) => inTurn(() => note(world, state, edit)),
    tend: () =>
      inTurn(async () => {
        if (state.ending) return
        const { problems, mended } = await reconcile(world, effectiveOf(state.store))
        if (problems.length > 0) world.log(formatProblems(problems))
        if (mended.length > 0) world.onMended(mended)
      }),
    end: (last) => {
      state.ending = true
      return inTurn(async () => {
        const kept = last ? await noted(world, state, last) : undefined
        if (kept && !kept.ok) world.log(formatProblems(kept.problems))
      })
    },
  }
}

async function commit(
  world: EngineWorld,
  state: State,
  edit: Edit,
  options: ChangeOptions,
): Promise<Outcome<Change>> {
  if (state.ending) return isEnding()
  const started = world.clock()
  const edited = await edit(state.store)
  if (!edited.ok) return edited
  const { notices } = edited.value
  const changed = !sameStore(edited.value.store, state.store)
  if (!changed && !options.always) {
    const kept = options.keep ? await world.state.write(state.store.runtime) : succeed(undefined)
    return kept.ok ? succeed({ changed, generation: state.generation, notices }) : kept
  }
  const [from, to] = [state.store, world.onLeaving(state.store, edited.value.store)]
  const carried = await attempt(world, from, to, options)
  if (!carried.ok) return carried
  state.store = to
  if (!options.observed) state.generation += 1
  const { generation } = state
  world.onChange({ generation, seconds: world.clock() - started, from, to })
  return succeed({ changed, generation, notices: [...notices, ...carried.value.notices] })
}

async function note(world: EngineWorld, state: State, edit: Edit): Promise<Outcome<Change>> {
  return state.ending ? isEnding() : noted(world, state, edit)
}

async function noted(world: EngineWorld, state: State, edit: Edit): Promise<Outcome<Change>> {
  const edited = await edit(state.store)
  if (!edited.ok) return edited
  const { store, notices } = edited.value
  const changed = !same(store.runtime, state.store.runtime)
  const kept = changed ? await world.state.write(store.runtime) : succeed(undefined)
  if (!kept.ok) return kept
  const seen = state.store.observed
  state.store = store
  if (store.observed !== seen) world.onNoted?.()
  return succeed({ changed, generation: state.generation, notices })
}

function isEnding(): Outcome<never> {
  return fail({ reason: 'the daemon is ending', fix: 'start it again with: xlvs run -c FILE' })
}

async function attempt(
  world: EngineWorld,
  from: Store,
  to: Store,
  options: ChangeOptions,
): Promise<Outcome<Carried>> {
  const asked = from.base !== to.base || !same(from.runtime, to.runtime)
  const problems = asked ? validateDesired(desiredOf(to)) : []
  if (problems.length > 0) return { ok: false, problems }
  const effective = effectiveOf(to)
  const keep = async (store: Store) => world.state.write(store.runtime)
  const stays = same(from.runtime, to.runtime) && !options.keep
  const kept = stays ? succeed(undefined) : await keep(to)
  if (!kept.ok) return kept
  const carried = await carryOut(world, effective, options.reachable ?? false).catch(kernelRefused)
  if (carried.ok) return carried
  if (!stays) await keep(from)
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

/** Time goes on without being a change. */
function sameStore(a: Store, b: Store): boolean {
  const [seen, now] = [a.observed, b.observed]
  const observed = seen.health === now.health && seen.quorum === now.quorum
  return a === b || (observed && same(a.runtime, b.runtime) && same(a.base, b.base))
}

/** Equal content; both sides are built by the same functions, so keys stand in the same order. */
function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
