// SPDX-License-Identifier: Apache-2.0
// What is allowed in health checking, but probably not meant: one sentence each.
import type { Check } from './checks.js'
import { realKey, serviceKey } from './keys.js'
import type { Desired, Service } from './types.js'

export function healthNotices({ services }: Pick<Desired, 'services'>): readonly string[] {
  return services.flatMap((service) => {
    const key = serviceKey(service)
    const unchecked =
      (service.checks ?? []).length === 0 && service.reals.every(({ checks = [] }) => !checks[0])
    return [
      ...(service.checks ?? []).flatMap((check) => slow(key, check)),
      ...service.reals.flatMap((real) =>
        (real.checks ?? []).flatMap((check) => slow(realKey(service, real), check)),
      ),
      ...quorumNotices(key, service, unchecked),
    ]
  })
}

function slow(whose: string, { kind, interval, timeout }: Check): readonly string[] {
  if (timeout <= interval) return []
  return [
    `${whose}: the ${kind} check may take ${timeout} s and is asked every ${interval} s: while nothing answers it is asked less often`,
  ]
}

function quorumNotices(key: string, { health, reals }: Service, unchecked: boolean): readonly string[] {
  if (health === undefined) return []
  const weights = reals.reduce((sum, { weight }) => sum + weight, 0)
  const least = health.quorum + health.hysteresis
  const never = reals.length > 0 && least > weights && (health.quorum > 1 || health.hysteresis > 0)
  return [
    ...(never
      ? [`${key}: its quorum is gained at weight ${least}, and all its real servers together have ${weights}`]
      : []),
    ...(unchecked && health.sorry !== undefined && health.passive === undefined
      ? [
          `${key}: nothing checks its real servers, so its sorry server serves only when all of them are drained or have weight 0`,
        ]
      : []),
  ]
}
