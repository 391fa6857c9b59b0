// SPDX-License-Identifier: Apache-2.0
// Asks the daemon for what the screen shows: the small listings always, real servers only of the service that is
// looked into.

import type { Listing } from '../../api/contract.js'
import { succeed } from '../../model/describe.js'
import type { Outcome, ServiceKey } from '../../model/types.js'
import { call } from '../client.js'
import type { Sample, Timed } from './sample.js'

export interface Clocks {
  /** ms since the epoch */
  readonly time: () => number
  /** ms, only forwards */
  readonly steady: () => number
}

export async function poll(
  socket: string,
  service: ServiceKey | undefined,
  clocks: Clocks,
): Promise<Outcome<Sample>> {
  const timed = <Row>(asked: Promise<Outcome<Listing<Row>>>): Promise<Outcome<Timed<Row>>> =>
    asked.then((found) => (found.ok ? succeed({ at: clocks.steady(), rows: found.value.rows }) : found))
  const [status, services, drops, reals] = await Promise.all([
    call(socket, 'status'),
    timed(call(socket, 'services')),
    timed(call(socket, 'drops')),
    service === undefined ? undefined : timed(call(socket, 'reals', { service })),
  ])
  if (!status.ok) return status
  if (!services.ok) return services
  if (!drops.ok) return drops
  if (reals && !reals.ok) return reals
  const time = clocks.time()
  return succeed({
    time,
    clock: clockText(time),
    status: status.value,
    services: services.value,
    drops: drops.value,
    ...(reals && service !== undefined && { reals: { ...reals.value, of: service } }),
  })
}

/** In the time zone of who looks. */
function clockText(time: number): string {
  return new Date(time).toTimeString().slice(0, 8)
}
