// SPDX-License-Identifier: Apache-2.0
// The routes of the control socket: one table that the client writes paths from and the server reads them with.

import type { MarkSpec, RealEdit, RealSpec, ServiceEdit, ServiceSpec } from '../model/change.js'
import type { Preview } from '../model/preview.js'
import type { MarkRule, Timeouts, Tunables } from '../model/types.js'
import type { Applied, ApplyRequest, LastApplied } from './apply.js'
import type {
  AttachRequest,
  Change,
  ConnRow,
  DrainRequest,
  DrainRow,
  Filter,
  HealthRow,
  InterfaceRow,
  Listing,
  NexthopRow,
  PlanRequest,
  RealRow,
  ReasonRow,
  ServiceRow,
  Stages,
  Statistics,
  Status,
  TemplateRow,
  TunableRow,
} from './contract.js'
import type {
  DropRow,
  EventRow,
  EventsSkipped,
  ExplainRequest,
  Explanation,
  TraceLoss,
  TraceRecord,
} from './contract-sight.js'
import type { SlotMap } from './contract-slots.js'
import type { EventsRequest } from './parse-events.js'

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

interface Route {
  readonly method: Method
  /** ':name' stands for one percent-encoded segment */
  readonly path: string
}

export const ROUTES = {
  status: { method: 'GET', path: '/v1/status' },
  services: { method: 'GET', path: '/v1/services' },
  reals: { method: 'GET', path: '/v1/reals' },
  conns: { method: 'GET', path: '/v1/conns' },
  templates: { method: 'GET', path: '/v1/templates' },
  nexthops: { method: 'GET', path: '/v1/nexthops' },
  interfaces: { method: 'GET', path: '/v1/interfaces' },
  reasons: { method: 'GET', path: '/v1/reasons' },
  /** a stream of lines */
  events: { method: 'GET', path: '/v1/events' },
  drops: { method: 'GET', path: '/v1/drops' },
  slots: { method: 'GET', path: '/v1/slots' },
  /** a stream of lines */
  trace: { method: 'GET', path: '/v1/trace' },
  endTrace: { method: 'DELETE', path: '/v1/trace' },
  desired: { method: 'GET', path: '/v1/desired' },
  effective: { method: 'GET', path: '/v1/effective' },
  actual: { method: 'GET', path: '/v1/actual' },
  diff: { method: 'GET', path: '/v1/diff' },
  attach: { method: 'POST', path: '/v1/interfaces' },
  detach: { method: 'DELETE', path: '/v1/interfaces/:interface' },
  detachAll: { method: 'DELETE', path: '/v1/interfaces' },
  addService: { method: 'POST', path: '/v1/services' },
  setService: { method: 'PATCH', path: '/v1/services/:service' },
  removeService: { method: 'DELETE', path: '/v1/services/:service' },
  addReal: { method: 'POST', path: '/v1/services/:service/reals' },
  setReal: { method: 'PATCH', path: '/v1/services/:service/reals/:real' },
  removeReal: { method: 'DELETE', path: '/v1/services/:service/reals/:real' },
  flush: { method: 'DELETE', path: '/v1/services' },
  zero: { method: 'POST', path: '/v1/zero' },
  health: { method: 'GET', path: '/v1/health' },
  drains: { method: 'GET', path: '/v1/drains' },
  drain: { method: 'POST', path: '/v1/drains' },
  undrain: { method: 'DELETE', path: '/v1/drains' },
  marks: { method: 'GET', path: '/v1/marks' },
  addMark: { method: 'POST', path: '/v1/marks' },
  removeMark: { method: 'DELETE', path: '/v1/marks' },
  timeouts: { method: 'GET', path: '/v1/timeouts' },
  setTimeouts: { method: 'PATCH', path: '/v1/timeouts' },
  tunables: { method: 'GET', path: '/v1/tunables' },
  tune: { method: 'PATCH', path: '/v1/tunables' },
  statistics: { method: 'GET', path: '/v1/statistics' },
  reload: { method: 'POST', path: '/v1/reload' },
  plan: { method: 'POST', path: '/v1/plan' },
  explain: { method: 'POST', path: '/v1/explain' },
  apply: { method: 'POST', path: '/v1/apply' },
  applied: { method: 'GET', path: '/v1/apply' },
  rollback: { method: 'DELETE', path: '/v1/apply' },
} as const satisfies Record<string, Route>

export type RouteName = keyof typeof ROUTES

interface Call<Params, Body, Answer> {
  readonly params: Params
  readonly body: Body
  readonly answer: Answer
}

type OfService = { readonly service: string }
type OfMark = { readonly vip: string; readonly protocol: string; readonly ports: string }
type OfReal = { readonly service: string; readonly real: string }
type Read<Answer> = Call<Filter, undefined, Answer>

