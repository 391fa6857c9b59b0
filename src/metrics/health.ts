// SPDX-License-Identifier: Apache-2.0
// The series about health and drains: what the daemon knows and no counter in the kernel does. Only of services and real
// servers that are checked or drained.
import type { ServiceMatch } from '../model/types.js'
import type { Column } from './columns.js'
import type { RealRow, ServiceRow } from './rows.js'

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

export const SERVICE_HEALTH: readonly Column<ServiceRow>[] = [
  {
    name: 'xlvs_service_quorum',
    type: 'gauge',
    help: '1 while the real servers that are up weigh enough; only of services with health checks.',
    value: ({ health }) => health?.quorum,
  },
]

export const REAL_HEALTH: readonly Column<RealRow>[] = [
  {
    name: 'xlvs_real_up',
    type: 'gauge',
    help: '1 while health checks hold a real server for up; only of those that are checked.',
    value: ({ health }) => health?.up,
  },
  {
    name: 'xlvs_real_check_failures_total',
    type: 'counter',
    help: 'Questions of health checks that failed, since the daemon started.',
    value: ({ health }) => health?.failures,
  },
  {
    name: 'xlvs_real_drained',
    type: 'gauge',
    help: '1 while an operator drains a real server; only of those.',
    value: ({ health }) => (health?.drained ? true : undefined),
  },
]
