// SPDX-License-Identifier: Apache-2.0
// What is to be checked, as services and real servers wish it. Pure.
import type { Subject } from '../health/runner.js'
import type { Check, PassivePolicy } from '../model/checks.js'
import { realKey, realText, serviceKey } from '../model/keys.js'
import type { Real, Service } from '../model/types.js'
import { drainOf } from '../plan/effective.js'
import { desiredOf, type Store } from './store.js'

/** `direct`: no question can go through a VIP here. */
export function subjectsOf(store: Store, direct: boolean): readonly Subject[] {
  const { overrides, drains } = store.runtime
  const weights = new Map(overrides.map((o) => [`${o.service} > ${o.real}`, o.weight]))
  return desiredOf(store).services.flatMap((service) => {
    const key = serviceKey(service)
    return service.reals.flatMap((real): readonly Subject[] => {
      if (!isChecked(service, real)) return []
      const name = realKey(key, real)
      const drained = drainOf(drains, key, real) !== undefined
      const weight = drained ? 0 : (weights.get(name) ?? real.weight)
      return [
        { key: name, service: key, weight, ...placeOf(service, real), ...policyOf(service, real, direct) },
      ]
    })
  })
}

/** Somebody looks at it: to judge it, or as a witness of how handshakes with others of its service go. */
export function isChecked(service: Service, real: Real): boolean {
  return checksOf(service, real).length > 0 || passivePolicy(service) !== undefined
}

/** Its real servers' health decides something, or somebody wants to know. */
export function isWatched(service: Service): boolean {
  return service.health !== undefined || service.reals.some((real) => isChecked(service, real))
}

export function checksOf(service: Service, real: Real): readonly Check[] {
  return real.checks ?? service.checks ?? []
}

/** What may take it out for the SYNs that it does not answer. */
export function passiveOf(service: Service, real: Real): PassivePolicy | undefined {
  return real.passive === false ? undefined : passivePolicy(service)
}

/** Nobody knows a datagram that was not answered. */
function passivePolicy({ mark, protocol, health }: Service): PassivePolicy | undefined {
  return mark === undefined && protocol !== 'tcp' ? undefined : health?.passive
}

/** Down until the first good answer. */
export function startsDown(service: Service, real: Real): boolean {
  return service.health?.alpha === true && checksOf(service, real).length > 0
}

/** What a log calls it: '192.0.2.21 of tcp 192.0.2.10:80' */
export function realName(service: Service, real: Real): string {
  return `${realText(real)} of ${serviceKey(service)}`
}

function placeOf(service: Service, real: Real) {
  if (service.mark !== undefined) return { port: real.port ?? 0, real: real.address }
  return { vip: service.vip, port: service.port, real: real.address }
}

function policyOf(service: Service, real: Real, direct: boolean) {
  const { slowStart } = service.health ?? {}
  const passive = passiveOf(service, real)
  const checks = checksOf(service, real)
  return {
    checks: direct ? checks.map((check): Check => ({ ...check, via: 'real' })) : checks,
    alpha: startsDown(service, real),
    ...(slowStart === undefined ? {} : { slowStart }),
    ...(passive && { passive }),
  }
}
