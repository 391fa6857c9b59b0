// SPDX-License-Identifier: Apache-2.0
// The file's word changes: by a reload, or by a text that is applied under watch and rolled back by itself when packets
// come to a bad end. One change of this kind at a time.
import type { Applied, ApplyRequest, ApplyState } from '../api/apply.js'
import type { Change } from '../api/contract.js'
import type { Datapath } from '../datapath/types.js'
import type { Happening } from '../events/feed.js'
import { consoleNotices } from '../model/console.js'
import { fail, succeed } from '../model/describe.js'
import type { Jump } from '../model/jump.js'
import type { Desired, Outcome, Problem } from '../model/types.js'
import { jumps, type Look } from '../plan/watch.js'
import type { Beholder } from './beholder.js'
import { applyHappened, applyRefused, reloadHappened } from './milestones.js'
import type { MetricsPort } from './port.js'
import { type Prepared, prepareText } from './prepared.js'
import { limitNotices, NO_FILE, readSource, type Source, saysTheSame } from './source.js'
import type { Store } from './store.js'
import { storeReload } from './store-reload.js'
import { type Trial, withdraw } from './trial.js'
import { type Trials, withdrawAll } from './trials.js'

export interface ApplierWorld {
  readonly source: Source
  readonly datapath: Datapath
  readonly port: MetricsPort
  readonly trials: Trials
  readonly beholder: Beholder
  /** ms since the epoch */
  readonly now: () => number
  readonly tell: (event: Happening) => void
  /** the daemon's own file was taken, or was not */
  readonly taken: (outcome: Outcome<unknown>) => void
  /** another word is the file's */
  readonly based: () => void
}

/** What is being watched, or was when it ended. */
interface Watch {
  readonly request: ApplyRequest
  /** the daemon's file says the same */
  readonly own: boolean
  readonly trial: Trial
  readonly before: readonly Look[]
  /** ms of the beholder's clock */
  readonly deadline: number
  readonly prepared: Prepared | undefined
}

/** What a change of the file's word leaves open. */
type Opening = (before: Store, after: Store, open: readonly Trial[]) => readonly Trial[]

/** ms between two looks of a watch */
const STEP = 250

export class Applier {
  readonly #world: ApplierWorld
  #count = 0
  #busy = false
  #watch: Watch | undefined
  #timer: NodeJS.Timeout | undefined
  #applied: Applied | undefined

  constructor(world: ApplierWorld) {
    this.#world = world
  }

  /** The last one; undefined before the first, and after a reload. */
  get applied(): Applied | undefined {
    return this.#applied
  }

  async reload(): Promise<Outcome<Change>> {
    const change = await this.#reload()
    this.#world.tell(reloadHappened(change))
    return change
  }

