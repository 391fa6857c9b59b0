// SPDX-License-Identifier: Apache-2.0
// The answer to `xlvs status`, from a snapshot and what the daemon knows of itself. Pure.
import type { Applied } from '../api/apply.js'
import type { ReloadResult, Status } from '../api/contract.js'
import type { Places } from '../api/places.js'
import { VERSION } from '../api/version.js'
import type { Datapath, Snapshot } from '../datapath/types.js'
import type { VrrpStanding } from '../model/vrrp.js'
import { interfaceRows, tableRows } from './rows.js'
import type { Source } from './source.js'
import { isDown, isDrained, NO_STANDINGS, type Standings } from './standings.js'
import { type Address, metricsUrl } from './web.js'
import { realKeyOf } from './zero.js'

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
  readonly vrrp: readonly VrrpStanding[]
}

export function statusOf(
  self: Self,
  { adopted, limits }: Datapath,
  snapshot: Snapshot,
  standings: Standings = NO_STANDINGS,
): Status {
  const reals = snapshot.services.flatMap((service) => service.reals)
  return {
    version: VERSION,
    pid: self.pid,
    startedAt: self.startedAt,
    ...(self.source.kind === 'file' ? { file: self.source.path, stateDir: self.places.stateDir } : {}),
    ...(self.reload ? { reload: self.reload } : {}),
    ...(self.applied ? { applied: self.applied } : {}),
    generation: self.generation,
    vrrp: self.vrrp,
    adopted,
    pinRoot: self.places.pinRoot,
    ...(self.metrics ? { metrics: metricsUrl(self.metrics) } : {}),
    services: snapshot.services.length,
    reals: reals.length,
    ...idle(snapshot, standings),
    unresolved: reals.filter(({ nexthop }) => nexthop.state === 'unresolved').length,
    interfaces: interfaceRows(snapshot),
    tables: tableRows(snapshot),
    totals: Object.fromEntries(Object.entries(snapshot.totals).map(([name, n]) => [name, Number(n)])),
    limits,
  }
}

/** Weight 0, of which an operator's drain and the checks are two reasons that are told apart from the others. */
function idle({ services }: Snapshot, { reals }: Standings): Pick<Status, 'quiesced' | 'drained' | 'down'> {
  const standings = [...reals.values()]
  const other = services.flatMap((service) =>
    service.reals.filter((real) => {
      const standing = reals.get(realKeyOf(service, real))
      return real.effectiveWeight === 0 && !(standing && (isDrained(standing) || isDown(standing)))
    }),
  )
  const [drained, down] = [standings.filter(isDrained).length, standings.filter(isDown).length]
  return { quiesced: other.length, drained, down }
}
