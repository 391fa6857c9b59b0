// SPDX-License-Identifier: Apache-2.0
// Requests about services and their real servers: what the file owns stays, except a weight, which is overridden. Pure.
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
import { succeed } from '../model/describe.js'
import { realText, serviceKey } from '../model/keys.js'
import type { Outcome } from '../model/types.js'
import { parseRealId, parseServiceId, portsOf } from '../model/words.js'
import { desiredOf, type Edited, isInFile, type Override, ofFile, type Store, withRequests } from './store.js'

export function storeAddService(store: Store, spec: ServiceSpec): Outcome<Edited> {
  return withRequests(store, addService(desiredOf(store), spec))
}

export function storeSetService(store: Store, key: string, edit: ServiceEdit): Outcome<Edited> {
  return ofFile(store, key) ?? withRequests(store, setService(desiredOf(store), key, edit))
}

export function storeRemoveService(store: Store, key: string): Outcome<Edited> {
  return ofFile(store, key) ?? withRequests(store, removeService(desiredOf(store), key))
}

/** All services, or none when the file owns one. */
export function storeFlush(store: Store): Outcome<Edited> {
  const [first] = store.base.services
  if (first) return isInFile(serviceKey(first))
  return withRequests(store, succeed({ ...desiredOf(store), services: [] }))
}

export function storeAddReal(store: Store, key: string, spec: RealSpec): Outcome<Edited> {
  return ofFile(store, key) ?? withRequests(store, addReal(desiredOf(store), key, spec))
}

export function storeRemoveReal(store: Store, key: string, real: string): Outcome<Edited> {
  return ofFile(store, key) ?? withRequests(store, removeReal(desiredOf(store), key, real))
}

/** On a service of the file a weight becomes an override; everything else is the file's. */
export function storeSetReal(store: Store, key: string, real: string, edit: RealEdit): Outcome<Edited> {
  const owner = ofFile(store, key)
  const next = setReal(desiredOf(store), key, real, edit)
  if (!next.ok || !owner) return withRequests(store, next)
  const { weight, ...rest } = edit
  if (weight === undefined || Object.values(rest).some((value) => value !== undefined)) return owner
  return override(store, key, real, weight)
}

function override(store: Store, key: string, real: string, weight: number): Outcome<Edited> {
  const id = parseServiceId(key)
  if (!id.ok) return id
  const name = parseRealId(real, portsOf(id.value))
  if (!name.ok) return name
  const [service, text] = [serviceKey(id.value), realText(name.value)]
  const isThis = (o: Override) => o.service === service && o.real === text
  const configured = store.base.services
    .find((s) => serviceKey(s) === service)
    ?.reals.find((r) => realText(r) === text)?.weight
  const others = store.runtime.overrides.filter((o) => !isThis(o))
  const overrides = weight === configured ? others : [...others, { service, real: text, weight }]
  const notices =
    weight === configured
      ? []
      : [`the file says weight ${configured}: this override lasts until reload; edit the file to keep it`]
  return succeed({ store: { ...store, runtime: { ...store.runtime, overrides } }, notices })
}
