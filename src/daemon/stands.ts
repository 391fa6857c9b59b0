// SPDX-License-Identifier: Apache-2.0
// How things stand: of every service and real server what is configured, in force, and why. What the event log remembers
// of each moment; counters are not in it. Of ten thousand rows only those that differ are written again.
import type { Standing } from '../api/contract.js'
import type { PastReal, PastService } from '../api/contract-sight.js'
import type { NextHopState } from '../datapath/types.js'
import type { Facts } from '../events/facts.js'
import { realFact, serviceFact } from '../events/rows.js'
import { matchOf } from '../model/keys.js'
import { namesOf } from '../model/names.js'
import type { AddressText, Real, RealKey, Service } from '../model/types.js'
import { type Standings, standingsOf } from './standings.js'
import { desiredOf, effectiveOf, type Store } from './store.js'

/** The same object as long as it is the same state. */
type Hops = (address: AddressText) => NextHopState

interface Stand {
  readonly name: RealKey
  readonly effectiveWeight: number
  readonly standing: Standing | undefined
  readonly hop: NextHopState
}

/** In the order of the file; a sorry server stands after those it serves for. */
export function createStands(hop: Hops): (store: Store) => Facts {
  const written = new WeakMap<Real, Stand & { readonly text: string }>()
  const textOf = (real: Real, stand: Stand): string => {
    const known = written.get(real)
    if (known && sameStand(known, stand)) return known.text
    const text = realFact(realRow(real, stand))
    // named one by one: V8 gives each object that is made by spreading a hidden class of its own here
    const { name, effectiveWeight, standing, hop } = stand
    written.set(real, { name, effectiveWeight, standing, hop, text })
    return text
  }
  return (store) => {
    const facts = new Map<string, string>()
    const { services } = effectiveOf(store)
    const standings = standingsOf(store)
    for (const [i, service] of desiredOf(store).services.entries()) {
      const { key } = namesOf(service)
      const stands = standsOf(service, services[i] ?? service, standings, hop)
      facts.set(key, serviceFact(serviceRow(service, stands.length, standings)))
      for (const [real, stand] of stands) facts.set(stand.name, textOf(real, stand))
    }
    return facts
  }
}

function sameStand(a: Stand, b: Stand): boolean {
  const [was, is] = [a.standing, b.standing]
  return (
    a.name === b.name &&
    a.effectiveWeight === b.effectiveWeight &&
    a.hop === b.hop &&
    was?.up === is?.up &&
    was?.reason === is?.reason &&
    was?.since === is?.since &&
    was?.detail === is?.detail
  )
}

function standsOf(service: Service, inForce: Service, standings: Standings, hop: Hops) {
  const names = namesOf(service).reals
  const effective = namesOf(inForce).reals
  const weights = new Map(inForce.reals.map((real, i) => [effective[i], real.weight]))
  const stand = (real: Real, name: RealKey): readonly [Real, Stand] => {
    const effectiveWeight = weights.get(name) ?? 0
    return [real, { name, effectiveWeight, standing: standings.reals.get(name), hop: hop(real.address) }]
  }
  const wished = new Set(names)
  const sorry = inForce.reals.flatMap((real, i) => {
    const name = effective[i] as RealKey
    return wished.has(name) ? [] : [stand(real, name)]
  })
  return [...service.reals.map((real, i) => stand(real, names[i] as RealKey)), ...sorry]
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

function realRow(real: Real, { name, effectiveWeight, standing, hop }: Stand): Omit<PastReal, 'service'> {
  const { address, weight, upper = 0, lower = 0 } = real
  const { state, why, interface: exit } = hop
  return {
    real: name,
    address,
    ...(real.name !== undefined && { name: real.name }),
    weight,
    effectiveWeight,
    upper,
    lower,
    ...(standing && { standing }),
    nexthop: { state, ...(why !== undefined && { why }), ...(exit !== undefined && { interface: exit }) },
  }
}
