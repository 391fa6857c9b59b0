// SPDX-License-Identifier: Apache-2.0
// The series per real server, of which there may be 10,000 times nine and more.
import type { RealSnapshot } from '../datapath/types.js'
import type { Column } from './columns.js'
import type { Family, Value } from './exposition.js'
import { REAL_HEALTH } from './health.js'
import type { RealRow } from './rows.js'

type Of = (real: RealSnapshot) => Value

/** Where thresholds are set. */
const limited =
  (value: Of) =>
  (real: RealSnapshot): Value | undefined =>
    real.upper > 0 || real.lower > 0 ? value(real) : undefined

const CONNECTIONS = {
  name: 'xlvs_real_connections',
  type: 'gauge',
  help: 'Connections of a real server now: active and inactive as in IPVS, persistent = persistence templates.',
} as const

export const REAL_COLUMNS: readonly Column<RealRow>[] = [
  {
    name: 'xlvs_real_packets_total',
    type: 'counter',
    help: 'Packets forwarded to a real server.',
    value: counted((r) => r.packets),
  },
  {
    name: 'xlvs_real_bytes_total',
    type: 'counter',
    help: 'IP bytes forwarded to a real server.',
    value: counted((r) => r.bytes),
  },
  {
    name: 'xlvs_real_connections_total',
    type: 'counter',
    help: 'Connections scheduled to a real server.',
    value: counted((r) => r.connections),
  },
  { ...CONNECTIONS, label: ',state="active"', value: counted((r) => r.active) },
  { ...CONNECTIONS, label: ',state="inactive"', value: counted((r) => r.inactive) },
  { ...CONNECTIONS, label: ',state="persistent"', value: counted((r) => r.persistent) },
  {
    name: 'xlvs_real_weight',
    type: 'gauge',
    help: 'Weight that a real server was configured with.',
    value: counted((r) => r.weight),
  },
  {
    name: 'xlvs_real_effective_weight',
    type: 'gauge',
    help: 'Weight that a real server is scheduled with now.',
    value: counted((r) => r.effectiveWeight),
  },
  {
    name: 'xlvs_real_nexthop_up',
    type: 'gauge',
    help: '1 when packets can reach the real server: its next hop is resolved or it is this host.',
    value: counted((r) => r.nexthop.state !== 'unresolved'),
  },
  {
    name: 'xlvs_real_upper_threshold',
    type: 'gauge',
    help: 'Connections at which a real server gets no new ones; only where thresholds are set.',
    value: counted(limited((r) => r.upper)),
  },
  {
    name: 'xlvs_real_lower_threshold',
    type: 'gauge',
    help: 'Connections below which it gets new ones again, 0 = three quarters of the upper threshold.',
    value: counted(limited((r) => r.lower)),
  },
  {
    name: 'xlvs_real_overloaded',
    type: 'gauge',
    help: '1 while a real server gets no new connections because it reached its upper threshold.',
    value: counted(limited((r) => r.overloaded)),
  },
  ...REAL_HEALTH,
]

export const REAL_HANDSHAKES: Family = {
  name: 'xlvs_real_handshake_seconds',
  type: 'histogram',
  help: "Time from a client's first SYN to its first ACK, the client's path included; TCP. The first real servers of the configuration, as many as fit under the cap.",
}

/** None for a real server that is not in the maps. */
function counted(value: (real: RealSnapshot) => Value | undefined): Column<RealRow>['value'] {
  return ({ counted: real }) => real && value(real)
}
