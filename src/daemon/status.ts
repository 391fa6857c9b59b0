// SPDX-License-Identifier: Apache-2.0
// The answer to `xlvs status`, from a snapshot and what the daemon knows of itself. Pure.
import type { Applied } from '../api/apply.js'
import type { ReloadResult, Status } from '../api/contract.js'
import type { Places } from '../api/places.js'
import { VERSION } from '../api/version.js'
import type { Datapath, Snapshot } from '../datapath/types.js'
import { interfaceRows, tableRows } from './rows.js'
import type { Source } from './source.js'
import { type Address, metricsUrl } from './web.js'

export interface Self {
  readonly pid: number
  /** ms since the epoch */
  readonly startedAt: number
  readonly source: Source
  readonly places: Places
  readonly reload: ReloadResult | undefined
  readonly applied: Applied | undefined
  readonly metrics: Address | undefined
  readonly generation: number
}

export function statusOf(self: Self, { adopted, limits }: Datapath, snapshot: Snapshot): Status {
  const reals = snapshot.services.flatMap((service) => service.reals)
  return {
    version: VERSION,
    pid: self.pid,
    startedAt: self.startedAt,
    ...(self.source.kind === 'file' ? { file: self.source.path, stateDir: self.places.stateDir } : {}),
    ...(self.reload ? { reload: self.reload } : {}),
    ...(self.applied ? { applied: self.applied } : {}),
    generation: self.generation,
    adopted,
    pinRoot: self.places.pinRoot,
    ...(self.metrics ? { metrics: metricsUrl(self.metrics) } : {}),
    services: snapshot.services.length,
    reals: reals.length,
    quiesced: reals.filter(({ effectiveWeight }) => effectiveWeight === 0).length,
    unresolved: reals.filter(({ nexthop }) => nexthop.state === 'unresolved').length,
    interfaces: interfaceRows(snapshot),
    tables: tableRows(snapshot),
    totals: Object.fromEntries(Object.entries(snapshot.totals).map(([name, n]) => [name, Number(n)])),
    limits,
  }
}
