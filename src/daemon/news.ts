// SPDX-License-Identifier: Apache-2.0
// What became of health in a change: an event, and a notice for the operator's programs each. Pure.
import type { Happening } from '../events/feed.js'
import type { Notice } from '../health/hooks.js'
import type { Health } from '../model/checks.js'
import { realKey, serviceKey } from '../model/keys.js'
import { namesOf } from '../model/names.js'
import type { Real, RealKey, Service } from '../model/types.js'
import { desiredOf, type Store } from './store.js'
import { isWatched, realName } from './subjects.js'

export interface News {
  readonly event: Happening
  readonly notices: readonly Notice[]
}

/** What was not known before is no change. */
export function newsOf(from: Store, to: Store): readonly News[] {
  const [before, now] = [from.observed, to.observed]
  if (before.health === now.health && before.quorum === now.quorum) return []
  return desiredOf(to)
    .services.filter(isWatched)
    .flatMap((service) => {
      const { key, reals: names } = namesOf(service)
      const reals = service.reals.flatMap((real, i) => {
        const name = names[i] as RealKey
        const [was, is] = [before.health.get(name), now.health.get(name)]
        return was && is && was.up !== is.up ? [turned(service, real, is)] : []
      })
      return [...reals, ...quorumNews(service, before.quorum.get(key), now.quorum.get(key))]
    })
}

/** Of services that want it (omega), when the checks end: as if all went down. */
export function lastNews({ observed, ...store }: Store): readonly Notice[] {
  const reason = 'the checks end'
  return desiredOf({ observed, ...store })
    .services.filter(({ health }) => health?.omega)
    .flatMap((service) => {
      const key = serviceKey(service)
      const up = service.reals.filter((real) => observed.health.get(realKey(key, real))?.up)
      const told = up.map((real) => ({ real, health: { up: false, reason: 'waiting', since: 0 } as const }))
      const notices = told.flatMap(({ real, health }) => realNotices(service, real, health, reason))
      return observed.quorum.get(key) ? [...notices, ...quorumNotices(service, false, reason)] : notices
    })
}

function turned(service: Service, real: Real, health: Health): News {
  const reason = reasonText(health)
  const [from, to] = health.up ? ['down', 'up'] : ['up', 'down']
  const names = { service: serviceKey(service), real: realKey(service, real) }
  const text = `real server ${realName(service, real)}: ${from} -> ${to}, ${reason}`
  const severity = health.up ? 'notice' : 'warning'
  const event: Happening = { kind: 'real', severity, ...names, from, to, reason, text }
  return { event, notices: realNotices(service, real, health, health.reason) }
}

/** The sentence of the failure says more than its kind. */
function reasonText({ up, reason, detail }: Health): string {
  return up || detail === undefined ? reason : `${reason}: ${detail}`
}

function realNotices(service: Service, real: Real, { up }: Health, reason: string): readonly Notice[] {
  const command = up ? real.notify?.up : real.notify?.down
  if (command === undefined) return []
  const names = { service: serviceKey(service), real: realKey(service, real) }
  return [{ command, event: up ? 'up' : 'down', ...names, reason }]
}

function quorumNews(service: Service, was: boolean | undefined, is: boolean | undefined): readonly News[] {
  if (was === undefined || is === undefined || was === is) return []
  const key = serviceKey(service)
  const [from, to] = is ? ['lost', 'gained'] : ['gained', 'lost']
  const reason = is ? 'enough weight is up' : 'too little weight is up'
  const severity = is ? 'notice' : 'error'
  const text = `service ${key}: quorum ${to}`
  const event: Happening = { kind: 'quorum', severity, service: key, from, to, reason, text }
  return [{ event, notices: quorumNotices(service, is, reason) }]
}

function quorumNotices(service: Service, up: boolean, reason: string): readonly Notice[] {
  const command = up ? service.health?.notify?.up : service.health?.notify?.down
  if (command === undefined) return []
  return [{ command, event: up ? 'quorum-up' : 'quorum-down', service: serviceKey(service), reason }]
}
