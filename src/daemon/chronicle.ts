// SPDX-License-Identifier: Apache-2.0
// What happened, in words: each change of the store, old -> new and why. What checks say is in news.ts. Pure.
import type { Happening } from '../events/feed.js'
import { realKey, realText, serviceKey } from '../model/keys.js'
import { namesOf } from '../model/names.js'
import type { Facet } from '../model/preview.js'
import type { Drain, Real, RealKey, Service, ServiceKey } from '../model/types.js'
import {
  interfaceChanges,
  listChanges,
  markTexts,
  realFacets,
  serviceFacets,
  settingFacets,
} from '../plan/facets.js'
import { drainedBy, sameDrained } from './drained.js'
import { desiredOf, effectiveOf, type Store } from './store.js'
import { realName } from './subjects.js'

/** Events of one kind in one moment; a dead network, or a new file, is one thing to say. */
const MOST = 100

/** All that one change came to, health apart. */
export function happened(from: Store, to: Store): readonly Happening[] {
  const reason = from.base === to.base ? 'by request' : 'the file was read again'
  return capped([
    ...servicesHappened(from, to, reason),
    ...drainsHappened(from, to),
    ...settingsHappened(from, to, reason),
  ])
}

/** The first of each kind, and how many more there were. */
export function capped(all: readonly Happening[]): readonly Happening[] {
  if (all.length <= MOST) return all
  const counts = new Map<string, number>()
  const kept = all.filter(({ kind }) => {
    const count = (counts.get(kind) ?? 0) + 1
    counts.set(kind, count)
    return count <= MOST
  })
  const more = [...counts].filter(([, count]) => count > MOST)
  return [
    ...kept,
    ...more.map(([kind, count]): Happening => {
      const see = kind === 'real' ? 'health' : 'reals'
      return { kind, severity: 'notice', text: `${count - MOST} more changed; see: xlvs show ${see}` }
    }),
  ]
}

function servicesHappened(from: Store, to: Store, reason: string): readonly Happening[] {
  const [a, b] = [from.runtime, to.runtime]
  if (from.base === to.base && a.services === b.services && a.overrides === b.overrides) return []
  const [before, after] = [from, to].map((store) => byKey(desiredOf(store).services)) as [Keyed, Keyed]
  const weights = { before: weightsOf(from), after: weightsOf(to) }
  const gone = [...before].filter(([key]) => !after.has(key))
  return [
    ...gone.map(([service]): Happening => {
      const text = `service ${service} removed`
      return { kind: 'service', severity: 'notice', service, to: 'removed', reason, text }
    }),
    ...[...after].flatMap(([key, service]) => {
      const was = before.get(key)
      return was ? edited(was, service, weights, reason) : [added(service, reason)]
    }),
  ]
}

type Keyed = ReadonlyMap<ServiceKey, Service>

function byKey(services: readonly Service[]): Keyed {
  return new Map(services.map((service) => [serviceKey(service), service]))
}

function added(service: Service, reason: string): Happening {
  const { scheduler, reals } = service
  const key = serviceKey(service)
  const text = `service ${key} added: ${scheduler}, ${reals.length} real server${reals.length === 1 ? '' : 's'}`
  return { kind: 'service', severity: 'notice', service: key, to: 'added', reason, text }
}

interface Weights {
  readonly before: ReadonlyMap<RealKey, number>
  readonly after: ReadonlyMap<RealKey, number>
}

/** Overrides: what an operator set instead of the file's. */
function weightsOf({ runtime }: Store): ReadonlyMap<RealKey, number> {
  return new Map(runtime.overrides.map(({ service, real, weight }) => [`${service} > ${real}`, weight]))
}

function edited(before: Service, after: Service, weights: Weights, reason: string): readonly Happening[] {
  const { key: service, reals: names } = namesOf(after)
  const facets = before === after ? [] : serviceFacets(before, after)
  const was = new Map(before.reals.map((real, i) => [namesOf(before).reals[i] as RealKey, real]))
  const kept = new Set(names)
  const gone = [...was].filter(([name]) => !kept.has(name))
  return [
    ...facets.map((facet): Happening => {
      return { kind: 'service', service, ...facetHappened(`service ${service}`, facet), reason }
    }),
    ...gone.map(([, real]) => realHappened(before, real, 'removed', reason)),
    ...after.reals.flatMap((real, i) => {
      const name = names[i] as RealKey
      const old = was.get(name)
      if (!old) return [realHappened(after, real, 'added', reason)]
      const [from, to] = [weights.before.get(name) ?? old.weight, weights.after.get(name) ?? real.weight]
      return realEdited({ service: after, name, old, real, from, to, reason })
    }),
  ]
}

