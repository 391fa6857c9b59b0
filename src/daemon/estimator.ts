// SPDX-License-Identifier: Apache-2.0
// IPVS's estimators for every real server, every service and all of them together: looked at every two seconds, and
// frozen by run_estimation 0. Ids of the datapath name them, so that a real server out of the trash goes on.
import type { Rates } from '../api/contract.js'
import type { Counts } from '../datapath/counts.js'
import type { RealCounters, Snapshot } from '../datapath/types.js'
import { Averages } from './averages.js'

/** Between two ticks. */
export const ESTIMATION_MS = 2_000

const ALL = 0

export interface Estimator {
  /** What is there before the first tick is no traffic of the first two seconds; `trash`: ids of real servers in it. */
  prime(snapshot: Snapshot, trash: readonly number[]): void
  /** Two seconds have passed. True: some counter is another's now, who took over a number and began from nothing. */
  tick(counts: Counts): boolean
  /** `xlvsadm -Z`: rates are 0 and begin from what is counted now; of one service, or of all and the total. */
  zero(snapshot: Snapshot, service?: string): void
  real(id: number): Estimate
  service(id: number): Estimate
  total(): Rates
}

export interface Estimate {
  readonly rates: Rates
  /** as of the last tick */
  readonly counters: RealCounters
}

export function createEstimator(): Estimator {
  const [reals, services, total] = [new Averages(), new Averages(), new Averages()]
  const of = (averages: Averages) => (id: number) => ({
    rates: averages.rates(id),
    counters: averages.counters(id),
  })
  const reset = (snapshot: Snapshot, key?: string) => {
    for (const service of snapshot.services) {
      if (key !== undefined && service.key !== key) continue
      services.reset(service.id, service)
      for (const real of service.reals) reals.reset(real.id, real)
    }
  }
  return {
    prime: (snapshot, trash) => {
      reset(snapshot)
      for (const id of trash) reals.wait(id)
    },
    tick: (counts) => {
      const before = services.anew + reals.anew
      const all = new Float64Array(3)
      for (const service of counts.services) {
        const moved = services.move(service.id, counts.ofServices)
        for (let i = 0; i < 3; i++) all[i] = (all[i] as number) + (moved[i] as number)
        for (const real of service.reals) reals.move(real, counts.ofReals)
      }
      total.approach(ALL, all)
      return services.anew + reals.anew !== before
    },
    zero: (snapshot, key) => {
      reset(snapshot, key)
      if (key === undefined) total.reset(ALL, { connections: 0n, packets: 0n, bytes: 0n })
    },
    real: of(reals),
    service: of(services),
    total: () => total.rates(ALL),
  }
}
