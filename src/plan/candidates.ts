// SPDX-License-Identifier: Apache-2.0
// A service's real servers as its scheduler weighs them (bpf/sched_score.h), with exact numbers. Pure.
import type { SchedulerName } from '../model/types.js'
import type { ActualReal, ActualService } from './actual.js'

export interface Load {
  readonly active: number
  readonly inactive: number
}

export interface Weighed extends Load {
  readonly real: ActualReal
  /** the scheduler's own measure, lower wins: '514/3' */
  readonly score?: string
  /** why it cannot be chosen */
  readonly unusable?: string
}

/** Head of the list first. */
export function candidatesOf(service: ActualService, load: (real: number) => Load): readonly Weighed[] {
  return service.reals.map((real) => {
    const now = load(real.id)
    const unusable = unusableReason(service.scheduler, real, now)
    const score = SCORE[service.scheduler]?.(real.weight, now)
    return {
      real,
      active: now.active,
      inactive: now.inactive,
      ...(score !== undefined && real.weight > 0 && { score }),
      ...(unusable !== undefined && { unusable }),
    }
  })
}

/** ip_vs_dest_conn_overhead(): an active connection costs as much as 256 inactive ones more. */
function overhead({ active, inactive }: Load): number {
  return 257 * active + inactive
}

const byWeight = (weight: number, load: Load) => `${overhead(load)}/${weight}`
const expected = (weight: number, { active }: Load) => `${active + 1}/${weight}`

const SCORE: Readonly<Partial<Record<SchedulerName, (weight: number, load: Load) => string>>> = {
  lc: (_, load) => `${overhead(load)}`,
  wlc: byWeight,
  lblc: byWeight,
  lblcr: byWeight,
  twos: byWeight,
  sed: expected,
  nq: (weight, load) => (load.active === 0 ? 'idle' : expected(weight, load)),
}

function unusableReason(scheduler: SchedulerName, real: ActualReal, { active, inactive }: Load) {
  if (real.drain !== undefined) return 'drained'
  if (real.weight === 0) return 'weight 0'
  if (real.overloaded) return `overloaded: ${active + inactive} connections, upper threshold ${real.upper}`
  if (scheduler === 'ovf' && active > real.weight)
    return `full: ${active} active connections, more than its weight ${real.weight}`
  return undefined
}
