// SPDX-License-Identifier: Apache-2.0
// One handler per route of the control socket: parameters and body in, an answer or problems out. No HTTP here.
import type { Change, Filter, Status } from '../api/contract.js'
import { readAttachRequest, readFilter } from '../api/parse.js'
import type { RouteName } from '../api/routes.js'
import type { Datapath, Snapshot } from '../datapath/types.js'
import { succeed } from '../model/describe.js'
import { readRealEdit, readRealSpec, readServiceEdit, readServiceSpec } from '../model/request.js'
import type { Outcome } from '../model/types.js'
import { diff } from '../plan/diff.js'
import type { Edit, Engine } from './engine.js'
import { listed, type Streamed } from './listing.js'
import { entryRows, interfaceRows, nexthopRows, realRows, reasonRows, serviceRows, whole } from './rows.js'
import {
  desiredOf,
  effectiveOf,
  storeAddReal,
  storeAddService,
  storeAttach,
  storeDetach,
  storeRemoveReal,
  storeRemoveService,
  storeSetReal,
  storeSetService,
} from './store.js'

/** What path and query of a route may name. */
export interface Names {
  readonly service?: string
  readonly real?: string
  readonly interface?: string
  readonly client?: string
  readonly limit?: string
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
  readonly status: () => Status
  readonly reload: () => Promise<Outcome<Change>>
}

export function handlers(parts: Parts): Readonly<Record<RouteName, Handler>> {
  return { ...readers(parts), ...stages(parts), ...changes(parts) }
}

function readers({ datapath, snapshot, status }: Parts) {
  return {
    status: () => succeed(status()),
    services: filtered((filter) => whole(serviceRows(snapshot(), filter))),
    reals: filtered((filter) => whole(realRows(snapshot(), filter))),
    nexthops: filtered((filter) => whole(nexthopRows(snapshot(), filter))),
    interfaces: () => succeed(whole(interfaceRows(snapshot()))),
    reasons: () => succeed(whole(reasonRows(snapshot()))),
    conns: filtered(({ limit, ...which }) => listed(entryRows(datapath.connsInPieces(which)), limit)),
    templates: filtered(({ limit, ...which }) => listed(entryRows(datapath.templatesInPieces(which)), limit)),
  } satisfies Partial<Record<RouteName, Handler>>
}

function stages({ engine, datapath }: Parts) {
  return {
    desired: () => succeed(desiredOf(engine.store())),
    effective: () => succeed(effectiveOf(engine.store())),
    actual: () => succeed(datapath.actual()),
    diff: () => diff(effectiveOf(engine.store()), datapath.actual(), datapath.now()),
  } satisfies Partial<Record<RouteName, Handler>>
}

function changes({ engine, reload }: Parts) {
  const reachable = { reachable: true }
  return {
    attach: withBody(readAttachRequest, (wish) => engine.change((s) => storeAttach(s, wish))),
    detach: ({ params }) => engine.change((s) => storeDetach(s, params.interface)),
    detachAll: () => engine.change((s) => storeDetach(s)),
    addService: withBody(readServiceSpec, (spec) =>
      engine.change((s) => storeAddService(s, spec), reachable),
    ),
    setService: withBody(readServiceEdit, (edit, key) => engine.change((s) => storeSetService(s, key, edit))),
    removeService: ofService((key) => (s) => storeRemoveService(s, key)),
    addReal: withBody(readRealSpec, (spec, key) =>
      engine.change((s) => storeAddReal(s, key, spec), reachable),
    ),
    setReal: withBody(readRealEdit, (edit, key, real) =>
      engine.change((s) => storeSetReal(s, key, real, edit)),
    ),
    removeReal: ofService((key, real) => (s) => storeRemoveReal(s, key, real)),
    reload: () => reload(),
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

function withBody<T>(
  read: (body: unknown) => Outcome<T>,
  act: (value: T, service: string, real: string) => Promise<Outcome<unknown>>,
): Handler {
  return ({ params, body }) => {
    const value = read(body)
    return value.ok ? act(value.value, params.service ?? '', params.real ?? '') : value
  }
}
