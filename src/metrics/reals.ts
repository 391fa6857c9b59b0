// SPDX-License-Identifier: Apache-2.0
// The series per real server, of which there may be 10,000 times nine and more: labels are made once for each, and the
// text comes in pieces so that a scrape never holds up the event loop for long.
import type { RealSnapshot, ServiceSnapshot, Snapshot } from '../datapath/types.js'
import { realText } from '../model/keys.js'
import { type Family, header, number, type Value } from './exposition.js'
import { serviceLabels } from './families.js'

interface RealFamily extends Family {
  /** appended to the labels of the real server */
  readonly label?: string
  readonly value: (real: RealSnapshot) => Value
  /** real servers that have a sample; absent = all */
  readonly of?: (real: RealSnapshot) => boolean
}

const limited = ({ upper, lower }: RealSnapshot) => upper > 0 || lower > 0

const CONNECTIONS = {
  name: 'xlvs_real_connections',
  type: 'gauge',
  help: 'Connections of a real server now: active and inactive as in IPVS, persistent = persistence templates.',
} as const

export const REAL_FAMILIES: readonly RealFamily[] = [
  {
    name: 'xlvs_real_packets_total',
    type: 'counter',
    help: 'Packets forwarded to a real server.',
    value: (r) => r.packets,
  },
  {
    name: 'xlvs_real_bytes_total',
    type: 'counter',
    help: 'IP bytes forwarded to a real server.',
    value: (r) => r.bytes,
  },
  {
    name: 'xlvs_real_connections_total',
    type: 'counter',
    help: 'Connections scheduled to a real server.',
    value: (r) => r.connections,
  },
  { ...CONNECTIONS, label: ',state="active"', value: (r) => r.active },
  { ...CONNECTIONS, label: ',state="inactive"', value: (r) => r.inactive },
  { ...CONNECTIONS, label: ',state="persistent"', value: (r) => r.persistent },
  {
    name: 'xlvs_real_weight',
    type: 'gauge',
    help: 'Weight that a real server was configured with.',
    value: (r) => r.weight,
  },
  {
    name: 'xlvs_real_effective_weight',
    type: 'gauge',
    help: 'Weight that a real server is scheduled with now.',
    value: (r) => r.effectiveWeight,
  },
  {
    name: 'xlvs_real_nexthop_up',
    type: 'gauge',
    help: '1 when packets can reach the real server: its next hop is resolved or it is this host.',
    value: (r) => r.nexthop.state !== 'unresolved',
  },
  {
    name: 'xlvs_real_upper_threshold',
    type: 'gauge',
    help: 'Connections at which a real server gets no new ones; only where thresholds are set.',
    value: (r) => r.upper,
    of: limited,
  },
  {
    name: 'xlvs_real_lower_threshold',
    type: 'gauge',
    help: 'Connections below which it gets new ones again, 0 = three quarters of the upper threshold.',
    value: (r) => r.lower,
    of: limited,
  },
  {
    name: 'xlvs_real_overloaded',
    type: 'gauge',
    help: '1 while a real server gets no new connections because it reached its upper threshold.',
    value: (r) => r.overloaded,
    of: limited,
  },
]

/** The text of all families above, one piece per family. */
export function* realTexts(snapshot: Snapshot): Generator<string> {
  const rows = snapshot.services.flatMap((service) => {
    const of = `{${serviceLabels(service)},real="`
    return service.reals.map((real) => ({ real, labels: `${of}${nameOf(service, real)}"` }))
  })
  let last = ''
  for (const family of REAL_FAMILIES) {
    let text = family.name === last ? '' : header(family)
    last = family.name
    const end = `${family.label ?? ''}} `
    for (const { real, labels } of rows)
      if (family.of?.(real) ?? true) text += `${family.name}${labels}${end}${number(family.value(real))}\n`
    yield text
  }
}

/** A port belongs to the name in services of a mark only. */
function nameOf({ match }: ServiceSnapshot, { address, port }: RealSnapshot): string {
  return match.mark === undefined ? address : realText({ address, port })
}
