// SPDX-License-Identifier: Apache-2.0
// Rows under the service they belong to, in the order they come.
import type { ServiceKey } from '../../model/types.js'

export function byService<Row extends { readonly service: ServiceKey }>(
  rows: readonly Row[],
): ReadonlyMap<ServiceKey, readonly Row[]> {
  const groups = new Map<ServiceKey, Row[]>()
  for (const row of rows) {
    const group = groups.get(row.service)
    if (group) group.push(row)
    else groups.set(row.service, [row])
  }
  return groups
}
