// SPDX-License-Identifier: Apache-2.0
// Health as it is shown: of each real server that was asked for, why it stands as it does and what its checks said. Pure.
import type { CheckRow, Filter, HealthRow } from '../api/contract.js'
import { realKey, serviceKey } from '../model/keys.js'
import type { Real, RealKey, Service } from '../model/types.js'
import { standingsOf } from './standings.js'
import { desiredOf, effectiveOf, type Store } from './store.js'
import { passiveOf } from './subjects.js'

export function healthRows(store: Store, checks: readonly CheckRow[], filter: Filter): readonly HealthRow[] {
  const shown = desiredOf(store).services.filter((service) => isWanted(service, filter))
  const keys = new Set(shown.map(serviceKey))
  const weights = weightsIn(effectiveOf(store).services.filter((service) => keys.has(serviceKey(service))))
  const asked = byReal(checks.filter(({ service }) => keys.has(service)))
  const { reals } = standingsOf(store)
  return shown.flatMap((service) => {
    const key = serviceKey(service)
    const quorum = store.observed.quorum.get(key)
    const wanted = service.reals.filter(({ address }) => filter.real === undefined || address === filter.real)
    return wanted.map((real): HealthRow => {
      const name = realKey(key, real)
      return {
        ...{ service: key, real: name, address: real.address },
        standing: reals.get(name) ?? { up: true, reason: 'unchecked' },
        weight: wishedWeight(store, name, real),
        effectiveWeight: weights.get(name) ?? 0,
        ...(quorum === undefined ? {} : { quorum }),
        passive: passiveOf(service, real) !== undefined,
        checks: (asked.get(name) ?? []).map(({ service: _, real: __, ...row }) => row),
      }
    })
  })
}

function isWanted(service: Service, filter: Filter): boolean {
  return filter.service === undefined || filter.service === serviceKey(service)
}

/** One that is removed while it is down has none. */
function weightsIn(services: readonly Service[]): ReadonlyMap<RealKey, number> {
  return new Map(
    services.flatMap((service) =>
      service.reals.map((real) => [realKey(service, real), real.weight] as const),
    ),
  )
}

function byReal(checks: readonly CheckRow[]): ReadonlyMap<RealKey, readonly CheckRow[]> {
  const found = new Map<RealKey, CheckRow[]>()
  for (const row of checks) {
    const rows = found.get(row.real)
    if (rows) rows.push(row)
    else found.set(row.real, [row])
  }
  return found
}

function wishedWeight({ runtime }: Store, name: RealKey, real: Real): number {
  return runtime.overrides.find((o) => `${o.service} > ${o.real}` === name)?.weight ?? real.weight
}
