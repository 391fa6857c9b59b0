// SPDX-License-Identifier: Apache-2.0
// What IPVS's readers see of counters: rates, and counts since the last zero. With run_estimation 0 both stand still,
// as there; the counters of metrics go on.
import type { Rates, SinceZero } from '../api/contract.js'
import type { RealCounters, RealSnapshot, ServiceSnapshot, Snapshot } from '../datapath/types.js'
import type { Estimate, Estimator } from './estimator.js'
import { realKeyOf, sinceZero, totalSinceZero, type Zero } from './zero.js'

export interface Metered {
  readonly rates: Rates
  readonly sinceZero: SinceZero
}

export interface Meter {
  service(service: ServiceSnapshot): Metered
  real(service: ServiceSnapshot, real: RealSnapshot): Metered
  total(snapshot: Snapshot): Metered
}

/** `frozen`: run_estimation is 0. */
export function createMeter(estimator: Estimator, zero: () => Zero, frozen: () => boolean): Meter {
  const seen = (live: RealCounters, estimate: Estimate) => (frozen() ? estimate.counters : live)
  return {
    service: (service) => {
      const estimate = estimator.service(service.id)
      const counters = seen(service, estimate)
      return { rates: estimate.rates, sinceZero: sinceZero(counters, zero().services[service.key]) }
    },
    real: (service, real) => {
      const estimate = estimator.real(real.id)
      const from = zero().reals[realKeyOf(service, real)]
      return { rates: estimate.rates, sinceZero: sinceZero(seen(real, estimate), from) }
    },
    total: ({ services }) => {
      const counters = services.map((service) => seen(service, estimator.service(service.id)))
      return { rates: estimator.total(), sinceZero: totalSinceZero(zero(), counters) }
    },
  }
}
