// SPDX-License-Identifier: Apache-2.0
// Which real servers a drain is about: those of its address, in one service or in all. Pure.
import type { DrainName } from '../api/parse-drain.js'
import { serviceKey } from '../model/keys.js'
import type { Drain, Real, Service, ServiceKey } from '../model/types.js'
import { drainOf } from '../plan/effective.js'

export interface DrainedReal {
  readonly service: Service
  readonly key: ServiceKey
  readonly real: Real
}

export function drainedBy(drain: Drain, services: readonly Service[]): readonly DrainedReal[] {
  return services.flatMap((service) => {
    const key = serviceKey(service)
    if (drain.service !== undefined && drain.service !== key) return []
    return service.reals.flatMap((real) => (drainOf([drain], key, real) ? [{ service, key, real }] : []))
  })
}

/** A drain whose real server is gone has ended with it. */
export function withoutLost(drains: readonly Drain[], services: readonly Service[]): readonly Drain[] {
  const kept = drains.filter((drain) => drainedBy(drain, services).length > 0)
  return kept.length === drains.length ? drains : kept
}

export function sameDrained(a: Drain, b: DrainName): boolean {
  return a.address === b.address && a.port === b.port && a.service === b.service
}
