// SPDX-License-Identifier: Apache-2.0
// The datapath's look at unanswered SYNs, service by service: who is out, and when it is tried again.
import type { PassivePolicy } from '../model/checks.js'
import type { RealKey, ServiceKey } from '../model/types.js'
import { type Counts, isOut, look, outFrom, type Watch, type Watchable } from '../plan/health/passive.js'
import type { Entry, Schedule } from './schedule.js'

export interface WatchWorld {
  readonly schedule: Schedule
  /** ms */
  monotonic(): number
  /** of one service, as they are now */
  reals(service: ServiceKey): readonly Watchable[]
  /** it was taken out, or is let in again */
  turned(key: RealKey): void
}

export interface Watcher {
  isOut(service: ServiceKey, key: RealKey): boolean
  /** since the last call, of those that counted anything */
  saw(counts: ReadonlyMap<ServiceKey, ReadonlyMap<RealKey, Counts>>): void
  /** it was out before a restart */
  remember(service: ServiceKey, key: RealKey, policy: PassivePolicy): void
  /** its real servers or their policies are others now */
  changed(service: ServiceKey): void
}

interface Held {
  readonly watch: Watch
  readonly back: Entry | undefined
}

const NOTHING: ReadonlyMap<RealKey, Counts> = new Map()

export function createWatcher(world: WatchWorld): Watcher {
  const services = new Map<ServiceKey, Held>()

  const hold = (service: ServiceKey, watch: Watch): void => {
    services.get(service)?.back?.cancel()
    const ends = [...watch.values()].flatMap(({ out }) => out?.until ?? [])
    const again = () => after(service, NOTHING)
    const back = ends.length === 0 ? undefined : world.schedule.at(Math.min(...ends), again)
    if (watch.size === 0) services.delete(service)
    else services.set(service, { watch, back })
  }
  const after = (service: ServiceKey, counts: ReadonlyMap<RealKey, Counts>): void => {
    const before: Watch = services.get(service)?.watch ?? new Map()
    const reals = world.reals(service)
    if (!reals.some(({ policy }) => policy !== undefined) && before.size === 0) return
    const watch = look(before, reals, counts, world.monotonic())
    hold(service, watch)
    for (const { key } of reals) if (isOut(before.get(key)) !== isOut(watch.get(key))) world.turned(key)
  }
  return {
    isOut: (service, key) => isOut(services.get(service)?.watch.get(key)),
    saw: (counts) => {
      for (const [service, some] of counts) after(service, some)
    },
    remember: (service, key, policy) => {
      const out = outFrom(policy, world.monotonic())
      hold(service, new Map(services.get(service)?.watch).set(key, out))
    },
    changed: (service) => {
      if (services.has(service)) after(service, NOTHING)
    },
  }
}
