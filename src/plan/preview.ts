// SPDX-License-Identifier: Apache-2.0
// preview: what the operations of a reload come to, for services and for the connections that are in the table now.
// Words are compared between the two wishes; who keeps, loses or moves is read off the operations themselves.
import { realText, serviceKey } from '../model/keys.js'
import type { LiveCounts, Preview, RealPreview, ServicePreview, Verdict } from '../model/preview.js'
import type { Desired, Limits, Real, Service, ServiceKey } from '../model/types.js'
import type { Actual, ActualService } from './actual.js'
import {
  interfaceChanges,
  limitFacets,
  listChanges,
  markTexts,
  realFacets,
  serviceFacets,
  settingFacets,
} from './facets.js'
import { tableMove } from './moves.js'
import type { Op } from './ops.js'

export interface Rehearsal {
  /** effective, both */
  readonly from: Desired
  readonly to: Desired
  /** what the file asks for; the maps have what `actual` says */
  readonly limits: Limits
  readonly actual: Actual
  /** diff(to, actual) */
  readonly ops: readonly Op[]
  readonly census: Census
  readonly aside: Pick<Preview, 'ends' | 'unresolved' | 'notices'>
}

/** Connections in the table, by id of their real server. */
export interface Census {
  readonly live: ReadonlyMap<number, number>
  /** of those, idle for longer than the timeouts to come */
  readonly outlived: ReadonlyMap<number, number>
}

/** What happens to real servers, by id. */
interface Fates {
  readonly gone: ReadonlySet<number>
  readonly reweighted: ReadonlySet<number>
}

export function preview(rehearsal: Rehearsal): Preview {
  const { from, to, limits, actual, ops, census, aside } = rehearsal
  const fates = fatesOf(actual, ops)
  const changes = {
    services: servicesOf(rehearsal, fates),
    interfaces: interfaceChanges(from.interfaces, to.interfaces),
    marks: listChanges(markTexts(from.marks), markTexts(to.marks)),
    peers: listChanges(from.peers, to.peers),
    settings: settingFacets(from, to),
    limits: limitFacets(actual.limits, limits),
    ...aside,
  }
  const counted = totalOf(actual, census, fates)
  const dark = from.interfaces.length > 0 && to.interfaces.length === 0
  const connections = dark ? { ...counted, touched: 0, broken: counted.live, outlived: 0 } : counted
  return { verdict: verdictOf(changes, connections), ...changes, connections }
}

function fatesOf(actual: Actual, ops: readonly Op[]): Fates {
  const weights = new Map(
    [...actual.services.values()].flatMap(({ reals }) => reals.map(({ id, weight }) => [id, weight])),
  )
  const gone = new Set<number>()
  const reweighted = new Set<number>()
  for (const op of ops) {
    if (op.op === 'real-trash') gone.add(op.id)
    if (op.op === 'real-edit' && op.weight !== weights.get(op.id)) reweighted.add(op.id)
  }
  return { gone, reweighted }
}

function servicesOf({ from, to, actual, ops, census }: Rehearsal, fates: Fates): readonly ServicePreview[] {
  const [before, after] = [byKey(from), byKey(to)]
  const published = new Map(ops.flatMap((op) => (op.op === 'service-publish' ? [[op.key, op]] : [])))
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key) => {
    const [was, is] = [before.get(key), after.get(key)]
    const found = actual.services.get(key)
    const change = was === undefined ? 'added' : is === undefined ? 'removed' : 'changed'
    const facets = was && is ? serviceFacets(was, is) : []
    const reals = realChanges(was?.reals ?? [], is?.reals ?? [], countsIn(found, census))
    if (change === 'changed' && facets.length === 0 && reals.length === 0) return []
    const op = published.get(key)
    const table = change === 'changed' && op && found?.listed ? tableMove(found, op) : undefined
    const connections = countsOf(found, census, fates)
    return [{ service: key, change, facets, reals, ...(table && { table }), connections } as const]
  })
}

function byKey({ services }: Desired): ReadonlyMap<ServiceKey, Service> {
  return new Map(services.map((service) => [serviceKey(service), service]))
}

/** Live connections of a service by its real servers' names. */
function countsIn(found: ActualService | undefined, { live }: Census): ReadonlyMap<string, number> {
  const named = found?.match.mark !== undefined
  return new Map(
    found?.reals.map((real) => [named ? realText(real) : real.address, live.get(real.id) ?? 0]) ?? [],
  )
}

function realChanges(
  from: readonly Real[],
  to: readonly Real[],
  counts: ReadonlyMap<string, number>,
): readonly RealPreview[] {
  const [before, after] = [from, to].map((list) => new Map(list.map((real) => [realText(real), real])))
  const names = new Set([...from, ...to].map(realText))
  return [...names].flatMap((real) => {
    const [was, is] = [before?.get(real), after?.get(real)]
    const facets = was && is ? realFacets(was, is) : []
    if (was?.weight === is?.weight && facets.length === 0) return []
    const change = was === undefined ? 'added' : is === undefined ? 'removed' : 'changed'
    const weight = { ...(was && { from: was.weight }), ...(is && { to: is.weight }) }
    return [{ real, change, weight, facets, connections: counts.get(real) ?? 0 } as const]
  })
}

function countsOf(found: ActualService | undefined, { live }: Census, fates: Fates): LiveCounts {
  let [all, touched, broken] = [0, 0, 0]
  for (const { id } of found?.reals ?? []) {
    const count = live.get(id) ?? 0
    all += count
    if (fates.gone.has(id)) broken += count
    else if (fates.reweighted.has(id)) touched += count
  }
  return { live: all, touched, broken }
}

function totalOf(actual: Actual, census: Census, fates: Fates): Preview['connections'] {
  const total = { live: 0, touched: 0, broken: 0, outlived: 0 }
  for (const service of actual.services.values()) {
    const { live, touched, broken } = countsOf(service, census, fates)
    total.live += live
    total.touched += touched
    total.broken += broken
    for (const { id } of service.reals)
      if (!fates.gone.has(id)) total.outlived += census.outlived.get(id) ?? 0
  }
  return total
}

type Changes = Omit<Preview, 'verdict' | 'connections'>

/**
 * An interface that goes takes its connections with it, and nobody knows which those are. Limits are for the next
 * start: a reload leaves them as they are.
 */
function verdictOf(changes: Changes, { live, broken, outlived }: Preview['connections']): Verdict {
  const goes = changes.interfaces.some(({ to }) => to === undefined)
  if (broken + outlived > 0 || (goes && live > 0)) return 'breaks'
  const { marks, peers, unresolved: _hops, limits: _sizes, ...lists } = changes
  const all = [...Object.values({ ...lists, ...marks }), peers.added, peers.removed]
  return all.every((list) => list.length === 0) ? 'nothing' : 'harmless'
}