function realHappened(of: Service, real: Real, to: 'added' | 'removed', reason: string): Happening {
  const names = { service: serviceKey(of), real: realKey(of, real) }
  const text = `real server ${realName(of, real)} ${to}${to === 'added' ? `: weight ${real.weight}` : ''}`
  return { kind: 'real', severity: 'notice', ...names, to, reason, text }
}

interface RealEdited {
  readonly service: Service
  readonly name: RealKey
  readonly old: Real
  readonly real: Real
  /** weights, overrides before the file's */
  readonly from: number
  readonly to: number
  readonly reason: string
}

function realEdited({ service: of, name, old, real, from, to, reason }: RealEdited): readonly Happening[] {
  const names = { service: serviceKey(of), real: name }
  const facets = old === real ? [] : realFacets(old, real)
  const weight: Happening = {
    ...{ kind: 'weight', severity: 'notice', ...names, from: `${from}`, to: `${to}`, reason },
    text: `weight of ${realName(of, real)}: ${from} -> ${to}`,
  }
  return [
    ...(from === to ? [] : [weight]),
    ...facets.map((facet): Happening => {
      return { kind: 'real', ...names, ...facetHappened(`real server ${realName(of, real)}`, facet), reason }
    }),
  ]
}

function facetHappened(subject: string, { what, from, to }: Facet) {
  const words = { from: `${what} ${from}`, to: `${what} ${to}` }
  return { severity: 'notice', ...words, text: `${subject}: ${what} ${from} -> ${to}` } as const
}

/** One for each service in which it is drained. Those whose real server went have ended with it. */
function drainsHappened(from: Store, to: Store): readonly Happening[] {
  const [before, after] = [from.runtime.drains, to.runtime.drains]
  if (before === after) return []
  const of = (drains: readonly Drain[], drain: Drain) => drains.find((one) => sameDrained(one, drain))
  return [
    ...before
      .filter((drain) => !of(after, drain))
      .flatMap((drain) => drainHappened(from, drain, 'drained', 'ended', '')),
    ...after.flatMap((drain) => {
      const was = of(before, drain)
      if (was && was.deadline === drain.deadline && was.end === drain.end) return []
      return drainHappened(to, drain, was ? 'drained' : 'in use', was ? 'changed' : 'begun', termsText(drain))
    }),
  ]
}

function drainHappened(
  store: Store,
  drain: Drain,
  from: string,
  to: string,
  terms: string,
): readonly Happening[] {
  return drainedBy(drain, desiredOf(store).services).map(({ key: service, real }): Happening => {
    const names = { service, real: realKey(service, real) }
    const text = `drain of real server ${realText(real)} of ${service} ${to}${terms === '' ? '' : `: ${terms}`}`
    return { kind: 'drain', severity: 'notice', ...names, from, to, reason: terms || 'by request', text }
  })
}

function termsText({ deadline, end }: Drain): string {
  if (deadline === undefined) return 'until its last connection ends'
  const fate = end === 'reset' ? 'is reset' : 'moves'
  return `what is left ${fate} at ${new Date(deadline).toISOString()}`
}

function settingsHappened(from: Store, to: Store, reason: string): readonly Happening[] {
  const [before, after] = [effectiveOf(from), effectiveOf(to)]
  const marks = listChanges(markTexts(before.marks), markTexts(after.marks))
  const mark = (text: string, to: 'added' | 'removed'): Happening => {
    return { kind: 'mark', severity: 'notice', to, reason, text: `mark ${text} ${to}` }
  }
  const facets = from.base === to.base && from.runtime === to.runtime ? [] : settingFacets(before, after)
  return [
    ...interfaceChanges(before.interfaces, after.interfaces).map(({ name, from: was, to: is }): Happening => {
      const words = { from: was ?? 'detached', to: is === undefined ? 'detached' : `attached ${is}` }
      const said = is === undefined ? 'detached' : `attached in ${is} mode`
      const severity = is === undefined ? 'warning' : 'notice'
      return { kind: 'interface', severity, ...words, reason, text: `interface ${name} ${said}` }
    }),
    ...marks.removed.map((text) => mark(text, 'removed')),
    ...marks.added.map((text) => mark(text, 'added')),
    ...facets.map((facet): Happening => ({ kind: 'setting', ...facetHappened('setting', facet), reason })),
  ]
}
