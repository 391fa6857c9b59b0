// SPDX-License-Identifier: Apache-2.0
// How things stand: of every service and real server what is configured, in force, and why. What the event log remembers
// of each moment; counters are not in it. Pure.
import type { PastReal, PastService } from '../api/contract-sight.js'
import type { NextHopState } from '../datapath/types.js'
import type { Stand } from '../events/rows.js'
import { matchOf } from '../model/keys.js'
import { namesOf } from '../model/names.js'
import type { AddressText, Real, RealKey, Service } from '../model/types.js'
import { type Standings, standingsOf } from './standings.js'
import { desiredOf, effectiveOf, type Store } from './store.js'

type Hops = (address: AddressText) => NextHopState

/** In the order of the file; a sorry server stands after those it serves for. */
export function standsOf(store: Store, hop: Hops): readonly Stand[] {
  const { services } = effectiveOf(store)
  const standings = standingsOf(store)
  return desiredOf(store).services.map((service, i): Stand => {
    const inForce = services[i] ?? { ...service, reals: [] }
    const reals = realsOf(service, inForce, standings, hop)
    return { service: serviceRow(service, reals.length, standings), reals }
  })
}

function serviceRow(service: Service, reals: number, standings: Standings): PastService {
  const { scheduler, flags, onePacket, persistence, name, owner } = service
  const { key } = namesOf(service)
  return {
    service: key,
    match: matchOf(service),
    scheduler,
    ...(flags && { flags }),
    ...(onePacket && { onePacket }),
    ...(persistence && { persistence }),
    ...(name !== undefined && { name }),
    owner,
    reals,
    ...standings.of(key),
  }
}

function realsOf(service: Service, inForce: Service, standings: Standings, hop: Hops): readonly PastReal[] {
  const { key, reals: names } = namesOf(service)
  const effective = namesOf(inForce)
  const weights = new Map(inForce.reals.map((real, i) => [effective.reals[i], real.weight]))
  const wished = new Set(names)
  const row = (real: Real, name: RealKey): PastReal => {
    const { address, weight, upper = 0, lower = 0 } = real
    const standing = standings.reals.get(name)
    return {
      ...{ service: key, real: name, address },
      ...(real.name !== undefined && { name: real.name }),
      ...{ weight, effectiveWeight: weights.get(name) ?? 0, upper, lower },
      ...(standing && { standing }),
      nexthop: hopOf(hop(address)),
    }
  }
  const sorry = inForce.reals.flatMap((real, i) => {
    const name = effective.reals[i] as RealKey
    return wished.has(name) ? [] : [row(real, name)]
  })
  return [...service.reals.map((real, i) => row(real, names[i] as RealKey)), ...sorry]
}

function hopOf({ state, why, interface: name }: NextHopState): PastReal['nexthop'] {
  return { state, ...(why !== undefined && { why }), ...(name !== undefined && { interface: name }) }
}
