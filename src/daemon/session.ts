// SPDX-License-Identifier: Apache-2.0
// A datapath in service: the store that rules it, its snapshots, its metrics, what reload does and what callers get.
import type { Change, PlanRequest, ReloadResult } from '../api/contract.js'
import type { EventRow } from '../api/contract-sight.js'
import type { Places } from '../api/places.js'
import type { RouteName } from '../api/routes.js'
import { VERSION } from '../api/version.js'
import type { Datapath, NextHopState, Snapshot } from '../datapath/types.js'
import type { Events, Happening } from '../events/feed.js'
import { metricsPage } from '../metrics/page.js'
import { type ControlMetrics, controlMetrics } from '../metrics/process.js'
import type { LogFormat } from '../model/events.js'
import type { Desired, Outcome } from '../model/types.js'
import { Applier } from './applier.js'
import { beginning, nothing } from './beginning.js'
import { createBeholder } from './beholder.js'
import { happened } from './chronicle.js'
import { createDuties, type Duties } from './duties.js'
import { type Carriage, createEngine, type Engine } from './engine.js'
import { type Handler, handlers } from './handlers.js'
import { createHealth, type HealthDuty } from './health.js'
import { goneCounters, healthMetrics } from './health-metrics.js'
import { createHistory, type History } from './history.js'
import { createMender, mendedHappened } from './mender.js'
import { createHopTeller, endHappened, startHappened } from './milestones.js'
import type { MetricsPort } from './port.js'
import type { ProbePath } from './probing.js'
import { rehearse } from './rehearse.js'
import type { Round } from './rounds.js'
import type { Source } from './source.js'
import { standingsOf } from './standings.js'
import { createStands } from './stands.js'
import type { StateFile } from './state.js'
import { statusOf } from './status.js'
import { desiredOf, effectiveOf, NO_RUNTIME, NOTHING_OBSERVED, type Runtime, type Store } from './store.js'
import { createTracer } from './tracing.js'
import { createTrials, type Trials, withdrawAll } from './trials.js'
import { createVrrp, type Vrrp } from './vrrp.js'

export interface SessionWorld {
  readonly source: Source
  readonly places: Places
  readonly datapath: Datapath
  readonly state: StateFile
  readonly port: MetricsPort
  /** free memory and buffers, in pages */
  readonly pages: () => number
  readonly probes: () => Outcome<ProbePath>
  /** ms since the epoch */
  readonly now: () => number
  readonly log: (line: string) => void
  readonly logger: {
    event(event: EventRow): void
    /** how the file wants it */
    use(format: LogFormat | undefined): void
  }
}

/** Inside, whoever sees something change tells it. */
type World = SessionWorld & { readonly tell: (event: Happening) => void }

export interface Session {
  readonly engine: Engine
  readonly duties: Duties
  readonly health: HealthDuty
  readonly handlers: Readonly<Record<RouteName, Handler>>
  /** what happened a moment ago, and what happens next */
  readonly events: Events
  /** Brings the datapath to what the file says and what was kept of requests. */
  begin(base: Desired, runtime: Runtime): Promise<Outcome<Change>>
  reload(): Promise<Outcome<Change>>
  /** A next hop is other than before. */
  hop(state: NextHopState): void
  /** It is about to end. */
  ending(how: 'leave' | 'restore'): void
  /** Nothing happens any more. */
  end(): void
  page(): AsyncIterable<string>
}

const SNAPSHOT_MS = 100
const VRRP_MS = 250

export function createSession(given: SessionWorld): Session {
  const { datapath, now } = given
  const history = historyOf(given, () => engine)
  const world: World = { ...given, tell: history.tell }
  const metrics = controlMetrics(VERSION)
  const startedAt = now()
  const trials = createTrials(world.state, () => engine)
  const parts = () => ({ duties, health, history, vrrp, engine })
  const engine: Engine = engineOf({ ...world, state: trials.state }, metrics, parts)
  const health = createHealth({ ...world, engine: () => engine })
  const read = () => datapath.snapshot(desiredOf(engine.store()))
  const { recent: snapshot, fresh } = cached(now, engine.generation, read)
  const duties = createDuties({ ...world, engine: () => engine, snapshot, fresh })
  const vrrp = vrrpOf(world, engine)
  const { taken, based, last } = createTaking(world, metrics, parts)
  const begin = async (base: Desired, runtime: Runtime) => {
    health.begin(runtime)
    const change = await beginning(world, engine, base, runtime)
    if (change.ok) duties.begin()
    const known = taken(change)
    if (change.ok) begun(world, history, engine)
    return known
  }
  const tracer = createTracer(world)
  const beholder = createBeholder(datapath, () => performance.now())
  const rounds = [beholder.round, menderOf(world, metrics)]
  const applier = new Applier({ ...world, trials, beholder, taken, based })
  const of = () => ({ startedAt, reload: last(), vrrp: vrrp.rows(), applied: applier.applied })
  const status = () =>
    statusOf({ ...selfOf(world, engine), ...of() }, datapath, snapshot(), standingsOf(engine.store()))
  const looks = { snapshot, status, checks: health.rows, now, plan: planOf(world, engine, trials) }
  return {
    ...{ events: history.events, ...hopsAndEnd(world, history) },
    ...{ engine, health, begin, reload: () => applier.reload() },
    duties: tracer.within(withApplier(withVrrp(duties, vrrp), applier, rounds)),
    handlers: handlers({ ...duties, ...looks, datapath, engine, applier, history, tracer }),
    page: () => pageOf(metrics, snapshot(), { duties, vrrp, health, engine }),
  }
}

