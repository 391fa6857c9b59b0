// SPDX-License-Identifier: Apache-2.0
// Who has series of his own: the first ones of the configuration, as many as fit under the cap. Each counts for what it
// may have at most, so that neither traffic nor health moves the line.
import type { MetricsLevel } from '../model/metrics.js'
import { HISTOGRAM_SERIES } from './histograms.js'

export interface Room {
  readonly services: number
  readonly reals: number
  /** of the real servers that have series, the first ones also have a histogram */
  readonly histograms: number
}

export interface Wanted {
  readonly level: MetricsLevel
  /** series in all */
  readonly cap: number
  readonly services: number
  readonly reals: number
  /** series that one may have */
  readonly each: { readonly service: number; readonly real: number }
}

/** Kept for interfaces, tables, the daemon itself and what sums up the rest. */
export const OWN_SERIES = 1_000

export function roomFor({ level, cap, services, reals, each }: Wanted): Room {
  let left = Math.max(0, cap - OWN_SERIES)
  const take = (wanted: number, size: number) => {
    const taken = Math.min(wanted, Math.floor(left / size))
    left -= taken * size
    return taken
  }
  const of = { service: level === 'interface' ? 0 : services, real: level === 'real' ? reals : 0 }
  return {
    services: take(of.service, each.service),
    reals: take(of.real, each.real),
    histograms: take(of.real, HISTOGRAM_SERIES),
  }
}
