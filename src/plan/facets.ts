// SPDX-License-Identifier: Apache-2.0
// Two states of the same thing, word by word: only what differs.
import { checksText, healthText, notifyText } from '../model/check-text.js'
import { DEFAULT_EVENTS_SIZE, sizeText } from '../model/events.js'
import { flagWords } from '../model/flags.js'
import { markedRanges, markText } from '../model/marks.js'
import type { Facet, InterfacePreview } from '../model/preview.js'
import type { Desired, InterfaceWish, Limits, MarkRule, Persistence, Real, Service } from '../model/types.js'

const NONE = 'none'
const DEFAULT = 'default'
/** Of a real server that says nothing of its own. */
const OF_SERVICE = "the service's"

export function serviceFacets(from: Service, to: Service): readonly Facet[] {
  return differing(serviceWords(from), serviceWords(to))
}

export function realFacets(from: Real, to: Real): readonly Facet[] {
  return differing(realWords(from), realWords(to))
}

/** 'timeouts.tcp', 'tunables.sloppy_tcp', 'metrics' */
export function settingFacets(from: Desired, to: Desired): readonly Facet[] {
  return differing(settingWords(from), settingWords(to))
}

/** Sizes that the file asks for and the maps in force do not have. */
export function limitFacets(inForce: Limits, wished: Limits): readonly Facet[] {
  const names = (Object.keys(wished) as (keyof Limits)[]).filter((name) => wished[name] > inForce[name])
  return names.map((name) => ({ what: `limits.${name}`, from: `${inForce[name]}`, to: `${wished[name]}` }))
}

export function interfaceChanges(
  from: readonly InterfaceWish[],
  to: readonly InterfaceWish[],
): readonly InterfacePreview[] {
  const [before, after] = [from, to].map((list) => new Map(list.map(({ name, mode }) => [name, mode])))
  const names = new Set([...from, ...to].map(({ name }) => name))
  return [...names].flatMap((name) => {
    const [was, is] = [before?.get(name), after?.get(name)]
    return was === is ? [] : [{ name, ...(was && { from: was }), ...(is && { to: is }) }]
  })
}

export function listChanges(from: readonly string[], to: readonly string[]) {
  const [before, after] = [new Set(from), new Set(to)]
  return {
    added: [...after].filter((one) => !before.has(one)),
    removed: [...before].filter((one) => !after.has(one)),
  }
}

/** One text per range of ports: how rules are put together does not matter. */
export function markTexts(rules: readonly MarkRule[]): readonly string[] {
  return markedRanges(rules).map(
    ({ vip, protocol, first, last, mark }) =>
      `${markText({ vip, protocol, ports: [[first, last]] })} = ${mark}`,
  )
}

type Words = Readonly<Record<string, string>>

/** Both have the same keys. */
function differing(from: Words, to: Words): readonly Facet[] {
  return Object.entries(to).flatMap(([what, word]) => {
    const before = from[what] ?? NONE
    return before === word ? [] : [{ what, from: before, to: word }]
  })
}

function serviceWords(service: Service): Words {
  const { scheduler, flags, persistence, onePacket, name, checks = [], health, owner } = service
  return {
    scheduler,
    flags: flagWords(scheduler, flags).join(',') || NONE,
    persistence: persistenceText(persistence),
    'one-packet': String(onePacket ?? false),
    name: name ?? NONE,
    checks: checksText(checks) || NONE,
    health: (health && healthText(health)) || DEFAULT,
    owner,
  }
}

function persistenceText(persistence: Persistence | undefined): string {
  if (persistence === undefined) return NONE
  return `${persistence.timeout}/${persistence.mask ?? persistence.prefix}`
}

/** All but the weight; a threshold that was not given is what IPVS makes of it. */
function realWords({ upper, lower, name, checks, passive, onDown, notify }: Real): Words {
  return {
    upper: String(upper ?? NONE),
    lower: String(lower ?? NONE),
    name: name ?? NONE,
    checks: checks === undefined ? OF_SERVICE : checksText(checks) || NONE,
    passive: passive === undefined ? OF_SERVICE : String(passive),
    'on-down': onDown ?? OF_SERVICE,
    notify: (notify && notifyText(notify)) || NONE,
  }
}

function settingWords(desired: Desired): Words {
  const { timeouts, tunables, metrics, vrrp, console: wish, events, log } = desired
  const named = (group: string, values: Readonly<Record<string, number>>) =>
    Object.entries(values).map(([name, value]) => [`${group}.${name}`, String(value)] as const)
  return {
    ...Object.fromEntries([...named('timeouts', { ...timeouts }), ...named('tunables', tunables)]),
    metrics: metrics === undefined ? NONE : metricsWords(metrics),
    console: wish === undefined ? NONE : JSON.stringify(wish),
    vrrp: vrrp === undefined ? NONE : JSON.stringify(vrrp),
    'events.size': sizeText(events?.size ?? DEFAULT_EVENTS_SIZE),
    log: log ?? 'text',
  }
}

/** '127.0.0.1:9612, level service, series 5000, names node_ipvs' */
function metricsWords({ host, port, level, series, names }: NonNullable<Desired['metrics']>): string {
  const view = [
    ...(level === undefined ? [] : [`level ${level}`]),
    ...(series === undefined ? [] : [`series ${series}`]),
    ...(names === undefined ? [] : [`names ${names.join('+') || NONE}`]),
  ]
  return [`${host}:${port}`, ...view].join(', ')
}
