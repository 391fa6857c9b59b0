// SPDX-License-Identifier: Apache-2.0
// What the daemon was told, in two parts: the base (its file) and the runtime (requests since). Pure: every edit is
// a new store or the problems that forbid it, and says who owns what.
import {
  addReal,
  addService,
  type RealEdit,
  type RealSpec,
  removeReal,
  removeService,
  type ServiceEdit,
  type ServiceSpec,
  setReal,
  setService,
} from '../model/change.js'
import { fail, succeed } from '../model/describe.js'
import { endpointText, serviceKey } from '../model/keys.js'
import type { Desired, InterfaceWish, Outcome, Real, Service, ServiceKey } from '../model/types.js'
import { parseRealAddress, parseServiceId } from '../model/words.js'

/** A weight that an operator set on a real server of the file; lasts until reload. */
export interface Override {
  readonly service: ServiceKey
  readonly real: string
  readonly weight: number
}

export interface Runtime {
  /** owner 'api' */
  readonly services: readonly Service[]
  /** attached by request */
  readonly interfaces: readonly InterfaceWish[]
  /** interfaces of the file that were detached by request; until reload */
  readonly detached: readonly string[]
  readonly overrides: readonly Override[]
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

export const NO_RUNTIME: Runtime = { services: [], interfaces: [], detached: [], overrides: [] }

/** The file and the requests together. */
export function desiredOf({ base, runtime }: Store): Desired {
  return {
    ...base,
    services: [...base.services, ...runtime.services],
    interfaces: [...base.interfaces, ...runtime.interfaces],
  }
}

/** Desired with the overrides: what should be in the maps and on the interfaces. */
export function effectiveOf(store: Store): Desired {
  const desired = desiredOf(store)
  const { overrides, detached } = store.runtime
  if (overrides.length === 0 && detached.length === 0) return desired
  const weights = new Map(overrides.map((o) => [`${o.service} > ${o.real}`, o.weight]))
  const weigh = (service: Service, real: Real): Real => {
    const weight = weights.get(`${serviceKey(service)} > ${real.address}`)
    return weight === undefined ? real : { ...real, weight }
  }
  return {
    ...desired,
    services: desired.services.map((s) => ({ ...s, reals: s.reals.map((r) => weigh(s, r)) })),
    interfaces: desired.interfaces.filter(({ name }) => !detached.includes(name)),
  }
}

export function storeAddService(store: Store, spec: ServiceSpec): Outcome<Edited> {
  return edited(store, addService(desiredOf(store), spec))
}

export function storeSetService(store: Store, key: string, edit: ServiceEdit): Outcome<Edited> {
  return ofFile(store, key) ?? edited(store, setService(desiredOf(store), key, edit))
}

export function storeRemoveService(store: Store, key: string): Outcome<Edited> {
  return ofFile(store, key) ?? edited(store, removeService(desiredOf(store), key))
}

export function storeAddReal(store: Store, key: string, spec: RealSpec): Outcome<Edited> {
  return ofFile(store, key) ?? edited(store, addReal(desiredOf(store), key, spec))
}

export function storeRemoveReal(store: Store, key: string, real: string): Outcome<Edited> {
  return ofFile(store, key) ?? edited(store, removeReal(desiredOf(store), key, real))
}

/** On a service of the file a weight becomes an override; everything else is the file's. */
export function storeSetReal(store: Store, key: string, real: string, edit: RealEdit): Outcome<Edited> {
  const owner = ofFile(store, key)
  const next = setReal(desiredOf(store), key, real, edit)
  if (!next.ok || !owner) return edited(store, next)
  if (edit.name !== undefined || edit.weight === undefined) return owner
  return override(store, key, real, edit.weight)
}

export function storeAttach(store: Store, wish: InterfaceWish): Outcome<Edited> {
  const { runtime } = store
  const known = desiredOf(store).interfaces.find(({ name }) => name === wish.name)
  if (known && known.mode !== wish.mode && !runtime.detached.includes(wish.name))
    return fail({
      reason: `${wish.name} is attached in ${known.mode} mode`,
      fix: `detach it first: xlvs detach ${wish.name}`,
    })
  const inFile = store.base.interfaces.find(({ name }) => name === wish.name)
  if (inFile && inFile.mode !== wish.mode)
    return fail({
      reason: `the file says mode ${inFile.mode} for ${wish.name}`,
      fix: 'edit the file, then: xlvs reload',
    })
  const interfaces = known ? runtime.interfaces : [...runtime.interfaces, wish]
  const detached = runtime.detached.filter((name) => name !== wish.name)
  return succeed({ store: { ...store, runtime: { ...runtime, interfaces, detached } }, notices: [] })
}

/** Without a name: all of them. */
export function storeDetach(store: Store, name?: string): Outcome<Edited> {
  const { base, runtime } = store
  const gone = (wish: InterfaceWish) => name === undefined || wish.name === name
  const inFile = base.interfaces.filter(gone).map((wish) => wish.name)
  if (name !== undefined && !desiredOf(store).interfaces.some(gone))
    return fail({ reason: `${name} is not attached`, fix: 'see: xlvs show interfaces' })
  const interfaces = runtime.interfaces.filter((wish) => !gone(wish))
  const detached = [...new Set([...runtime.detached, ...inFile])]
  const notices = inFile.map(
    (one) => `${one} is in the file and comes back with a reload; edit the file to keep it off`,
  )
  return succeed({ store: { ...store, runtime: { ...runtime, interfaces, detached } }, notices })
}

/** The file was read again: its word wins, overrides end, what it now owns is no longer a request. */
export function storeReload(store: Store, base: Desired): Outcome<Edited> {
  const { edited, misfits } = settle(base, { ...store.runtime, detached: [], overrides: [] })
  if (misfits.length === 0) return succeed(edited)
  return fail(
    ...misfits.map(({ service, reason }) => ({
      reason: `${serviceKey(service)}, added at run time, does not fit the new file: ${reason}`,
      fix: `remove it first: ${removal(service)}`,
    })),
  )
}

/** After a restart: requests and overrides go on, as far as they still fit the file. */
export function storeRestore(base: Desired, runtime: Runtime): Edited {
  const detached = runtime.detached.filter((name) => base.interfaces.some((wish) => wish.name === name))
  const overrides = runtime.overrides.filter(({ service, real }) =>
    base.services.some((s) => serviceKey(s) === service && s.reals.some((r) => r.address === real)),
  )
  const { edited, misfits } = settle(base, { ...runtime, detached, overrides })
  const notices = misfits.map(
    ({ service, reason }) =>
      `${serviceKey(service)}, added at run time, does not fit the file and was left out: ${reason}`,
  )
  return { ...edited, notices: [...edited.notices, ...notices] }
}

interface Misfit {
  readonly service: Service
  readonly reason: string
}

/** The requests on a new base: those it has itself now are its own, those it forbids are named. */
function settle(base: Desired, runtime: Runtime) {
  const keys = new Set(base.services.map(serviceKey))
  const notices: string[] = []
  const misfits: Misfit[] = []
  let desired = base
  for (const service of runtime.services) {
    const key = serviceKey(service)
    if (keys.has(key)) {
      notices.push(`${key} is in the file now; what was added at run time is replaced by it`)
      continue
    }
    const next = addService(desired, service)
    if (next.ok) desired = next.value
    else misfits.push({ service, reason: next.problems.map(({ reason }) => reason).join('; ') })
  }
  const services = desired.services.filter(({ owner }) => owner === 'api')
  const interfaces = runtime.interfaces.filter(({ name }) => !base.interfaces.some((b) => b.name === name))
  const edited: Edited = { store: { base, runtime: { ...runtime, services, interfaces } }, notices }
  return { edited, misfits }
}

function removal({ protocol, vip, port }: Service): string {
  return `xlvs remove service ${endpointText(vip, port)}${protocol === 'udp' ? ' --udp' : ''}`
}

function override(store: Store, key: string, real: string, weight: number): Outcome<Edited> {
  const id = parseServiceId(key)
  if (!id.ok) return id
  const address = parseRealAddress(real)
  if (!address.ok) return address
  const service = serviceKey(id.value)
  const isThis = (o: Override) => o.service === service && o.real === address.value
  const configured = store.base.services
    .find((s) => serviceKey(s) === service)
    ?.reals.find((r) => r.address === address.value)?.weight
  const others = store.runtime.overrides.filter((o) => !isThis(o))
  const overrides = weight === configured ? others : [...others, { service, real: address.value, weight }]
  const notices =
    weight === configured
      ? []
      : [`the file says weight ${configured}: this override lasts until reload; edit the file to keep it`]
  return succeed({ store: { ...store, runtime: { ...store.runtime, overrides } }, notices })
}

/** The refusal that a change of a service of the file deserves; undefined when it is not in the file. */
function ofFile(store: Store, key: string): Outcome<never> | undefined {
  const id = parseServiceId(key)
  if (!id.ok) return id
  const wanted = serviceKey(id.value)
  if (!store.base.services.some((service) => serviceKey(service) === wanted)) return undefined
  return fail({
    reason: `${wanted} is in the file`,
    fix: 'edit the file, then: xlvs reload',
  })
}

function edited(store: Store, desired: Outcome<Desired>): Outcome<Edited> {
  if (!desired.ok) return desired
  const services = desired.value.services.filter(({ owner }) => owner === 'api')
  return succeed({ store: { ...store, runtime: { ...store.runtime, services } }, notices: [] })
}
