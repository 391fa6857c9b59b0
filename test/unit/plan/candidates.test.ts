// SPDX-License-Identifier: Apache-2.0
// Candidates are weighed with the datapath's own numbers, and told why they cannot be chosen.
import { describe, expect, it } from 'vitest'
import type { SchedulerName } from '../../../src/model/types.js'
import type { ActualReal, ActualService } from '../../../src/plan/actual.js'
import { candidatesOf } from '../../../src/plan/candidates.js'

const real = (id: number, weight: number, rest: Partial<ActualReal> = {}): ActualReal => ({
  ...{ id, address: `192.0.2.${20 + id}`, port: 80, service: 1, weight, lastWeight: 1, upper: 0, lower: 0 },
  ...{ overloaded: false, order: id, nexthop: 1, state: 'linked', referenced: true, trashSince: 0 },
  ...rest,
})
const REALS = [
  real(1, 3),
  real(2, 1),
  real(3, 0),
  real(4, 2, { overloaded: true, upper: 5 }),
  real(5, 0, { drain: 'soft' }),
]
const LOADS = [
  { active: 2, inactive: 1 },
  { active: 0, inactive: 4 },
  { active: 0, inactive: 0 },
  { active: 3, inactive: 2 },
  { active: 1, inactive: 0 },
]
const weighed = (scheduler: SchedulerName) => {
  const service: ActualService = {
    ...{ id: 1, key: 'tcp 192.0.2.10:80', vipId: 1, match: { vip: '192.0.2.10', port: 80, protocol: 'tcp' } },
    ...{ scheduler, generation: 1, listed: true, stale: false, reals: REALS, trash: [] },
  }
  return candidatesOf(service, (id) => LOADS[id - 1] ?? { active: 0, inactive: 0 })
}

describe('candidates', () => {
  it.each<[SchedulerName, readonly (string | undefined)[]]>([
    ['lc', ['515', '4', undefined, '773', undefined]],
    ['wlc', ['515/3', '4/1', undefined, '773/2', undefined]],
    ['lblcr', ['515/3', '4/1', undefined, '773/2', undefined]],
    ['sed', ['3/3', '1/1', undefined, '4/2', undefined]],
    ['nq', ['3/3', 'idle', undefined, '4/2', undefined]],
    ['wrr', [undefined, undefined, undefined, undefined, undefined]],
    ['mh', [undefined, undefined, undefined, undefined, undefined]],
  ])('of %s have its scores', (scheduler, scores) => {
    expect(weighed(scheduler).map(({ score }) => score)).toEqual(scores)
  })

  it('say why they cannot be chosen', () => {
    expect(weighed('wlc').map(({ unusable }) => unusable)).toEqual([
      undefined,
      undefined,
      'weight 0',
      'overloaded: 5 connections, upper threshold 5',
      'drained',
    ])
  })

  it('of ovf are full with more active connections than their weight', () => {
    const full = (active: number) =>
      candidatesOf({ ...serviceOfOvf, reals: [real(1, 2)] }, () => ({ active, inactive: 0 })).map(
        ({ unusable }) => unusable,
      )
    expect(full(2)).toEqual([undefined])
    expect(full(3)).toEqual(['full: 3 active connections, more than its weight 2'])
  })
})

const serviceOfOvf: ActualService = {
  ...{ id: 1, key: 'tcp 192.0.2.10:80', vipId: 1, match: { vip: '192.0.2.10', port: 80, protocol: 'tcp' } },
  ...{ scheduler: 'ovf', generation: 1, listed: true, stale: false, reals: [], trash: [] },
}
