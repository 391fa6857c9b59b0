// SPDX-License-Identifier: Apache-2.0
// A snapshot as the rows that travel over the socket. Pure.
import type {
  Filter,
  InterfaceRow,
  Listing,
  NexthopRow,
  RealRow,
  ReasonRow,
  ServiceRow,
  Statistics,
  TableRow,
  TunableRow,
} from '../api/contract.js'
import type { LatencyRow } from '../api/contract-sight.js'
import type {
  Counters,
  InterfaceSnapshot,
  NextHopState,
  RealSnapshot,
  ServiceSnapshot,
  Snapshot,
} from '../datapath/types.js'
import type { Latency } from '../model/latency.js'
import { classOf } from '../model/reasons.js'
import { TUNABLE_NAMES, TUNABLES } from '../model/tunables.js'
import type { Tunables } from '../model/types.js'
import type { Meter } from './meter.js'
import { NO_STANDINGS, type Standings } from './standings.js'
import { realKeyOf } from './zero.js'

export function serviceRows(
  snapshot: Snapshot,
  meter: Meter,
  filter: Filter,
  standings: Standings = NO_STANDINGS,
): readonly ServiceRow[] {
  return chosen(snapshot, filter).map((service) => {
    const { id: _, key, reals, reasons: _reasons, latency, ...rest } = service
    const numbers = { ...meter.service(service), ...counts(service), ...standings.of(key), ...timed(latency) }
    return { service: key, ...rest, ...numbers, reals: reals.length }
  })
}

export function realRows(
  snapshot: Snapshot,
  meter: Meter,
  filter: Filter,
  standings: Standings = NO_STANDINGS,
): readonly RealRow[] {
  return chosen(snapshot, filter).flatMap((service) =>
    service.reals
      .filter(({ address }) => filter.real === undefined || address === filter.real)
      .map((real) => realRow(service, real, meter, standings)),
  )
}

export function nexthopRows(snapshot: Snapshot, filter: Filter): readonly NexthopRow[] {
  const rows = new Map<string, NexthopRow>()
  for (const { key, reals } of snapshot.services)
    for (const { address, nexthop } of reals) {
      if (filter.real !== undefined && address !== filter.real) continue
      const services = rows.get(address)?.services ?? []
      rows.set(address, { address, ...hop(nexthop), services: [...services, key] })
    }
  return [...rows.values()]
}

export function interfaceRows(snapshot: Snapshot): readonly InterfaceRow[] {
  return snapshot.interfaces.map(({ attachment, actions }) => ({
    name: attachment.interface,
    ifindex: attachment.ifindex,
    mac: attachment.mac,
    mode: attachment.mode,
    ...(attachment.driver === undefined ? {} : { driver: attachment.driver }),
    programId: attachment.programId,
    packets: perAction(actions, 'packets'),
    bytes: perAction(actions, 'bytes'),
  }))
}

/** Of a service those that it has counted. */
export function reasonRows(snapshot: Snapshot, { service }: Filter = {}): readonly ReasonRow[] {
  if (service !== undefined)
    return chosen(snapshot, { service }).flatMap(({ reasons }) =>
      Object.entries(reasons).map(([reason, packets]) => reasonRow(reason, packets)),
    )
  return Object.entries(snapshot.reasons).map(([reason, { packets, bytes }]) => ({
    ...reasonRow(reason, packets),
    bytes: Number(bytes),
  }))
}

export function tableRows(snapshot: Snapshot): readonly TableRow[] {
  return (['conn4', 'conn6', 'template'] as const).map((name) => ({ name, ...snapshot.tables[name] }))
}

export function tunableRows(tunables: Tunables): readonly TunableRow[] {
  return TUNABLE_NAMES.map((name) => ({ name, value: tunables[name], ...TUNABLES[name] }))
}

export function statisticsOf(snapshot: Snapshot, meter: Meter): Statistics {
  return { ...meter.total(snapshot), size: snapshot.tables.conn4.capacity }
}

/** Connections or templates without the number that their real server has inside. */
export function* entryRows<Entry extends { readonly realId: number }>(
  entries: Iterable<Entry | undefined>,
): Generator<Omit<Entry, 'realId'> | undefined> {
  for (const entry of entries) {
    if (entry === undefined) yield undefined
    else {
      const { realId: _, ...row } = entry
      yield row
    }
  }
}

export function whole<Row>(rows: readonly Row[]): Listing<Row> {
  return { rows, more: false }
}

function reasonRow(reason: string, packets: bigint): ReasonRow {
  return { reason, action: classOf(reason), packets: Number(packets) }
}

function chosen(snapshot: Snapshot, { service }: Filter): readonly ServiceSnapshot[] {
  return service === undefined ? snapshot.services : snapshot.services.filter(({ key }) => key === service)
}

function realRow(service: ServiceSnapshot, real: RealSnapshot, meter: Meter, { reals }: Standings): RealRow {
  const { id: _, drain: _stage, nexthop, latency, ...rest } = real
  const name = realKeyOf(service, real)
  const standing = reals.get(name)
  return {
    service: service.key,
    real: name,
    ...rest,
    ...(standing && { standing }),
    ...meter.real(service, real),
    ...counts(real),
    ...timed(latency),
    nexthop: hop(nexthop),
  }
}

function counts({ packets, bytes, connections }: ServiceSnapshot | RealSnapshot) {
  return { packets: Number(packets), bytes: Number(bytes), connections: Number(connections) }
}

function timed(latency: Latency | undefined): { readonly latency?: LatencyRow } {
  return latency ? { latency: { ...latency, sumUs: Number(latency.sumUs) } } : {}
}

function hop({ address: _, ...state }: NextHopState): RealRow['nexthop'] {
  return state
}

function perAction(actions: InterfaceSnapshot['actions'], unit: keyof Counters) {
  const { pass, tx, redirect, drop } = actions
  return {
    pass: Number(pass[unit]),
    tx: Number(tx[unit]),
    redirect: Number(redirect[unit]),
    drop: Number(drop[unit]),
  }
}
