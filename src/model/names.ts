// SPDX-License-Identifier: Apache-2.0
// The keys of a service and of its real servers, made once for each service: where ten thousand are looked at for one that
// changed, making their names is what costs.
import { realKey, serviceKey } from './keys.js'
import type { RealKey, Service, ServiceKey } from './types.js'

export interface Names {
  readonly key: ServiceKey
  /** in the order of its real servers */
  readonly reals: readonly RealKey[]
}

const made = new WeakMap<Service, Names>()

export function namesOf(service: Service): Names {
  const known = made.get(service)
  if (known) return known
  const key = serviceKey(service)
  const names = { key, reals: service.reals.map((real) => realKey(key, real)) }
  made.set(service, names)
  return names
}
