// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { createEstimator } from '../../../src/daemon/estimator.js'
import { createMeter } from '../../../src/daemon/meter.js'
import {
  NO_ZERO,
  sinceZero,
  totalSinceZero,
  withoutPast,
  withoutServices,
  type Zero,
  zeroNow,
} from '../../../src/daemon/zero.js'
import { countsOf } from '../metrics/counted.js'
import { realOf, serviceOf, snapshotOf } from '../metrics/given.js'

const counters = (n: bigint) => ({ connections: n, packets: n * 2n, bytes: n * 3n })
const web = (n: bigint) => serviceOf({ ...counters(n), reals: [realOf(counters(n))] })
const marked = (n: bigint) =>
  serviceOf({
    id: 2,
    key: 'fwm 6',
    match: { mark: 6, family: 4 },
    ...counters(n),
    reals: [realOf({ id: 2, port: 8080, ...counters(n) })],
  })

describe('a zero', () => {
  it('is of everything there is', () => {
    expect(zeroNow(NO_ZERO, snapshotOf({ services: [web(5n), marked(7n)] }))).toEqual({
      gone: [0, 0, 0],
      total: [12, 24, 36],
      services: { 'tcp 192.0.2.10:80': [5, 10, 15], 'fwm 6': [7, 14, 21] },
      reals: { 'tcp 192.0.2.10:80 > 192.0.2.21': [5, 10, 15], 'fwm 6 > 192.0.2.21:8080': [7, 14, 21] },
    })
  })

  it('of one service leaves the others and the total', () => {
    const zero = zeroNow(NO_ZERO, snapshotOf({ services: [web(5n), marked(7n)] }), 'fwm 6')
    expect(Object.keys(zero.services)).toEqual(['fwm 6'])
    expect(zero.total).toEqual([0, 0, 0])
  })

  it('of what has counted nothing is not kept', () => {
    expect(zeroNow(NO_ZERO, snapshotOf({ services: [web(0n)] }))).toEqual(NO_ZERO)
  })
})

describe('the total', () => {
  it('never goes back when a service goes', () => {
    const before = totalSinceZero(NO_ZERO, [web(5n), marked(7n)])
    const zero = withoutServices(NO_ZERO, [marked(7n)])
    expect(totalSinceZero(zero, [web(5n)])).toEqual(before)
    expect(totalSinceZero(zero, [web(6n)])).toEqual({ connections: 13, packets: 26, bytes: 39 })
  })

  it('loses the zeros of services that go, and of nobody else', () => {
    const zero = zeroNow(NO_ZERO, snapshotOf({ services: [web(5n), marked(7n)] }))
    const left = withoutServices(zero, [marked(7n)])
    expect([Object.keys(left.services), Object.keys(left.reals)]).toEqual([
      ['tcp 192.0.2.10:80'],
      ['tcp 192.0.2.10:80 > 192.0.2.21'],
    ])
    expect(totalSinceZero(left, [web(5n)])).toEqual({ connections: 0, packets: 0, bytes: 0 })
  })
})

describe('a counter below its zero', () => {
  const zero: Zero = zeroNow(NO_ZERO, snapshotOf({ services: [web(100n), marked(7n)] }))

  it('is shown as it is, not as something below nothing', () => {
    expect(sinceZero(counters(3n), [100, 200, 300])).toEqual({ connections: 3, packets: 6, bytes: 9 })
  })

  it('has no zero any more, so that it cannot fall when it grows past it', () => {
    const reborn = snapshotOf({ services: [web(3n), marked(9n)] })
    const kept = withoutPast(zero, reborn)
    expect([Object.keys(kept.services), Object.keys(kept.reals)]).toEqual([
      ['fwm 6'],
      ['fwm 6 > 192.0.2.21:8080'],
    ])
    expect(withoutPast(zero, snapshotOf({ services: [web(100n), marked(9n)] }))).toBe(zero)
  })
})

describe('run_estimation 0', () => {
  it('holds counters where the last tick saw them', () => {
    let frozen = false
    const estimator = createEstimator()
    const meter = createMeter(
      estimator,
      () => NO_ZERO,
      () => frozen,
    )
    estimator.prime(snapshotOf({ services: [web(0n)] }), [])
    estimator.tick(countsOf(snapshotOf({ services: [web(8n)] })))
    expect(meter.service(web(20n)).sinceZero.connections).toBe(20)
    frozen = true
    expect(meter.service(web(20n))).toEqual({
      rates: { cps: 1, inPps: 2, inBps: 3 },
      sinceZero: { connections: 8, packets: 16, bytes: 24 },
    })
    expect(meter.total(snapshotOf({ services: [web(20n)] })).sinceZero.connections).toBe(8)
  })
})
