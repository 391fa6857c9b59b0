// SPDX-License-Identifier: Apache-2.0
// One handler per route of the control socket: parameters and body in, an answer or problems out. No HTTP here.
import { readApplyRequest } from '../api/apply.js'
import type { Change, CheckRow, Filter, PlanRequest, Status } from '../api/contract.js'
import { readAttachRequest, readFilter, readMarkName, readPlanRequest, readServiceKey } from '../api/parse.js'
import { readDrained, readDrainRequest } from '../api/parse-drain.js'
import { readExplainRequest } from '../api/parse-explain.js'
import type { RouteName } from '../api/routes.js'
import type { Datapath, Snapshot } from '../datapath/types.js'
import { succeed } from '../model/describe.js'
import type { Preview } from '../model/preview.js'
import {
  readMarkSpec,
  readRealEdit,
  readRealSpec,
  readServiceEdit,
  readServiceSpec,
  readTimeouts,
  readTunables,
} from '../model/request.js'
import type { Outcome, ServiceKey, Tunables } from '../model/types.js'
import { diff } from '../plan/diff.js'
import type { Applier } from './applier.js'
import { drainRows } from './drains.js'
import type { Drops } from './drops.js'
import type { Edit, Engine } from './engine.js'
import { explain } from './explaining.js'
import { healthRows } from './health-rows.js'
import type { History } from './history.js'
import { listed, type Streamed } from './listing.js'
import type { Meter } from './meter.js'
import {
  entryRows,
  interfaceRows,
  nexthopRows,
  realRows,
  reasonRows,
  serviceRows,
  statisticsOf,
  tunableRows,
  whole,
} from './rows.js'
import { slotMap } from './slots.js'
import { standingsOf } from './standings.js'
import { desiredOf, effectiveOf } from './store.js'
import { storeDrain, storeUndrain } from './store-drains.js'
import { storeAttach, storeDetach } from './store-interfaces.js'
import {
  storeAddReal,
  storeAddService,
  storeFlush,
  storeRemoveReal,
  storeRemoveService,
  storeSetReal,
  storeSetService,
} from './store-services.js'
import { storeAddMark, storeRemoveMark, storeSetTimeouts, storeTune } from './store-settings.js'
import type { Tracer } from './tracing.js'

/** What path and query of a route may name. */
export interface Names {
  readonly service?: string
  readonly real?: string
  readonly interface?: string
  readonly client?: string
  readonly limit?: string
  /** ms since the epoch, both */
  readonly at?: string
  readonly since?: string
  readonly kind?: string
  readonly follow?: string
  /** of a trace */
  readonly filter?: string
  readonly sample?: string
  readonly head?: string
  readonly count?: string
  readonly last?: string
  readonly id?: string
  readonly vip?: string
  readonly protocol?: string
  readonly ports?: string
}

export interface Asked {
  readonly params: Names
  readonly body: unknown
}

export type Handler = (asked: Asked) => Promise<Outcome<unknown>> | Outcome<unknown | Streamed>

export interface Parts {
  readonly datapath: Datapath
  readonly engine: Engine
  readonly snapshot: () => Snapshot
  readonly meter: Meter
  readonly drops: Drops
  /** in force, the automatic ones as they are now */
  readonly tunables: () => Tunables
  /** one service, or all and the total */
  readonly zero: (service?: ServiceKey) => Promise<Outcome<Change>>
  readonly status: () => Status
  readonly applier: Applier
  readonly history: History
  readonly tracer: Tracer
  /** of each health check */
  readonly checks: () => readonly CheckRow[]
  readonly plan: (request: PlanRequest) => Promise<Outcome<Preview>>
  /** ms since the epoch */
  readonly now: () => number
}

export function handlers(parts: Parts): Readonly<Record<RouteName, Handler>> {
  return {
    ...readers(parts),
    ...settings(parts),
    ...stages(parts),
    ...drains(parts),
    ...changes(parts),
    ...parts.tracer.handlers,
  }
}

function readers({ datapath, engine, snapshot, meter, drops, status, history }: Parts) {
  const standings = () => standingsOf(engine.store())
  return {
    status: () => succeed(status()),
    events: history.handler,
    services: history.past(
      filtered((filter) => whole(serviceRows(snapshot(), meter, filter, standings()))),
      'services',
    ),
    reals: history.past(
      filtered((filter) => whole(realRows(snapshot(), meter, filter, standings()))),
      'reals',
    ),
    nexthops: filtered((filter) => whole(nexthopRows(snapshot(), filter))),
    interfaces: () => succeed(whole(interfaceRows(snapshot()))),
    reasons: filtered((filter) => whole(reasonRows(snapshot(), filter))),
    drops: filtered((filter) => whole(drops.rows(snapshot(), filter))),
    slots: ({ params }) => {
      const key = readServiceKey(params)
      return key.ok ? slotMap(datapath, key.value) : key
    },
    conns: filtered(({ limit, ...which }) => listed(entryRows(datapath.connsInPieces(which)), limit)),
    templates: filtered(({ limit, ...which }) => listed(entryRows(datapath.templatesInPieces(which)), limit)),
  } satisfies Partial<Record<RouteName, Handler>>
}

