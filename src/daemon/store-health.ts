// SPDX-License-Identifier: Apache-2.0
// What the checks say, in the store: no request and no edit, but it moves weights as one. Pure.
import { DEFAULT_HEALTH, type Health } from '../model/checks.js'
import { succeed } from '../model/describe.js'
import { realKey, realText, serviceKey } from '../model/keys.js'
import { namesOf } from '../model/names.js'
import type { Outcome, RealKey, Service, ServiceKey } from '../model/types.js'
import { drainOf } from '../plan/effective.js'
import { type Member, quorumAfter, weightUpOf } from '../plan/health/quorum.js'
import { type Down, desiredOf, type Edited, type Store } from './store.js'
import { isChecked, isWatched, startsDown } from './subjects.js'

type Healths = ReadonlyMap<RealKey, Health>

export function storeHealth(store: Store, changes: Healths): Outcome<Edited> {
  const { health } = store.observed
  const known = [...changes].filter(([key]) => health.has(key))
  if (known.length === 0) return succeed({ store, notices: [] })
  const observed = { ...store.observed, health: new Map([...health, ...known]) }
  return succeed({ store: { ...store, observed }, notices: [] })
}

/** Whether packets will go other ways for it. */
export function movesWeights({ observed }: Store, changes: Healths): boolean {
  return [...changes].some(([key, now]) => {
    const before = observed.health.get(key)
    if (before === undefined || before.up !== now.up) return true
    const leaving = !now.up && (before.reason === 'swallows') !== (now.reason === 'swallows')
    return leaving || before.weight !== now.weight || before.ramp !== now.ramp
  })
}

/**
 * Health of exactly those that are checked, and what it means for each service. `now` in ms since the epoch; `from` is
 * what was observed before, if anything.
 */
export function observing(store: Store, now: number, from?: Store): Store {
  const { services } = desiredOf(store)
  const watched = services.filter(isWatched)
  const before = store.observed
  if (watched.length + before.health.size + before.quorum.size === 0) return store
  const same = from?.base === store.base && from.runtime.services === store.runtime.services
  const health = same ? before.health : healthOf(watched, before.health, now)
  const quorum = quorumOf({ ...store, observed: { ...before, health } }, watched)
  return { ...store, observed: { ...before, health, quorum } }
}

function healthOf(watched: readonly Service[], before: Healths, now: number): Healths {
  const health = new Map<RealKey, Health>()
  let fresh = 0
  for (const service of watched)
    for (const [i, real] of service.reals.entries()) {
      if (!isChecked(service, real)) continue
      const key = namesOf(service).reals[i] as RealKey
      const known = before.get(key)
      if (!known) fresh++
      health.set(key, known ?? { up: !startsDown(service, real), reason: 'waiting', since: now })
    }
  return fresh === 0 && health.size === before.size ? before : health
}

/** A real server that is drained or has no weight is no help to its service. */
function quorumOf(
  { runtime, observed }: Store,
  watched: readonly Service[],
): ReadonlyMap<ServiceKey, boolean> {
  const weights = new Map(runtime.overrides.map((o) => [`${o.service} > ${o.real}`, o.weight]))
  const quorum = new Map(
    watched.map((service) => {
      const { key, reals: names } = namesOf(service)
      const members = service.reals.map((real, i): Member => {
        const name = names[i] as RealKey
        const health = observed.health.get(name)
        const up = health?.up !== false && drainOf(runtime.drains, key, real) === undefined
        const wished = weights.get(name) ?? real.weight
        return { up, weight: wished === 0 ? 0 : (health?.weight ?? wished) }
      })
      const before = observed.quorum.get(key) ?? false
      return [key, quorumAfter(before, service.health ?? DEFAULT_HEALTH, weightUpOf(members))] as const
    }),
  )
  const same =
    quorum.size === observed.quorum.size && [...quorum].every(([k, v]) => observed.quorum.get(k) === v)
  return same ? observed.quorum : quorum
}

/** Who is down now is kept for the next start; one that has never answered is no news. */
export function storeDown(store: Store): Outcome<Edited> {
  const { health } = store.observed
  const down = desiredOf(store).services.flatMap((service) =>
    service.reals.flatMap((real): readonly Down[] => {
      const known = health.get(realKey(service, real))
      if (!known || known.up || known.reason === 'waiting') return []
      const { reason, since, detail } = known
      const more = detail === undefined ? {} : { detail }
      return [{ service: serviceKey(service), real: realText(real), reason, since, ...more }]
    }),
  )
  return succeed({ store: { ...store, runtime: { ...store.runtime, down } }, notices: [] })
}

export function rememberedHealth(down: readonly Down[]): Map<RealKey, Health> {
  return new Map(
    down.map(({ service, real, ...health }) => [`${service} > ${real}`, { up: false, ...health }] as const),
  )
}
