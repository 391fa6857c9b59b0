// SPDX-License-Identifier: Apache-2.0
// Rows of services and real servers as facts, and back. Pure.
import type { PastReal, PastService } from '../api/contract-sight.js'
import type { Facts } from './facts.js'

/** Its text under the key of the service, which says already which one it is. */
export function serviceFact({ service: _, ...row }: PastService): string {
  return JSON.stringify(row)
}

/** Under the key of the real server, which names its service too. */
export function realFact({ real: _, ...row }: Omit<PastReal, 'service'>): string {
  return JSON.stringify(row)
}

export function servicesIn(facts: Facts): readonly PastService[] {
  return rowsIn(facts, false).map(([service, row]) => ({ service, ...row }) as PastService)
}

/** Service by service. */
export function realsIn(facts: Facts): readonly PastReal[] {
  const order = new Map(rowsIn(facts, false).map(([service], i) => [service, i]))
  const reals = rowsIn(facts, true).map(([real, row]) => {
    return { service: real.slice(0, real.indexOf(OF_SERVICE)), real, ...row } as PastReal
  })
  return reals.toSorted((a, b) => (order.get(a.service) ?? 0) - (order.get(b.service) ?? 0))
}

/** As realKey joins them. */
const OF_SERVICE = ' > '

function rowsIn(facts: Facts, reals: boolean): readonly (readonly [key: string, row: object])[] {
  return [...facts]
    .filter(([key]) => key.includes(OF_SERVICE) === reals)
    .map(([key, text]) => [key, JSON.parse(text) as object] as const)
}
