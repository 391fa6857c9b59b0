// SPDX-License-Identifier: Apache-2.0
// What an applied text put aside, and how it comes back: item by item, what a request has changed since stays as the
// request left it. Pure.
import { realText, serviceKey } from '../model/keys.js'
import { markText } from '../model/marks.js'
import type { MarkRule, Service } from '../model/types.js'
import type { Edited, Override, Runtime, Store } from './store.js'
import { storeRestore } from './store-reload.js'

/** A change whose end is open: the store before it, and as it made it. */
export interface Trial {
  readonly before: Store
  readonly after: Store
}

/** The file's word comes back as it was; of the requests, those that the change put aside and nobody touched since. */
export function withdraw(trial: Trial, store: Store): Edited {
  return storeRestore(trial.before.base, aside(trial, store.runtime), store.observed)
}

/** The requests as they are without the change: what a restart must find. */
export function aside({ before, after }: Trial, runtime: Runtime): Runtime {
  const names = Object.keys(runtime) as (keyof Runtime)[]
  const merged = names.map((name) => [
    name,
    // what services that went have counted stays counted
    name === 'zero' ? runtime.zero : back(before.runtime[name], after.runtime[name], runtime[name]),
  ])
  return Object.fromEntries(merged) as unknown as Runtime
}

/** Three versions of one part; a part is a list of named items, or a record. */
function back(before: unknown, after: unknown, now: unknown): unknown {
  if (Array.isArray(now))
    return [...items(byName(asList(before)), byName(asList(after)), byName(now)).values()]
  if (!isRecord(now)) return same(now, after) ? before : now
  const [was, became] = [asRecord(before), asRecord(after)]
  return Object.fromEntries(
    items(new Map(Object.entries(was)), new Map(Object.entries(became)), new Map(Object.entries(now))),
  )
}

/** In the order of before; what is new since stands at the end. */
function items(before: Items, after: Items, now: Items): Items {
  const found = new Map<string, unknown>()
  for (const name of new Set([...before.keys(), ...now.keys()])) {
    const value = same(now.get(name), after.get(name)) ? before.get(name) : now.get(name)
    if (value !== undefined) found.set(name, value)
  }
  return found
}

type Items = Map<string, unknown>

function byName(list: readonly unknown[]): Items {
  return new Map(list.map((item) => [nameOf(item), item]))
}

/** A service by its key, an override by its real server, a mark by its ports, an interface by its name. */
function nameOf(item: unknown): string {
  if (!isRecord(item)) return String(item)
  if ('reals' in item) return serviceKey(item as unknown as Service)
  if ('ports' in item) return markText(item as unknown as MarkRule)
  const { service, real } = item as Partial<Override>
  if (service !== undefined && real !== undefined) return `${service} > ${real}`
  if ('address' in item) return `${service ?? ''} > ${realText(item as { address: string })}`
  return 'name' in item ? String(item['name']) : JSON.stringify(item)
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {}
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
