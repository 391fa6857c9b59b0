// SPDX-License-Identifier: Apache-2.0
// Services with their real servers under them, in the order of the listing.
import type { RealRow, ServiceRow } from '../../../api/contract.js'
import type { AddressText, Outcome, Protocol, ServiceKey } from '../../../model/types.js'
import { call } from '../../client.js'
import type { Names } from '../names.js'
import { type EndpointText, endpointTexts } from './endpoints.js'
import { compareReals, compareServices, inOrder } from './order.js'

export interface Group {
  readonly service: ServiceRow
  readonly reals: readonly RealRow[]
}

/** `sorted` false: as the kernel's lists stand, the last added real server first. */
export async function groupsOf(
  socket: string,
  sorted: boolean,
  service?: ServiceKey,
): Promise<Outcome<readonly Group[]>> {
  const filter = { limit: 0, ...(service === undefined ? {} : { service }) }
  const services = await call(socket, 'services', filter)
  if (!services.ok) return services
  const reals = await call(socket, 'reals', filter)
  if (!reals.ok) return reals
  const of = new Map<ServiceKey, RealRow[]>()
  for (const row of reals.value.rows) {
    const others = of.get(row.service)
    if (others === undefined) of.set(row.service, [row])
    else others.push(row)
  }
  const order = sorted ? inOrder(services.value.rows, compareServices) : services.value.rows
  const value = order.map((row) => {
    const mine = of.get(row.service) ?? []
    return { service: row, reals: sorted ? inOrder(mine, compareReals) : mine }
  })
  return { ok: true, value }
}

export function textsOf(groups: readonly Group[], numeric: boolean, names: Names): Promise<EndpointText> {
  return endpointTexts(addressesOf(groups), numeric, names)
}

export function protocolOf({ service: { match } }: Group): Protocol | undefined {
  return match.protocol
}

export function isIPv6({ service: { match } }: Group): boolean {
  return match.mark === undefined ? match.vip.includes(':') : match.family === 6
}

/** Marks are printed with %d: those from 2^31 on are negative there. */
export function markText(mark: number): string {
  return String(mark | 0)
}

function addressesOf(groups: readonly Group[]): readonly AddressText[] {
  return groups.flatMap(({ service: { match }, reals }) => [
    ...(match.mark === undefined ? [match.vip] : []),
    ...reals.map(({ address }) => address),
  ])
}