  #reload(): Promise<Outcome<Change>> {
    return this.#alone(async () => {
      const { source, taken } = this.#world
      if (source.kind === 'words') return NO_FILE
      const base = await readSource(source)
      const change = base.ok ? await this.#take(base.value, true, () => []) : base
      if (change.ok) this.#applied = undefined
      taken(change)
      return change
    })
  }

  /** Answers when the change is made; the watch goes on. */
  async apply(request: ApplyRequest): Promise<Outcome<Applied>> {
    const applied = await this.#apply(request)
    const { source, tell } = this.#world
    const own = source.kind === 'file' ? source.path : 'the file'
    if (!applied.ok) tell(applyRefused(request.file ?? own, applied.problems))
    return applied
  }

  #apply(request: ApplyRequest): Promise<Outcome<Applied>> {
    return this.#alone(async () => {
      const { source, taken } = this.#world
      if (source.kind === 'words') return NO_FILE
      const { file = source.path, text } = request
      const base = await readSource(text === undefined ? source : { kind: 'file', path: file }, text)
      if (!base.ok) {
        if (text === undefined) taken(base)
        return base
      }
      const own = text === undefined || saysTheSame(base, await readSource(source))
      const writes = request.write && text !== undefined
      if (writes && source.read) return fail(notYaml(source.path))
      const prepared = writes ? await prepareText(source.path, text) : succeed(undefined)
      if (!prepared.ok) return prepared
      const begun = await this.#begin(base.value, request, own, prepared.value)
      if (!begun.ok) await prepared.value?.drop()
      if (own) taken(begun)
      return begun.ok ? succeed(await this.#first(file, begun.value)) : begun
    })
  }

  /** Back to what was before what is watched. */
  async rollback(): Promise<Outcome<Applied>> {
    const watch = this.#watch
    if (watch === undefined || this.#timer === undefined)
      return fail({ reason: 'nothing is being watched, so nothing is rolled back', fix: 'see: xlvs status' })
    return succeed(await this.#back(watch, []))
  }

  /** A daemon that ends has not kept what it was watching. */
  async end(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    await this.#watch?.prepared?.drop()
  }

  /** What is watched, or under way, is not disturbed. */
  async #alone<T>(act: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
    if (this.#watch) return fail(this.#watching(this.#watch))
    if (this.#busy) return fail({ reason: 'another reload or apply is under way', fix: 'try again' })
    this.#busy = true
    try {
      return await act()
    } finally {
      this.#busy = false
    }
  }

  #watching({ deadline }: Watch): Problem {
    const left = Math.max(1, Math.ceil((deadline - this.#world.beholder.clock()) / 1000))
    return {
      reason: `${this.#applied?.file ?? 'a file'} was applied and is being watched for another ${left} s`,
      fix: 'wait for it, or end it with: xlvs apply --rollback',
    }
  }

  async #begin(base: Desired, request: ApplyRequest, own: boolean, prepared: Prepared | undefined) {
    const { beholder } = this.#world
    let [before, trial]: [readonly Look[], Trial | undefined] = [[], undefined]
    const change = await this.#take(base, own, (from, to, open) => {
      before = beholder.history()
      trial = { before: from, after: to }
      return [...open, trial]
    })
    if (!change.ok || trial === undefined) return change as Outcome<never>
    const deadline = beholder.clock() + request.watch * 1000
    this.#watch = { request, own, trial, before, deadline, prepared }
    return change
  }

  /** What can be said at once. */
  async #first(file: string, change: Change): Promise<Applied> {
    const watch = this.#watch as Watch
    const { request, own } = watch
    const at = this.#world.now()
    const until = at + request.watch * 1000
    const rest = { jumps: [], problems: [], agrees: own }
    this.#applied = { id: ++this.#count, file, state: 'watching', change, at, until, ...rest }
    if (request.watch === 0 || !change.changed) return this.#keep(watch)
    this.#world.tell(applyHappened(this.#applied))
    this.#later(watch)
    return this.#applied
  }

  #later(watch: Watch): void {
    const left = watch.deadline - this.#world.beholder.clock()
    this.#timer = setTimeout(
      () => void this.#judge(watch).catch((error) => this.#failed(watch, error)),
      Math.max(0, Math.min(STEP, left)),
    )
  }

  async #judge(watch: Watch): Promise<void> {
    const { beholder } = this.#world
    const since = beholder.since(watch.before)
    const last = beholder.clock() >= watch.deadline
    const found = jumps(watch.before, since, watch.request, last)
    if (found.length > 0) await this.#back(watch, found)
    else if (last) await this.#keep(watch)
    else this.#later(watch)
  }

  /** The file's word when the file says it too; else what is kept is open still, until a reload or a restart. */
  async #keep(watch: Watch): Promise<Applied> {
    this.#timer = undefined
    const written = await (watch.prepared?.commit() ?? succeed(undefined))
    const agrees = watch.own || (watch.prepared !== undefined && written.ok)
    const settled = agrees
      ? await this.#world.trials.change((store) => succeed({ store, notices: [], trials: [] }))
      : succeed(undefined)
    const problems = [written, settled].flatMap((one) => (one.ok ? [] : one.problems))
    return this.#over(watch, 'kept', { agrees, problems })
  }

  async #back(watch: Watch, found: readonly Jump[]): Promise<Applied> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const { port, trials, beholder, taken } = this.#world
    const { trial, own, prepared } = watch
    await prepared?.drop()
    const moved = await port.move(trial.before.base)
    const change = await trials.change((store, open) => {
      const trials = open.filter((one) => one !== trial)
      return succeed({ ...withdraw(trial, store), trials })
    })
    if (moved.ok) await (change.ok ? moved.value.keep() : moved.value.back())
    beholder.forget()
    this.#world.based()
    const problems = [moved, change].flatMap((one) => (one.ok ? [] : one.problems))
    if (own) taken(fail({ reason: 'it was applied and rolled back', fix: 'see: xlvs status' }))
    return this.#over(watch, change.ok ? 'rolled-back' : 'stuck', {
      agrees: change.ok ? !own && trials.open().length === 0 : own,
      jumps: found,
      problems,
    })
  }

  /** What should not happen must not end the daemon. */
  #failed(watch: Watch, { message }: Error): void {
    this.#timer = undefined
    this.#over(watch, 'stuck', { problems: [{ reason: `the watch failed: ${message}`, fix: 'xlvs reload' }] })
  }

  #over(watch: Watch, state: ApplyState, rest: Partial<Applied>): Applied {
    if (this.#watch === watch) this.#watch = undefined
    this.#applied = { ...(this.#applied as Applied), state, until: this.#world.now(), ...rest }
    this.#world.tell(applyHappened(this.#applied))
    return this.#applied
  }

  /** As a reload does; `own`: what was open before ends with it. */
  async #take(base: Desired, own: boolean, opening: Opening): Promise<Outcome<Change>> {
    const { port, datapath, trials } = this.#world
    const moved = await port.move(base)
    if (!moved.ok) return moved
    const change = await trials.change((store, open) => {
      const from = own ? withdrawAll(open, store) : store
      const edited = storeReload(from, { ...base, limits: datapath.limits })
      if (!edited.ok) return edited
      return succeed({ ...edited.value, trials: opening(store, edited.value.store, open) })
    })
    await (change.ok ? moved.value.keep() : moved.value.back())
    if (!change.ok) return change
    this.#world.based()
    const told = [...limitNotices(base.limits, datapath.limits), ...consoleNotices(base)]
    const notices = [...change.value.notices, ...told]
    return succeed({ ...change.value, notices })
  }
}

function notYaml(path: string): Problem {
  return { subject: path, reason: 'it is not in YAML, as what is applied', fix: 'apply without --write' }
}
