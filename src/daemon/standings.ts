// SPDX-License-Identifier: Apache-2.0
// Of every real server that was asked for: may it get new connections, and why. Made once for each store. Pure.
import type { Standing } from '../api/contract.js'
import { realKey, serviceKey } from '../model/keys.js'
import type { RealKey, ServiceKey } from '../model/types.js'
import { standingOf } from '../plan/effective.js'
import { desiredOf, factsOf, type Store } from './store.js'

export interface Standings {
  readonly reals: ReadonlyMap<RealKey, Standing>
  /** how many of a service's real servers get no new connections, and why */
  of(service: ServiceKey): Outs
}

export interface Outs {
  readonly drained: number
  readonly down: number
  /** of weight 0 by somebody's word */
  readonly quiesced: number
}

const NONE: Outs = { drained: 0, down: 0, quiesced: 0 }
export const NO_STANDINGS: Standings = { reals: new Map(), of: () => NONE }
const made = new WeakMap<Store, Standings>()

export function standingsOf(store: Store): Standings {
  const known = made.get(store)
  if (known) return known
  const facts = factsOf(store)
  const reals = new Map<RealKey, Standing>()
  const outs = new Map<ServiceKey, Outs>()
  for (const service of desiredOf(store).services) {
    let { drained, down, quiesced } = NONE
    for (const real of service.reals) {
      const standing = standingOf(service, real, facts)
      reals.set(realKey(service, real), standing)
      if (isDrained(standing)) drained++
      else if (isDown(standing)) down++
      else if (standing.reason === 'quiesced') quiesced++
    }
    if (drained + down + quiesced > 0) outs.set(serviceKey(service), { drained, down, quiesced })
  }
  const standings: Standings = { reals, of: (service) => outs.get(service) ?? NONE }
  made.set(store, standings)
  return standings
}

export function isDrained({ reason }: Standing): boolean {
  return reason === 'drained'
}

/** By its checks, not by anybody's word. */
export function isDown({ up, reason }: Standing): boolean {
  return !up && reason !== 'drained' && reason !== 'quiesced'
}
