// SPDX-License-Identifier: Apache-2.0
// Requests about marks, timeouts, tunables and zeros. Timeouts and tunables override the file until it is read again.
// Pure.
import { addMark, type MarkName, type MarkSpec, removeMark, setTimeouts, tune } from '../model/change.js'
import { succeed } from '../model/describe.js'
import type { Outcome, Timeouts, Tunables } from '../model/types.js'
import { desiredOf, type Edited, type Store, withRequests } from './store.js'
import type { Zero } from './zero.js'

export function storeAddMark(store: Store, spec: MarkSpec): Outcome<Edited> {
  return withRequests(store, addMark(desiredOf(store), spec))
}

export function storeRemoveMark(store: Store, name: MarkName): Outcome<Edited> {
  return withRequests(store, removeMark(desiredOf(store), name))
}

export function storeSetTimeouts(store: Store, edit: Partial<Timeouts>): Outcome<Edited> {
  const judged = setTimeouts(desiredOf(store), edit)
  if (!judged.ok) return judged
  const timeouts = overriding(store.base.timeouts, { ...store.runtime.timeouts, ...edit })
  const told = notices(store.base.timeouts, edit, (name) => `timeout ${name}`)
  return succeed({ store: { ...store, runtime: { ...store.runtime, timeouts } }, notices: told })
}

export function storeTune(store: Store, edit: Partial<Tunables>): Outcome<Edited> {
  const judged = tune(desiredOf(store), edit)
  if (!judged.ok) return judged
  const tunables = overriding(store.base.tunables, { ...store.runtime.tunables, ...edit })
  const told = notices(store.base.tunables, edit, (name) => name)
  return succeed({ store: { ...store, runtime: { ...store.runtime, tunables } }, notices: told })
}

export function storeZero(store: Store, zero: Zero): Outcome<Edited> {
  return succeed({ store: { ...store, runtime: { ...store.runtime, zero } }, notices: [] })
}

/** Only what differs from the base, in the base's order: equal overrides are equal text. */
function overriding<T extends Timeouts | Tunables>(base: T, wished: Partial<T>): Partial<T> {
  const names = Object.keys(base) as (keyof T)[]
  const apart = names.filter((name) => wished[name] !== undefined && wished[name] !== base[name])
  return Object.fromEntries(apart.map((name) => [name, wished[name]])) as Partial<T>
}

function notices<T extends Timeouts | Tunables>(
  base: T,
  edit: Partial<T>,
  word: (name: string) => string,
): readonly string[] {
  const names = Object.keys(overriding(base, edit)) as (keyof T & string)[]
  return names.map((name) => `${word(name)} is ${base[name]} without this override, which lasts until reload`)
}
