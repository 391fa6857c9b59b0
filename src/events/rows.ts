// SPDX-License-Identifier: Apache-2.0
// Rows of services and real servers as facts, and back. Pure.
import type { PastReal, PastService } from '../api/contract-sight.js'
import type { Facts } from './facts.js'

/** A service and the real servers that are shown under it. */
export interface Stand {
  readonly service: PastService
  readonly reals: readonly PastReal[]
}

export function factsOfRows(stands: readonly Stand[]): Facts {
  const rows = stands.flatMap(({ service, reals }) => [
    [service.service, JSON.stringify(service)] as const,
    ...reals.map((row) => [row.real, JSON.stringify(row)] as const),
  ])
  return new Map(rows)
}

export function servicesIn(facts: Facts): readonly PastService[] {
  return rowsIn(facts).filter((row): row is PastService => !('real' in row))
}

/** Service by service. */
export function realsIn(facts: Facts): readonly PastReal[] {
  const reals = rowsIn(facts).filter((row): row is PastReal => 'real' in row)
  const order = new Map(servicesIn(facts).map(({ service }, i) => [service, i]))
  return reals.toSorted((a, b) => (order.get(a.service) ?? 0) - (order.get(b.service) ?? 0))
}

function rowsIn(facts: Facts): readonly (PastService | PastReal)[] {
  return [...facts.values()].map((text) => JSON.parse(text) as PastService | PastReal)
}
