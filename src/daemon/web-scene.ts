// SPDX-License-Identifier: Apache-2.0
// What the live stream shows, asked of the very handlers that answer the control socket.
import type { Listing, RealRow, ServiceRow, Statistics, Status } from '../api/contract.js'
import type { DropRow } from '../api/contract-sight.js'
import type { RouteName } from '../api/routes.js'
import type { LiveSource } from '../web/live.js'
import type { Handler, Names } from './handlers.js'

export type HandlerTable = Readonly<Record<RouteName, Handler>>

export function sceneOf(
  table: () => HandlerTable | undefined,
  writable: () => boolean,
  now: () => number,
): LiveSource {
  const ask = async <T>(name: string, params: Names = {}): Promise<T | undefined> => {
    const handler = (table() as Readonly<Record<string, Handler>> | undefined)?.[name]
    const outcome = await handler?.({ params, body: undefined })
    return outcome?.ok ? (outcome.value as T) : undefined
  }
  const must = async <T>(name: string): Promise<T> => {
    const answer = await ask<T>(name)
    if (answer === undefined) throw new Error(`no ${name}`)
    return answer
  }
  return {
    scene: async () => ({
      at: now(),
      status: await must<Status>('status'),
      statistics: await must<Statistics>('statistics'),
      services: (await must<Listing<ServiceRow>>('services')).rows,
      drops: (await ask<Listing<DropRow>>('drops'))?.rows ?? [],
      writable: writable(),
    }),
    reals: async (service) => {
      const rows = (await ask<Listing<RealRow>>('reals', { service }))?.rows
      if (rows?.length) return rows
      const services = await must<Listing<ServiceRow>>('services')
      return services.rows.some((row) => row.service === service) ? [] : undefined
    },
  }
}
