// SPDX-License-Identifier: Apache-2.0
// One immutable look at everything counted, with the names the configuration has for it.
import { realText, serviceKey } from '../model/keys.js'
import { type Latency, sumLatencies } from '../model/latency.js'
import type { AddressText, Desired, Real, Service, ServiceKey } from '../model/types.js'
import type { Actual, ActualReal, ActualService } from '../plan/actual.js'
import type { Maps } from './maps.js'
import {
  addCounters,
  byAction,
  byReason,
  readTotals,
  realStats,
  retiredStats,
  sumRows,
  verdictRows,
} from './stats.js'
import type { Tallies } from './tallies.js'
import { loadOf } from './thresholds.js'
import type {
  Attachment,
  NextHopState,
  RealCounters,
  RealSnapshot,
  ServiceSnapshot,
  Snapshot,
  TableName,
  TableSnapshot,
} from './types.js'

export interface Sources {
  readonly maps: Maps
  readonly cpus: number
  readonly actual: Actual
  readonly attachments: readonly Attachment[]
  readonly nextHop: (address: AddressText) => NextHopState
  readonly tables: Readonly<Record<TableName, TableSnapshot>>
  readonly tallies: Tallies
}

export function takeSnapshot(sources: Sources, names: Desired, at: number): Snapshot {
  const { maps, cpus, actual, attachments, tables } = sources
  const wished = new Map<ServiceKey, Service>()
  for (const service of names.services) wished.set(serviceKey(service), service)
  const listed = [...actual.services.values()].filter((service) => service.listed)
  const slots = slotRows(maps, cpus, actual.limits.interfaces)
  return {
    at,
    services: listed.map((service) => ofService(sources, service, wished.get(service.key))),
    interfaces: attachments.map((attachment) => {
      const rows = slots[attachment.slot] ?? []
      return { attachment, actions: byAction(rows), reasons: byReason(rows) }
    }),
    reasons: byReason(sumRows(slots)),
    totals: readTotals(maps, cpus),
    tables,
  }
}

function slotRows(maps: Maps, cpus: number, interfaces: number) {
  return Array.from({ length: interfaces }, (_, slot) => verdictRows(maps, cpus, slot))
}

function ofService(sources: Sources, service: ActualService, wish: Service | undefined): ServiceSnapshot {
  const { maps, cpus, tallies } = sources
  const { id, key, match, scheduler, flags, persistence, onePacket, trash } = service
  const nameOf = (real: Real | ActualReal) => (match.mark === undefined ? real.address : realText(real))
  const wished = new Map<string, Real>()
  for (const real of wish?.reals ?? []) wished.set(nameOf(real), real)
  const reals = service.reals.map((real) => ofReal(sources, real, wished.get(nameOf(real))))
  const gone = trash.map((real) => ({ ...realStats(maps, cpus, real.id), ...connectionsOf(maps, real.id) }))
  const all = [...reals, ...gone]
  const counters = all.reduce<RealCounters>(addCounters, retiredStats(maps, id))
  const sum = (what: 'active' | 'inactive' | 'persistent') =>
    all.reduce((total, real) => total + real[what], 0)
  const latency = sumLatencies([
    tallies.goneLatency(id),
    ...trash.map((real) => tallies.latency(real.id)),
    ...reals.map((real) => real.latency),
  ])
  return {
    ...{ id, key, match, scheduler },
    ...(flags && { flags }),
    ...(onePacket && { onePacket }),
    ...(persistence && { persistence }),
    ...(wish?.name !== undefined && { name: wish.name }),
    ...(wish && { owner: wish.owner }),
    ...counters,
    active: sum('active'),
    inactive: sum('inactive'),
    persistent: sum('persistent'),
    reasons: tallies.reasons(id, counters.packets),
    ...(latency && { latency }),
    reals,
  }
}

/** Written out member by member: there may be a hundred thousand of these, every few seconds. */
function ofReal(
  { maps, cpus, nextHop, tallies }: Sources,
  real: ActualReal,
  wish: Real | undefined,
): RealSnapshot {
  const { id, address, port, upper, lower, overloaded } = real
  const { packets, bytes, connections } = realStats(maps, cpus, id)
  const { active, inactive, persistent } = connectionsOf(maps, id)
  const snapshot: RealSnapshot & { latency?: Latency } = {
    id,
    address,
    port,
    weight: wish?.weight ?? real.weight,
    effectiveWeight: real.weight,
    upper,
    lower,
    overloaded,
    active,
    inactive,
    persistent,
    packets,
    bytes,
    connections,
    nexthop: nextHop(address),
  }
  const latency = tallies.latency(id)
  if (latency !== undefined) snapshot.latency = latency
  if (wish?.name === undefined && real.drain === undefined) return snapshot
  return {
    ...snapshot,
    ...(wish?.name !== undefined && { name: wish.name }),
    ...(real.drain && { drain: real.drain }),
  }
}

function connectionsOf(maps: Maps, id: number) {
  const { inactive, active } = loadOf(maps, id)
  return {
    inactive,
    active,
    persistent: maps.persistents.getUint32(id * 8, true),
  }
}
