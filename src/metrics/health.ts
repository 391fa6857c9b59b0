// SPDX-License-Identifier: Apache-2.0
// The series about health and drains: what the daemon knows and no counter in the kernel does. Only of services and real
// servers that are checked or drained.
import type { ServiceMatch } from '../model/types.js'
import { type Family, header, number, type Value } from './exposition.js'
import { serviceLabels } from './families.js'

export interface RealHealth {
  /** as in realText */
  readonly name: string
  /** what its checks hold it for; absent: it is not checked */
  readonly up?: boolean
  /** questions that failed; absent: none are asked */
  readonly failures?: number
  readonly drained: boolean
}

export interface ServiceHealth {
  readonly match: ServiceMatch
  readonly quorum?: boolean
  readonly reals: readonly RealHealth[]
}

interface HealthFamily extends Family {
  readonly ofService?: (service: ServiceHealth) => Value | undefined
  readonly ofReal?: (real: RealHealth) => Value | undefined
}

export const HEALTH_FAMILIES: readonly HealthFamily[] = [
  {
    name: 'xlvs_real_up',
    type: 'gauge',
    help: '1 while health checks hold a real server for up; only of those that are checked.',
    ofReal: ({ up }) => up,
  },
  {
    name: 'xlvs_real_check_failures_total',
    type: 'counter',
    help: 'Questions of health checks that failed, since the daemon started.',
    ofReal: ({ failures }) => failures,
  },
  {
    name: 'xlvs_real_drained',
    type: 'gauge',
    help: '1 while an operator drains a real server; only of those.',
    ofReal: ({ drained }) => (drained ? true : undefined),
  },
  {
    name: 'xlvs_service_quorum',
    type: 'gauge',
    help: '1 while the real servers that are up weigh enough; only of services with health checks.',
    ofService: ({ quorum }) => quorum,
  },
]

/** The text of all families above, one piece per family. */
export function* healthTexts(services: readonly ServiceHealth[]): Generator<string> {
  const labelled = services.map((service) => ({ service, of: serviceLabels(service) }))
  for (const family of HEALTH_FAMILIES) {
    let text = header(family)
    for (const { service, of } of labelled) {
      text += line(family, of, family.ofService?.(service))
      for (const real of family.ofReal ? service.reals : [])
        text += line(family, `${of},real="${real.name}"`, family.ofReal?.(real))
    }
    yield text
  }
}

function line({ name }: Family, labels: string, value: Value | undefined): string {
  return value === undefined ? '' : `${name}{${labels}} ${number(value)}\n`
}
