// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { createEstimator } from '../../../src/daemon/estimator.js'
import { countsOf } from '../metrics/counted.js'
import { realOf, serviceOf, snapshotOf } from '../metrics/given.js'

/** A service with one real server that has counted this much. */
function counted(connections: bigint, packets = connections, bytes = packets * 40n) {
  const counters = { connections, packets, bytes }
  return snapshotOf({ services: [serviceOf({ ...counters, reals: [realOf(counters)] })] })
}

/** The arithmetic of ip_vs_est.c, on integers of any size. */
function kernel(deltas: readonly bigint[], bits: bigint): number {
  let rate = 0n
  for (const delta of deltas) rate += ((delta << (bits - 1n)) - rate) >> 2n
  return Number((rate + (1n << (bits - 1n)) - 1n) >> bits)
}

describe('rates', () => {
  it('show ten connections after silence as one a second, then let them fade', () => {
    const estimator = createEstimator()
    estimator.prime(counted(0n), [])
    estimator.tick(countsOf(counted(10n)))
    const seen = [estimator.real(1).rates.cps]
    for (let i = 0; i < 5; i++) {
      estimator.tick(countsOf(counted(10n)))
      seen.push(estimator.real(1).rates.cps)
    }
    expect(seen).toEqual([1, 1, 1, 1, 0, 0])
  })

  it('are those of the kernel, bit by bit, whatever the traffic', () => {
    const estimator = createEstimator()
    estimator.prime(counted(0n, 0n, 0n), [])
    const deltas = [3n, 0n, 1n, 999_999n, 12n, 0n, 0n, 7n, 123_456_789n, 5n, 0n, 0n, 0n, 1n]
    let sum = 0n
    for (const [i, delta] of deltas.entries()) {
      sum += delta
      estimator.tick(countsOf(counted(sum, sum * 3n, sum * 1500n)))
      const past = deltas.slice(0, i + 1)
      const expected = {
        cps: kernel(past, 10n),
        inPps: kernel(
          past.map((d) => d * 3n),
          10n,
        ),
        inBps: kernel(
          past.map((d) => d * 1500n),
          5n,
        ),
      }
      expect(estimator.real(1).rates).toEqual(expected)
      expect(estimator.service(1).rates).toEqual(expected)
      expect(estimator.total()).toEqual(expected)
    }
  })

  it('do not take for traffic what was counted before the daemon started', () => {
    const estimator = createEstimator()
    estimator.prime(counted(1_000_000n), [])
    estimator.tick(countsOf(counted(1_000_000n)))
    expect(estimator.real(1).rates).toEqual({ cps: 0, inPps: 0, inBps: 0 })
    expect(estimator.total().cps).toBe(0)
  })

  it('count all that a new real server got from its first moment on', () => {
    const estimator = createEstimator()
    estimator.prime(snapshotOf(), [])
    estimator.tick(countsOf(counted(80n)))
    expect(estimator.real(1).rates.cps).toBe(10)
  })

  it('go on where they were for a real server that was removed and comes back', () => {
    const estimator = createEstimator()
    estimator.prime(counted(0n), [])
    estimator.tick(countsOf(counted(800n)))
    const gone = snapshotOf({ services: [serviceOf({ connections: 800n })] })
    estimator.tick(countsOf(gone))
    estimator.tick(countsOf(gone))
    estimator.tick(countsOf(counted(800n)))
    expect(estimator.real(1).rates.cps).toBe(75)
  })

  it('see no flood when a real server leaves the trash that was there before the daemon', () => {
    const estimator = createEstimator()
    estimator.prime(snapshotOf(), [1])
    estimator.tick(countsOf(counted(5_000_000n)))
    expect(estimator.real(1).rates.cps).toBe(0)
    estimator.tick(countsOf(counted(5_000_080n)))
    expect(estimator.real(1).rates.cps).toBe(10)
  })

  it('begin anew, and never below nothing, when a number went to another real server', () => {
    const estimator = createEstimator()
    estimator.prime(counted(0n), [])
    estimator.tick(countsOf(counted(8_000n)))
    estimator.tick(countsOf(counted(80n)))
    expect(estimator.real(1).rates).toEqual({ cps: 10, inPps: 10, inBps: 400 })
  })

  it('survive counters beyond what a double can hold', () => {
    const far = 2n ** 63n
    const estimator = createEstimator()
    estimator.prime(counted(far, far, far), [])
    estimator.tick(countsOf(counted(far + 8n, far + 8n, far + 8n)))
    expect(estimator.real(1).rates).toEqual({ cps: 1, inPps: 1, inBps: 1 })
  })

  it('are nothing for who was never seen', () => {
    expect(createEstimator().real(16_000).rates).toEqual({ cps: 0, inPps: 0, inBps: 0 })
  })
})

describe('zeroing', () => {
  it('takes one service and its real servers, and leaves the total', () => {
    const estimator = createEstimator()
    estimator.prime(counted(0n), [])
    estimator.tick(countsOf(counted(800n)))
    estimator.zero(counted(900n), 'tcp 192.0.2.10:80')
    expect(estimator.real(1).rates.cps).toBe(0)
    expect(estimator.service(1).rates.cps).toBe(0)
    expect(estimator.total().cps).toBe(100)
    estimator.tick(countsOf(counted(980n)))
    expect(estimator.real(1).rates.cps).toBe(10)
  })

  it('of all takes the total too, and of another service takes nothing here', () => {
    const estimator = createEstimator()
    estimator.prime(counted(0n), [])
    estimator.tick(countsOf(counted(800n)))
    estimator.zero(counted(800n), 'tcp 192.0.2.99:80')
    expect(estimator.real(1).rates.cps).toBe(100)
    estimator.zero(counted(800n))
    expect([estimator.real(1).rates.cps, estimator.total().cps]).toEqual([0, 0])
  })
})
