// SPDX-License-Identifier: Apache-2.0
// What the daemon was told, in two parts: the base (its file) and the runtime (requests since), and what they come to
// together. Pure; the edits are in store-*.ts.
import { fail, succeed } from '../model/describe.js'
import { realText, serviceKey } from '../model/keys.js'
import type {
  Desired,
  InterfaceWish,
  MarkRule,
  Outcome,
  Real,
  Service,
  ServiceKey,
  Timeouts,
  Tunables,
} from '../model/types.js'
import { parseServiceId } from '../model/words.js'
import { NO_ZERO, type Zero } from './zero.js'

/** A weight that an operator set on a real server of the file; lasts until reload. */
export interface Override {
  readonly service: ServiceKey
  /** as in realText */
  readonly real: string
  readonly weight: number
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
  readonly zero: Zero
}

export interface Store {
  /** owner 'file' */
  readonly base: Desired
  readonly runtime: Runtime
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
  zero: NO_ZERO,
}

/** The file and the requests together. */
export function desiredOf({ base, runtime }: Store): Desired {
  return {
    ...base,
    services: [...base.services, ...runtime.services],
    marks: [...base.marks, ...runtime.marks],
    interfaces: [...base.interfaces, ...runtime.interfaces],
  }
}

/** Desired with the overrides: what should be in the maps and on the interfaces. */
export function effectiveOf(store: Store): Desired {
  const desired = desiredOf(store)
  const { overrides, detached, timeouts } = store.runtime
  return {
    ...desired,
    services: overrides.length === 0 ? desired.services : weighed(desired.services, overrides),
    interfaces: desired.interfaces.filter(({ name }) => !detached.includes(name)),
    timeouts: { ...desired.timeouts, ...timeouts },
    tunables: tunablesOf(store),
  }
}

export function tunablesOf({ base, runtime }: Store): Tunables {
  return { ...base.tunables, ...runtime.tunables }
}

function weighed(services: readonly Service[], overrides: readonly Override[]): readonly Service[] {
  const weights = new Map(overrides.map((o) => [`${o.service} > ${o.real}`, o.weight]))
  const weigh = (service: Service, real: Real): Real => {
    const weight = weights.get(`${serviceKey(service)} > ${realText(real)}`)
    return weight === undefined ? real : { ...real, weight }
  }
  return services.map((s) => ({ ...s, reals: s.reals.map((r) => weigh(s, r)) }))
}

/** The store with what an edit of the whole made of the requests' part. */
export function withRequests(store: Store, desired: Outcome<Desired>): Outcome<Edited> {
  if (!desired.ok) return desired
  const services = desired.value.services.filter(({ owner }) => owner === 'api')
  const marks = desired.value.marks.filter(({ owner }) => owner === 'api')
  return succeed({ store: { ...store, runtime: { ...store.runtime, services, marks } }, notices: [] })
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
