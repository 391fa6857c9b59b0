// SPDX-License-Identifier: Apache-2.0
// What is there at every level: interfaces, reasons, tables. One table that says what a name means and where its samples
// come from.
import type { Action, InterfaceSnapshot, Snapshot } from '../datapath/types.js'
import { type Family, header, type LabelText, labels, sample, type Value } from './exposition.js'

interface SnapshotFamily extends Family {
  readonly samples: (snapshot: Snapshot) => Iterable<readonly [LabelText, Value]>
}

const ACTIONS: readonly Action[] = ['pass', 'tx', 'redirect', 'drop']

const interfaceFamilies: readonly SnapshotFamily[] = [
  {
    name: 'xlvs_interface_info',
    type: 'gauge',
    help: 'Interfaces that carry the XDP program; always 1.',
    samples: (s) => s.interfaces.map((i) => [interfaceInfo(i), 1]),
  },
  {
    name: 'xlvs_packets_total',
    type: 'counter',
    help: 'Packets by what the XDP program did with them.',
    samples: (s) => actions(s, 'packets'),
  },
  {
    name: 'xlvs_bytes_total',
    type: 'counter',
    help: 'Bytes of frames by what the XDP program did with them.',
    samples: (s) => actions(s, 'bytes'),
  },
  {
    name: 'xlvs_drops_total',
    type: 'counter',
    help: 'Packets dropped, by the reason why.',
    samples: (s) => ofReasons(s, 'drop_'),
  },
  {
    name: 'xlvs_answers_total',
    type: 'counter',
    help: 'ICMP messages that the director itself sent instead of forwarding, by the reason why.',
    samples: (s) => ofReasons(s, 'answer_'),
  },
]

const tableFamilies: readonly SnapshotFamily[] = [
  {
    name: 'xlvs_conn_created_total',
    type: 'counter',
    help: 'Connections entered into the connection tables.',
    samples: (s) => [['', s.totals.connsCreated]],
  },
  {
    name: 'xlvs_conn_expired_total',
    type: 'counter',
    help: 'Connections that reached their timeout.',
    samples: (s) => [['', s.totals.connsExpired]],
  },
  {
    name: 'xlvs_conn_evicted_total',
    type: 'counter',
    help: 'Live connections that made room for new ones.',
    samples: (s) => [['', s.totals.connsEvicted]],
  },
  {
    name: 'xlvs_table_entries',
    type: 'gauge',
    help: 'Entries in use, as the last full sweep counted them.',
    samples: (s) => Object.entries(s.tables).map(([table, t]) => [labels({ table }), t.entries]),
  },
  {
    name: 'xlvs_table_capacity',
    type: 'gauge',
    help: 'Entries a table has room for.',
    samples: (s) => Object.entries(s.tables).map(([table, t]) => [labels({ table }), t.capacity]),
  },
]

export const SNAPSHOT_FAMILIES: readonly SnapshotFamily[] = [...interfaceFamilies, ...tableFamilies]

/** The text of all families above. */
export function snapshotText(snapshot: Snapshot): string {
  let text = ''
  for (const family of SNAPSHOT_FAMILIES) {
    text += header(family)
    for (const [pairs, value] of family.samples(snapshot)) text += sample(family.name, pairs, value)
  }
  return text
}

function interfaceInfo({ attachment }: InterfaceSnapshot): LabelText {
  const { interface: name, mode, mac, ifindex } = attachment
  return labels({ interface: name, mode, driver: attachment.driver ?? '', mac, ifindex })
}

function* actions(snapshot: Snapshot, unit: 'packets' | 'bytes'): Iterable<[LabelText, Value]> {
  for (const one of snapshot.interfaces)
    for (const action of ACTIONS)
      yield [labels({ interface: one.attachment.interface, action }), one.actions[action][unit]]
}

function* ofReasons(snapshot: Snapshot, prefix: string): Iterable<[LabelText, Value]> {
  for (const [name, { packets }] of Object.entries(snapshot.reasons))
    if (name.startsWith(prefix)) yield [labels({ reason: name.slice(prefix.length) }), packets]
}
