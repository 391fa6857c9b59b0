// SPDX-License-Identifier: Apache-2.0
// What would be done if real servers had other weights: the planner's own operations, for what the maps hold now. Pure.
import type { Outcome, Real, Service } from '../model/types.js'
import type { Actual, ActualReal, ActualService } from './actual.js'
import { newDraft } from './draft.js'
import type { Op } from './ops.js'
import { planService } from './service.js'

/** Weight 0 is what a failed check makes of a real server: quiesced, its connections go on. */
export interface WeightChange {
  /** real id */
  readonly real: number
  readonly weight: number
}

/** `real-edit` and `service-publish` of the services that have them, and nothing else. */
export function whatIfOps(actual: Actual, changes: readonly WeightChange[]): Outcome<readonly Op[]> {
  const weights = new Map(changes.map(({ real, weight }) => [real, weight]))
  const ops: Op[] = []
  for (const [key, service] of actual.services) {
    if (!service.listed || !service.reals.some(({ id }) => weights.has(id))) continue
    const draft = newDraft(actual, 1)
    planService(draft, wished(service, weights), key, { ...service, trash: [] })
    if (draft.problems.length > 0) return { ok: false, problems: draft.problems }
    ops.push(...draft.place, ...draft.publish)
  }
  return { ok: true, value: ops }
}

function wished(service: ActualService, weights: ReadonlyMap<number, number>): Service {
  const { match, scheduler, flags, persistence, onePacket, reals } = service
  return {
    ...match,
    scheduler,
    owner: 'api',
    ...(flags && { flags }),
    ...(persistence && { persistence }),
    ...(onePacket && { onePacket }),
    reals: reals.map((real) => realOf(real, weights.get(real.id) ?? real.weight)),
  }
}

function realOf({ address, port, upper, lower, drain }: ActualReal, weight: number): Real {
  return { address, port, weight, upper, lower, ...(drain && { drain }) }
}
