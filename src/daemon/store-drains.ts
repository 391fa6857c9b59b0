// SPDX-License-Identifier: Apache-2.0
// Requests that a real server be emptied, and be used again. The file's real servers too: a drain is the operator's
// word and no edit of the file. Pure.
import type { DrainName, DrainWish } from '../api/parse-drain.js'
import { fail, succeed } from '../model/describe.js'
import { realKey, realText, serviceKey } from '../model/keys.js'
import type { Drain, Outcome, ServiceKey } from '../model/types.js'
import { drainedBy, sameDrained } from './drained.js'
import { desiredOf, type Edited, effectiveOf, type Store } from './store.js'

/** Drained twice, the new deadline counts. `now` in ms since the epoch. */
export function storeDrain(store: Store, request: DrainWish, now: number): Outcome<Edited> {
  const { within, end = 'move', ...name } = request
  const { services } = desiredOf(store)
  const { drains } = store.runtime
  const before = drains.find((drain) => sameDrained(drain, name))
  const deadline = within === undefined ? {} : { deadline: now + 1_000 * within }
  const drain: Drain = { ...name, since: before?.since ?? now, ...deadline, end }
  const unknown = unknownIn(store, name)
  if (unknown) return unknown
  const others = drains.filter((other) => other !== before)
  const drained = withDrains(store, [...others, drain], now)
  const empty = drainedBy(drain, services).filter(({ key }) => nobodyLeft(store, drained, key))
  const notices = empty.map(({ key }) => `${key} has no real server left that gets new connections`)
  return succeed({ store: drained, notices })
}

/** Without a service, or without a port, all drains of the address end. */
export function storeUndrain(store: Store, name: DrainName, now: number): Outcome<Edited> {
  const { drains } = store.runtime
  const { address, port, service } = name
  const isMeant = (drain: Drain) =>
    drain.address === address &&
    (port === undefined || drain.port === port) &&
    (service === undefined || drain.service === service)
  const kept = drains.filter((drain) => !isMeant(drain))
  if (kept.length < drains.length) return succeed({ store: withDrains(store, kept, now), notices: [] })
  return unknownIn(store, name) ?? notDrained(drains, name)
}

/** The clock has gone on: deadlines are over that were not. */
export function storeDeadlines(store: Store, now: number): Outcome<Edited> {
  return succeed({ store: at(store, now), notices: [] })
}

/** Drains whose end has come without the store knowing it. */
export function overdue({ runtime, observed }: Store, now: number): readonly Drain[] {
  return runtime.drains.filter(
    ({ deadline }) => deadline !== undefined && deadline <= now && deadline > observed.now,
  )
}

function withDrains(store: Store, drains: readonly Drain[], now: number): Store {
  const sorted = drains.toSorted((a, b) => Number(b.service !== undefined) - Number(a.service !== undefined))
  return at({ ...store, runtime: { ...store.runtime, drains: sorted } }, now)
}

function at(store: Store, now: number): Store {
  return { ...store, observed: { ...store.observed, now } }
}

function unknownIn(store: Store, name: DrainName): Outcome<never> | undefined {
  const { services } = desiredOf(store)
  const wanted: Drain = { ...name, since: 0, end: 'move' }
  if (drainedBy(wanted, services).length > 0) return undefined
  const of = name.service === undefined ? 'no service has a' : `${name.service} has no`
  return fail({
    code: 'no-real',
    subject: realText(name),
    reason: `${of} real server ${realText(name)}`,
    fix: 'see: xlvs show reals',
  })
}

function notDrained(drains: readonly Drain[], name: DrainName): Outcome<never> {
  const said = name.service === undefined ? realText(name) : realKey(name.service, name)
  const wider = drains.find((drain) => covers(drain, name))
  if (!wider) return fail({ subject: said, reason: `${said} is not drained`, fix: 'see: xlvs show drains' })
  const where = wider.service === undefined ? 'in all services' : `in ${wider.service}`
  return fail({
    subject: said,
    reason: `${realText(wider)} is drained ${where}`,
    fix: `use it again there: xlvs undrain ${realText(wider)}`,
  })
}

function covers({ address, port, service }: Drain, name: DrainName): boolean {
  return (
    address === name.address &&
    (port === undefined || port === name.port) &&
    (service === undefined || service === name.service)
  )
}

/** It had somebody for new connections, and has nobody now. */
function nobodyLeft(from: Store, to: Store, key: ServiceKey): boolean {
  return takers(from, key) > 0 && takers(to, key) === 0
}

function takers(store: Store, key: ServiceKey): number {
  const service = effectiveOf(store).services.find((one) => serviceKey(one) === key)
  return service?.reals.filter(({ weight }) => weight > 0).length ?? 0
}
