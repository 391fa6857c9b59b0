// SPDX-License-Identifier: Apache-2.0
// Health, drains and what is gone as metrics want them. Pure.
import type { RealCounters } from '../datapath/types.js'
import type { RealHealth, ServiceHealth } from '../metrics/health.js'
import { realKey, realText, serviceKey } from '../model/keys.js'
import type { RealKey } from '../model/types.js'
import { drainOf } from '../plan/effective.js'
import { desiredOf, type Store } from './store.js'
import { checksOf, isWatched } from './subjects.js'

/** Only of services that are checked, and of real servers that are drained. */
export function healthMetrics(
  store: Store,
  failures: ReadonlyMap<RealKey, number>,
): readonly ServiceHealth[] {
  const { runtime, observed } = store
  return desiredOf(store).services.flatMap((service): readonly ServiceHealth[] => {
    const key = serviceKey(service)
    const watched = isWatched(service)
    if (!watched && runtime.drains.length === 0) return []
    const quorum = watched ? observed.quorum.get(key) : undefined
    const reals = service.reals.map((real): RealHealth => {
      const name = realKey(key, real)
      const up = observed.health.get(name)?.up
      const asked = checksOf(service, real).length > 0
      return {
        name: realText(real),
        ...(up === undefined ? {} : { up }),
        ...(asked ? { failures: failures.get(name) ?? 0 } : {}),
        drained: drainOf(runtime.drains, key, real) !== undefined,
      }
    })
    return [{ match: service, ...(quorum === undefined ? {} : { quorum }), reals }]
  })
}

/** What services that were removed had counted. */
export function goneCounters({ runtime }: Store): RealCounters {
  const [connections, packets, bytes] = runtime.zero.gone.map((count) => BigInt(Math.trunc(count)))
  return { connections: connections ?? 0n, packets: packets ?? 0n, bytes: bytes ?? 0n }
}
