// SPDX-License-Identifier: Apache-2.0
// What the daemon was told, in two parts: the base (its file) and the runtime (requests since), what it has observed,
// and what they come to together. Pure; the edits are in store-*.ts.
import type { Health, StandingReason } from '../model/checks.js'
import { fail, succeed } from '../model/describe.js'
import { serviceKey } from '../model/keys.js'
import type {
  Desired,
  Drain,
  InterfaceWish,
  MarkRule,
  Outcome,
  RealKey,
  Service,
  ServiceKey,
  Timeouts,
  Tunables,
} from '../model/types.js'
import { parseServiceId } from '../model/words.js'
import { effectiveServices, type Facts, type WeightOverride } from '../plan/effective.js'
import { withoutLost } from './drained.js'
import { NO_ZERO, type Zero } from './zero.js'

/** A weight that an operator set on a real server of the file; lasts until reload. */
export type Override = WeightOverride

/** A real server that was down when the checks last said something of it: a restart sends no client there. */
export interface Down {
  readonly service: ServiceKey
  /** as in realText */
  readonly real: string
  readonly reason: StandingReason
  /** ms since the epoch */
  readonly since: number
  /** for people */
  readonly detail?: string
}

export interface Runtime {
  /** owner 'api' */
  readonly services: readonly Service[]
  /** owner 'api' */
  readonly marks: readonly MarkRule[]
  /** attached by request */
  readonly interfaces: readonly InterfaceWish[]
  /** interfaces of the file that were detached by request; until reload */
  readonly detached: readonly string[]
  /** until reload, these three */
  readonly overrides: readonly Override[]
  readonly timeouts: Partial<Timeouts>
  readonly tunables: Partial<Tunables>
  /** over reloads too, until undrain; those of one service before those of all */
  readonly drains: readonly Drain[]
  readonly down: readonly Down[]
  readonly zero: Zero
}

/** What nobody asked for and nothing keeps: how things stand. */
export interface Observed {
  /** of the real servers that are checked */
  readonly health: ReadonlyMap<RealKey, Health>
  /** false: lost; absent: there is one */
  readonly quorum: ReadonlyMap<ServiceKey, boolean>
  /** ms since the epoch: deadlines of drains up to then are over */
  readonly now: number
}

export interface Store {
  /** owner 'file' */
  readonly base: Desired
  readonly runtime: Runtime
  readonly observed: Observed
}

/** A new store, and what the operator should know about it. */
export interface Edited {
  readonly store: Store
  readonly notices: readonly string[]
}

export const NO_RUNTIME: Runtime = {
  services: [],
  marks: [],
  interfaces: [],
  detached: [],
  overrides: [],
  timeouts: {},
  tunables: {},
  drains: [],
  down: [],
  zero: NO_ZERO,
}

export const NOTHING_OBSERVED: Observed = { health: new Map(), quorum: new Map(), now: 0 }

/** The file and the requests together. */
export function desiredOf({ base, runtime }: Store): Desired {
  return {
    ...base,
    services: [...base.services, ...runtime.services],
    marks: [...base.marks, ...runtime.marks],
    interfaces: [...base.interfaces, ...runtime.interfaces],
  }
}

const effective = new WeakMap<Store, Desired>()

/** Desired with overrides, drains and health: what should be in the maps and on the interfaces. */
export function effectiveOf(store: Store): Desired {
  const known = effective.get(store)
  if (known) return known
  const desired = desiredOf(store)
  const { detached, timeouts } = store.runtime
  const value = {
    ...desired,
    services: effectiveServices(desired.services, factsOf(store)),
    interfaces: desired.interfaces.filter(({ name }) => !detached.includes(name)),
    timeouts: { ...desired.timeouts, ...timeouts },
    tunables: tunablesOf(store),
  }
  effective.set(store, value)
  return value
}

export function factsOf({ runtime, observed }: Store): Facts {
  const { overrides, drains } = runtime
  return { overrides, drains, ...observed }
}

export function tunablesOf({ base, runtime }: Store): Tunables {
  return { ...base.tunables, ...runtime.tunables }
}

/** The store with what an edit of the whole made of the requests' part. */
export function withRequests(store: Store, desired: Outcome<Desired>): Outcome<Edited> {
  if (!desired.ok) return desired
  const services = desired.value.services.filter(({ owner }) => owner === 'api')
  const marks = desired.value.marks.filter(({ owner }) => owner === 'api')
  const drains = withoutLost(store.runtime.drains, desired.value.services)
  return succeed({ store: { ...store, runtime: { ...store.runtime, services, marks, drains } }, notices: [] })
}

/** The refusal that a change of a service of the file deserves; undefined when it is not in the file. */
export function ofFile(store: Store, key: string): Outcome<never> | undefined {
  const id = parseServiceId(key)
  if (!id.ok) return id
  const wanted = serviceKey(id.value)
  if (!store.base.services.some((service) => serviceKey(service) === wanted)) return undefined
  return isInFile(wanted)
}

export function isInFile(what: string): Outcome<never> {
  return fail({
    code: 'of-the-file',
    reason: `${what} is in the file`,
    fix: 'edit the file, then: xlvs reload',
  })
}