/** A word of the file was taken, or was not: what that means for everybody. */
function createTaking(
  { now, logger }: World,
  metrics: ControlMetrics,
  parts: () => { readonly engine: Engine; readonly vrrp: Vrrp; readonly history: History },
) {
  let last: ReloadResult | undefined
  const based = () => {
    const { engine, vrrp, history } = parts()
    const { base } = engine.store()
    vrrp.set(base.vrrp)
    history.use(base.events)
    logger.use(base.log)
  }
  const taken = <T>(outcome: Outcome<T>): Outcome<T> => {
    last = { at: now(), ok: outcome.ok, problems: outcome.ok ? [] : outcome.problems }
    metrics.reloaded(outcome.ok)
    based()
    return outcome
  }
  return { based, taken, last: () => last }
}

function historyOf(
  { source, places, datapath, now, log, logger }: SessionWorld,
  engine: () => Engine,
): History {
  const stands = createStands((address) => datapath.nextHop(address))
  return createHistory({
    ...{ stateDir: source.kind === 'file' ? places.stateDir : undefined, now, log },
    logEvent: logger.event,
    stands: () => stands(engine().store()),
  })
}

function begun({ datapath, tell }: World, { events, moved }: History, engine: Engine): void {
  const before = events.recent({ kind: 'daemon' }).at(-1)
  tell(startHappened({ adopted: datapath.adopted, before, effective: effectiveOf(engine.store()) }))
  moved()
}

function hopsAndEnd({ tell, log }: World, history: History): Pick<Session, 'hop' | 'ending' | 'end'> {
  const told = createHopTeller(tell, log)
  return {
    hop: (state) => {
      told(state)
      history.moved()
    },
    ending: (how) => tell(endHappened(how)),
    end: history.end,
  }
}

function menderOf({ datapath, tell }: World, metrics: ControlMetrics): Round {
  return createMender(datapath, tell, metrics.mended)
}

interface Told {
  readonly duties: Duties
  readonly vrrp: Vrrp
  readonly health: HealthDuty
  readonly engine: Engine
}

function pageOf(metrics: ControlMetrics, snapshot: Snapshot, { duties, vrrp, health, engine }: Told) {
  metrics.tuned(duties.tunables())
  metrics.vrrp(vrrp.rows())
  const store = engine.store()
  const told = {
    snapshot,
    wished: desiredOf(store).services,
    health: healthMetrics(store, health.failures()),
  }
  return metricsPage({ ...told, view: store.base.metrics ?? {}, gone: goneCounters(store) }, metrics)
}

function planOf({ source, datapath }: SessionWorld, engine: Engine, trials: Trials) {
  const inFile = () => withdrawAll(trials.open(), engine.store())
  return (request: PlanRequest) => rehearse({ source, engine, datapath, inFile }, request)
}

function withApplier(duties: Duties, applier: Applier, rounds: readonly Round[]): Duties {
  return {
    ...duties,
    rounds: [...duties.rounds, ...rounds],
    end: () => {
      void applier.end()
      duties.end()
    },
  }
}

function vrrpOf({ datapath, now, log, tell, places }: World, engine: Engine): Vrrp {
  return createVrrp({
    ...{ now, log, tell, memory: `${places.socket}.vrrp` },
    nextHop: (address) => datapath.nextHop(address),
    services: () => effectiveOf(engine.store()).services,
    wished: () => desiredOf(engine.store()).services,
  })
}

function withVrrp(duties: Duties, vrrp: Vrrp): Duties {
  return {
    ...duties,
    rounds: [...duties.rounds, { what: 'telling VRRP', every: VRRP_MS, act: vrrp.tell }],
    end: () => {
      vrrp.end()
      duties.end()
    },
  }
}

function selfOf({ source, places, port }: SessionWorld, engine: Engine) {
  return { pid: process.pid, source, places, metrics: port.address(), generation: engine.generation() }
}

function engineOf(
  { datapath, state, log, tell }: World,
  metrics: ControlMetrics,
  parts: () => { readonly duties: Duties; readonly health: HealthDuty; readonly history: History },
): Engine {
  const onChange = (carriage: Carriage) => {
    metrics.generation(carriage.generation)
    metrics.reconciled(carriage.seconds)
    changedNow(parts().history, carriage)
    parts().duties.changed(carriage)
    parts().health.changed(carriage)
  }
  const onLeaving = (from: Store, to: Store) => parts().health.leaving(from, parts().duties.leaving(from, to))
  const onMended = (what: readonly string[]) => {
    metrics.mended('maps', what.length)
    tell(mendedHappened(what))
  }
  const onNoted = () => parts().history.moved()
  const clock = () => performance.now() / 1000
  const first = { base: nothing(datapath), runtime: NO_RUNTIME, observed: NOTHING_OBSERVED }
  return createEngine({ datapath, state, log, clock, onLeaving, onMended, onNoted, onChange }, first)
}

/** The first change is the start, and told as that. */
function changedNow(history: History, { generation, from, to }: Carriage): void {
  if (generation > 1) for (const event of happened(from, to)) history.tell(event)
  history.moved()
}

/** Scrapes and listings within one moment cost one reading of the maps; who made a change sees it. */
function cached(now: () => number, generation: () => number, read: () => Snapshot) {
  let last: { readonly at: number; readonly of: number; readonly value: Snapshot } | undefined
  const fresh = (): Snapshot => {
    const [of, value] = [generation(), read()]
    last = { at: now(), of, value }
    return value
  }
  const recent = () => {
    const known = last?.of === generation() && Math.abs(now() - last.at) <= SNAPSHOT_MS
    return known && last ? last.value : fresh()
  }
  return { recent, fresh }
}
