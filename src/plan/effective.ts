// SPDX-License-Identifier: Apache-2.0
// Wish, operator's word and health, which stay separate facts, become the weights that are true now. Pure.
import { DEFAULT_HEALTH, type Health, type HealthPolicy, type StandingReason } from '../model/checks.js'
import { realKey, serviceKey } from '../model/keys.js'
import { namesOf } from '../model/names.js'
import type { Drain, DrainStage, Real, RealKey, Service, ServiceKey } from '../model/types.js'

/** A weight that an operator set instead of the wished one. */
export interface WeightOverride {
  readonly service: ServiceKey
  /** as in realText */
  readonly real: string
  readonly weight: number
}

export interface Facts {
  readonly overrides: readonly WeightOverride[]
  readonly drains: readonly Drain[]
  /** real servers that nobody checks are not in it */
  readonly health: ReadonlyMap<RealKey, Health>
  /** false: the service has lost its quorum; absent = it has one */
  readonly quorum: ReadonlyMap<ServiceKey, boolean>
  /** ms since the epoch */
  readonly now: number
}

/** Why a real server gets what it gets. */
export interface Standing {
  /** it may get new connections */
  readonly up: boolean
  readonly reason: StandingReason
  /** ms since the epoch, where it is known */
  readonly since?: number
  readonly detail?: string
}

export function effectiveServices(services: readonly Service[], facts: Facts): readonly Service[] {
  const weights = new Map(facts.overrides.map((o) => [`${o.service} > ${o.real}`, o.weight]))
  if (weights.size + facts.drains.length + facts.health.size + facts.quorum.size === 0) return services
  return services.map((service) => effectiveService(service, facts, weights))
}

type Weights = ReadonlyMap<RealKey, number>

function effectiveService(service: Service, facts: Facts, weights: Weights): Service {
  const { key, reals: names } = namesOf(service)
  const policy = service.health ?? DEFAULT_HEALTH
  const sorry = policy.sorry && facts.quorum.get(key) === false
  const open = policy.failOpen === true && allDown(service, facts)
  const reals = service.reals.flatMap((real, i): readonly Real[] => {
    const name = names[i] as RealKey
    const wished = weights.get(name) ?? real.weight
    const stage = stageOf(drainOf(facts.drains, key, real), facts.now)
    if (stage) return [{ ...real, weight: 0, drain: stage }]
    const health = facts.health.get(name)
    if (health && !health.up && !open) return whileDown({ ...real, weight: 0 }, health, policy)
    return [weighed(real, sorry ? 0 : open ? wished : healthyWeight(wished, health))]
  })
  return { ...service, reals: [...reals, ...sorryServer(service, policy, sorry === true)] }
}

function weighed(real: Real, weight: number): Real {
  return weight === real.weight ? real : { ...real, weight }
}

/** One that swallows SYNs may still serve the connections it has: it is never removed for that. */
function whileDown(quiesced: Real, { reason }: Health, policy: HealthPolicy): readonly Real[] {
  const removed = (quiesced.onDown ?? policy.onDown) === 'remove' && reason !== 'swallows'
  return removed ? [] : [quiesced]
}

/** A script may choose the weight, slow start lessens it; what is quiesced stays so. */
function healthyWeight(wished: number, health: Health | undefined): number {
  if (health === undefined || wished === 0) return wished
  const full = health.weight ?? wished
  return health.ramp === undefined || full === 0 ? full : Math.max(1, Math.round(full * health.ramp))
}

/** It serves alone while there is no quorum, as keepalived's does; live connections of the others go on. */
function sorryServer({ reals, mark }: Service, policy: HealthPolicy, needed: boolean): readonly Real[] {
  const { sorry, sorryInhibit } = policy
  if (sorry === undefined || !(needed || sorryInhibit)) return []
  const there = (real: Real) =>
    real.address === sorry.address && (mark === undefined || (real.port ?? 0) === (sorry.port ?? 0))
  if (reals.some(there)) return []
  const port = mark === undefined || sorry.port === undefined ? {} : { port: sorry.port }
  return [{ address: sorry.address, ...port, weight: needed ? 1 : 0, checks: [], passive: false }]
}

/** None of those that should serve is up. */
function allDown(service: Service, { health }: Facts): boolean {
  const known = namesOf(service).reals.map((name) => health.get(name))
  return known.length > 0 && known.every((one) => one !== undefined && !one.up)
}

export function drainOf(
  drains: readonly Drain[],
  service: ServiceKey,
  { address, port }: Pick<Real, 'address' | 'port'>,
): Drain | undefined {
  return drains.find(
    (drain) =>
      drain.address === address &&
      (drain.port === undefined || drain.port === (port ?? 0)) &&
      (drain.service === undefined || drain.service === service),
  )
}

export function stageOf(drain: Drain | undefined, now: number): DrainStage | undefined {
  if (drain === undefined) return undefined
  return drain.deadline !== undefined && now >= drain.deadline ? drain.end : 'soft'
}

/** The operator's word comes before the checks', and says more than a weight of 0. */
export function standingOf(service: Service, real: Real, facts: Facts): Standing {
  const key = serviceKey(service)
  const name = realKey(service, real)
  const drain = drainOf(facts.drains, key, real)
  if (drain) return { up: false, reason: 'drained', since: drain.since }
  const override = facts.overrides.find((o) => `${o.service} > ${o.real}` === name)
  if ((override?.weight ?? real.weight) === 0) return { up: false, reason: 'quiesced' }
  const health = facts.health.get(name)
  if (health === undefined) return { up: true, reason: 'unchecked' }
  const { up, reason, since, detail } = health
  const more = detail === undefined ? {} : { detail }
  if (!up && service.health?.failOpen && allDown(service, facts))
    return { up: true, reason: 'fail-open', since, ...more }
  return { up, reason, since, ...more }
}