/** What each route takes and gives. Parameters that the path does not name travel in the query. */
export interface Calls {
  status: Read<Status>
  /** with `at` (ms since the epoch) a PastListing of services as they were, here and of real servers */
  services: Call<Filter & { readonly at?: number }, undefined, Listing<ServiceRow>>
  reals: Call<Filter & { readonly at?: number }, undefined, Listing<RealRow>>
  conns: Read<Listing<ConnRow>>
  templates: Read<Listing<TemplateRow>>
  nexthops: Read<Listing<NexthopRow>>
  interfaces: Read<Listing<InterfaceRow>>
  /** with a service: of its packets */
  reasons: Read<Listing<ReasonRow>>
  drops: Read<Listing<DropRow>>
  /** each line of the answer; with `follow` it goes on */
  events: Call<EventsRequest, undefined, EventRow | EventsSkipped>
  /** of the service that the filter names */
  slots: Read<SlotMap>
  /** each line of the answer; the query as traceQuery makes it, and an id to end it by */
  trace: Call<Readonly<Record<string, string>>, undefined, TraceRecord | TraceLoss>
  /** ends the one that runs; without an id whoever's it is */
  endTrace: Call<{ readonly id?: string }, undefined, { readonly ended: boolean }>
  desired: Read<Stages['desired']>
  effective: Read<Stages['effective']>
  actual: Read<Stages['actual']>
  diff: Read<Stages['diff']>
  attach: Call<object, AttachRequest, Change>
  detach: Call<{ readonly interface: string }, undefined, Change>
  detachAll: Call<object, undefined, Change>
  addService: Call<object, ServiceSpec, Change>
  setService: Call<OfService, ServiceEdit, Change>
  removeService: Call<OfService, undefined, Change>
  addReal: Call<OfService, RealSpec, Change>
  setReal: Call<OfReal, RealEdit, Change>
  removeReal: Call<OfReal, undefined, Change>
  /** all services; refused when the file owns one of them */
  flush: Call<object, undefined, Change>
  /** one service, or without a name all of them and the totals */
  zero: Call<Partial<OfService>, undefined, Change>
  health: Read<Listing<HealthRow>>
  drains: Read<Listing<DrainRow>>
  drain: Call<object, DrainRequest, Change>
  /** real as in realText: '192.0.2.21' */
  undrain: Call<{ readonly real: string } & Partial<OfService>, undefined, Change>
  marks: Read<Listing<MarkRule>>
  addMark: Call<object, MarkSpec, Change>
  /** ports as in parsePorts: '80,443,1000:2000' */
  removeMark: Call<OfMark, undefined, Change>
  timeouts: Read<Timeouts>
  setTimeouts: Call<object, Partial<Timeouts>, Change>
  tunables: Read<Listing<TunableRow>>
  tune: Call<object, Partial<Tunables>, Change>
  /** of all services together, as /proc/net/ip_vs_stats */
  statistics: Read<Statistics>
  reload: Call<object, undefined, Change>
  /** what a reload of that file would change; nothing is changed */
  plan: Call<object, PlanRequest, Preview>
  /** what would become of a packet, and why; nothing is changed */
  explain: Call<object, ExplainRequest, Explanation>
  /** makes it, and watches it from then on; what is watched is rolled back when packets come to a bad end */
  apply: Call<object, ApplyRequest, Applied>
  applied: Read<LastApplied>
  /** ends the watch: back to what was before */
  rollback: Call<object, undefined, Applied>
}

export type Params = Readonly<Record<string, string | number | boolean | undefined>>

/** The path and query of a call: every ':name' of the route is filled from params, the rest becomes the query. */
export function routePath(name: RouteName, params: Params = {}): string {
  const rest = new URLSearchParams()
  const used = new Set<string>()
  const path = ROUTES[name].path.replace(/:(\w+)/g, (_, key: string) => {
    used.add(key)
    return encodeURIComponent(String(params[key] ?? ''))
  })
  for (const [key, value] of Object.entries(params))
    if (!used.has(key) && value !== undefined) rest.set(key, String(value))
  return rest.size > 0 ? `${path}?${rest}` : path
}

export type Match =
  | { readonly found: 'route'; readonly name: RouteName; readonly params: Readonly<Record<string, string>> }
  | { readonly found: 'path'; readonly methods: readonly Method[] }
  | { readonly found: 'nothing' }

/** Finds the route of a request; a known path with another method says which methods it has. */
export function matchRoute(method: string, target: string): Match {
  const cut = target.indexOf('?')
  const path = cut < 0 ? target : target.slice(0, cut)
  const methods: Method[] = []
  for (const name of Object.keys(ROUTES) as RouteName[]) {
    const params = matchPath(ROUTES[name].path, path)
    if (!params) continue
    if (ROUTES[name].method !== method) {
      methods.push(ROUTES[name].method)
      continue
    }
    for (const [key, value] of new URLSearchParams(cut < 0 ? '' : target.slice(cut + 1)))
      params[key] ??= value
    return { found: 'route', name, params }
  }
  return methods.length > 0 ? { found: 'path', methods } : { found: 'nothing' }
}

function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const want = pattern.split('/')
  const have = path.split('/')
  if (want.length !== have.length) return undefined
  const params: Record<string, string> = {}
  for (const [i, part] of want.entries()) {
    const given = have[i] ?? ''
    if (!part.startsWith(':')) {
      if (part !== given) return undefined
      continue
    }
    const value = decode(given)
    if (!value) return undefined
    params[part.slice(1)] = value
  }
  return params
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}
