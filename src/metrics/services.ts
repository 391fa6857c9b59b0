// SPDX-License-Identifier: Apache-2.0
// The series per service. Drops and answers have one for each reason from the first on, at 0 too: rate() sees the
// first packet.
import { ReasonNames } from '../abi/generated.js'
import type { Column } from './columns.js'
import { type Family, labels, type Value } from './exposition.js'
import { SERVICE_HEALTH } from './health.js'
import type { ServiceRow } from './rows.js'

const reasonsOf = (prefix: string): readonly string[] =>
  Object.values(ReasonNames)
    .map((name) => name.toLowerCase())
    .filter((name) => name.startsWith(prefix))

/** One column for each reason that begins so; the label does not. */
function byReason(family: Family, prefix: string): readonly Column<ServiceRow>[] {
  return reasonsOf(prefix).map((reason) => ({
    ...family,
    label: `,reason="${reason.slice(prefix.length)}"`,
    value: ({ counted }) => (counted ? (counted.reasons[reason] ?? 0n) : undefined),
  }))
}

export const SERVICE_COLUMNS: readonly Column<ServiceRow>[] = [
  {
    name: 'xlvs_service_info',
    type: 'gauge',
    help: 'Virtual services with the name, scheduler and owner they have; always 1.',
    label: (row) => `,${infoLabels(row)}`,
    value: ({ counted }): Value | undefined => counted && 1,
    beyond: { label: `,${labels({ name: '', scheduler: '', owner: '' })}`, value: 1 },
  },
  {
    name: 'xlvs_service_packets_total',
    type: 'counter',
    help: 'Packets forwarded for a virtual service, removed real servers included.',
    value: ({ counted }) => counted?.packets,
  },
  {
    name: 'xlvs_service_bytes_total',
    type: 'counter',
    help: 'IP bytes forwarded for a virtual service, removed real servers included.',
    value: ({ counted }) => counted?.bytes,
  },
  {
    name: 'xlvs_service_connections_total',
    type: 'counter',
    help: 'Connections scheduled for a virtual service, removed real servers included.',
    value: ({ counted }) => counted?.connections,
  },
  ...byReason(
    {
      name: 'xlvs_service_drops_total',
      type: 'counter',
      help: 'Packets for a virtual service that were dropped, by the reason why.',
    },
    'drop_',
  ),
  ...byReason(
    {
      name: 'xlvs_service_answers_total',
      type: 'counter',
      help: 'Packets for a virtual service that the director itself answered, by the reason why.',
    },
    'answer_',
  ),
  ...SERVICE_HEALTH,
]

export const SERVICE_HANDSHAKES: Family = {
  name: 'xlvs_service_handshake_seconds',
  type: 'histogram',
  help: "Time from a client's first SYN to its first ACK, the client's path included; TCP.",
}

function infoLabels({ counted }: ServiceRow): string {
  return labels({
    name: counted?.name ?? '',
    scheduler: counted?.scheduler ?? '',
    owner: counted?.owner ?? '',
  })
}
