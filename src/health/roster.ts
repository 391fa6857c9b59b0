// SPDX-License-Identifier: Apache-2.0
// The real servers that are checked, by their own names and by their services', and those that are on their way out.
import type { RealKey, ServiceKey } from '../model/types.js'
import type { CheckedReal } from './real.js'

export interface Roster {
  get(key: RealKey): CheckedReal | undefined
  of(service: ServiceKey): readonly CheckedReal[]
  all(): readonly CheckedReal[]
  services(): readonly ServiceKey[]
  add(real: CheckedReal): void
  /** and ends it */
  remove(real: CheckedReal): void
  /** kept when nothing of those that were removed is open */
  left(): Promise<void>
}

export function createRoster(): Roster {
  const reals = new Map<RealKey, CheckedReal>()
  const services = new Map<ServiceKey, Set<CheckedReal>>()
  const leaving = new Set<Promise<void>>()
  return {
    get: (key) => reals.get(key),
    of: (service) => [...(services.get(service) ?? [])],
    all: () => [...reals.values()],
    services: () => [...services.keys()],
    add: (real) => {
      const { key, service } = real.subject()
      reals.set(key, real)
      services.set(service, (services.get(service) ?? new Set()).add(real))
    },
    remove: (real) => {
      const { key, service } = real.subject()
      reals.delete(key)
      const rest = services.get(service)
      rest?.delete(real)
      if (rest?.size === 0) services.delete(service)
      const left = real.end().finally(() => leaving.delete(left))
      leaving.add(left)
    },
    left: async () => {
      await Promise.all(leaving)
    },
  }
}
