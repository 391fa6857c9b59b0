// SPDX-License-Identifier: Apache-2.0
// The same numbers under the names, types and labels of node_exporter's ipvs collector, which reads /proc/net/ip_vs and
// /proc/net/ip_vs_stats. What leaves is 0, as the kernel counts it under direct routing: replies bypass the director.
import type { RealCounters, RealSnapshot } from '../datapath/types.js'
import type { ServiceMatch } from '../model/types.js'
import type { Column, Row } from './columns.js'
import { type Family, header, type LabelText, labels, sample, type Value } from './exposition.js'
import type { RealRow, ServiceRow } from './rows.js'

export interface BackendRow extends Row {
  readonly counted: RealRow['counted']
}

interface TotalFamily extends Family {
  readonly value: (total: RealCounters) => Value
}

export const IPVS_TOTALS: readonly TotalFamily[] = [
  {
    name: 'node_ipvs_connections_total',
    type: 'counter',
    help: 'Connections scheduled for all virtual services, removed ones included.',
    value: (total) => total.connections,
  },
  {
    name: 'node_ipvs_incoming_packets_total',
    type: 'counter',
    help: 'Packets forwarded for all virtual services, removed ones included.',
    value: (total) => total.packets,
  },
  {
    name: 'node_ipvs_outgoing_packets_total',
    type: 'counter',
    help: 'Always 0: replies bypass the director.',
    value: () => 0,
  },
  {
    name: 'node_ipvs_incoming_bytes_total',
    type: 'counter',
    help: 'IP bytes forwarded for all virtual services, removed ones included.',
    value: (total) => total.bytes,
  },
  {
    name: 'node_ipvs_outgoing_bytes_total',
    type: 'counter',
    help: 'Always 0: replies bypass the director.',
    value: () => 0,
  },
]

export const IPVS_BACKENDS: readonly Column<BackendRow>[] = [
  {
    name: 'node_ipvs_backend_connections_active',
    type: 'gauge',
    help: 'Active connections of a real server now.',
    value: ({ counted }) => counted?.active,
  },
  {
    name: 'node_ipvs_backend_connections_inactive',
    type: 'gauge',
    help: 'Inactive connections of a real server now.',
    value: ({ counted }) => counted?.inactive,
  },
  {
    name: 'node_ipvs_backend_weight',
    type: 'gauge',
    help: 'Weight that a real server is scheduled with now.',
    value: ({ counted }) => counted?.effectiveWeight,
  },
]

export const IPVS_OVERFLOW: LabelText = labels({
  local_address: 'overflow',
  local_port: '',
  remote_address: '',
  remote_port: '',
  proto: '',
  local_mark: '',
})

/** As /proc/net/ip_vs names them: a mark in eight hex digits, and what a mark's service has no address for is empty. */
export function backendRows(reals: readonly RealRow[]): readonly BackendRow[] {
  return reals.map(({ of, counted }) => ({
    labels: counted ? backendLabels(of.match, counted) : '',
    counted,
  }))
}

/** Addresses and numbers need no escapes. */
function backendLabels(match: ServiceMatch, { address, port }: RealSnapshot): LabelText {
  const remote = `remote_address="${address}",remote_port="${port}"`
  if (match.mark === undefined)
    return `local_address="${match.vip}",local_port="${match.port}",${remote},proto="${match.protocol.toUpperCase()}",local_mark=""`
  const mark = match.mark.toString(16).toUpperCase().padStart(8, '0')
  return `local_address="",local_port="0",${remote},proto="FWM",local_mark="${mark}"`
}

/** What all services have counted, those that are gone included. */
export function totalsText(services: readonly ServiceRow[], gone: RealCounters): string {
  const total = { ...gone }
  for (const { counted } of services) {
    total.packets += counted?.packets ?? 0n
    total.bytes += counted?.bytes ?? 0n
    total.connections += counted?.connections ?? 0n
  }
  return IPVS_TOTALS.map((family) => header(family) + sample(family.name, '', family.value(total))).join('')
}