function settings({ engine, snapshot, meter, tunables, zero }: Parts) {
  return {
    marks: () => succeed(whole(desiredOf(engine.store()).marks)),
    addMark: withBody(readMarkSpec, (spec) => engine.change((s) => storeAddMark(s, spec))),
    removeMark: named(readMarkName, (name) => engine.change((s) => storeRemoveMark(s, name))),
    timeouts: () => succeed(effectiveOf(engine.store()).timeouts),
    setTimeouts: withBody(readTimeouts, (edit) => engine.change((s) => storeSetTimeouts(s, edit))),
    tunables: () => succeed(whole(tunableRows(tunables()))),
    tune: withBody(readTunables, (edit) => engine.change((s) => storeTune(s, edit))),
    statistics: () => succeed(statisticsOf(snapshot(), meter)),
    zero: named(readServiceKey, zero),
  } satisfies Partial<Record<RouteName, Handler>>
}

function stages({ engine, datapath, plan, applier }: Parts) {
  return {
    desired: () => succeed(desiredOf(engine.store())),
    effective: () => succeed(effectiveOf(engine.store())),
    actual: () => succeed(datapath.actual()),
    diff: () => diff(effectiveOf(engine.store()), datapath.actual(), datapath.now()),
    plan: withBody(readPlanRequest, plan),
    explain: withBody(readExplainRequest, (wish) =>
      explain({ datapath, standings: standingsOf(engine.store()) }, wish),
    ),
    apply: withBody(readApplyRequest, (request) => applier.apply(request)),
    applied: () => succeed(applier.applied ? { applied: applier.applied } : {}),
    rollback: () => applier.rollback(),
    reload: () => applier.reload(),
  } satisfies Partial<Record<RouteName, Handler>>
}

function drains({ engine, snapshot, checks, now }: Parts) {
  return {
    health: filtered((filter) => whole(healthRows(engine.store(), checks(), filter))),
    drains: filtered((filter) => whole(drainRows(engine.store(), snapshot(), filter))),
    drain: withBody(readDrainRequest, (request) => engine.change((s) => storeDrain(s, request, now()))),
    undrain: named(readDrained, (name) => engine.change((s) => storeUndrain(s, name, now()))),
  } satisfies Partial<Record<RouteName, Handler>>
}

function changes({ engine }: Parts) {
  const reachable = { reachable: true }
  return {
    attach: withBody(readAttachRequest, (wish) => engine.change((s) => storeAttach(s, wish))),
    detach: ({ params }) => engine.change((s) => storeDetach(s, params.interface)),
    detachAll: () => engine.change((s) => storeDetach(s)),
    addService: withBody(readServiceSpec, (spec) =>
      engine.change((s) => storeAddService(s, spec), reachable),
    ),
    setService: withBody(readServiceEdit, (edit, key) => engine.change((s) => storeSetService(s, key, edit))),
    flush: () => engine.change(storeFlush),
    removeService: ofService((key) => (s) => storeRemoveService(s, key)),
    addReal: withBody(readRealSpec, (spec, key) =>
      engine.change((s) => storeAddReal(s, key, spec), reachable),
    ),
    setReal: withBody(readRealEdit, (edit, key, real) =>
      engine.change((s) => storeSetReal(s, key, real, edit)),
    ),
    removeReal: ofService((key, real) => (s) => storeRemoveReal(s, key, real)),
  } satisfies Partial<Record<RouteName, Handler>>

  function ofService(edit: (key: string, real: string) => Edit): Handler {
    return ({ params }) => engine.change(edit(params.service ?? '', params.real ?? ''))
  }
}

function filtered(read: (filter: Filter) => unknown): Handler {
  return ({ params }) => {
    const filter = readFilter(params)
    return filter.ok ? succeed(read(filter.value)) : filter
  }
}

/** What path and query name, read as one thing. */
function named<T>(read: (names: Names) => Outcome<T>, act: (value: T) => Promise<Outcome<unknown>>): Handler {
  return ({ params }) => {
    const value = read(params)
    return value.ok ? act(value.value) : value
  }
}

function withBody<T>(
  read: (body: unknown) => Outcome<T>,
  act: (value: T, service: string, real: string) => Promise<Outcome<unknown>> | Outcome<unknown>,
): Handler {
  return ({ params, body }) => {
    const value = read(body)
    return value.ok ? act(value.value, params.service ?? '', params.real ?? '') : value
  }
}
