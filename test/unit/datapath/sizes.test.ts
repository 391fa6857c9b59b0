// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  readTimeouts,
  secondsOf,
  ticksOf,
  writeFreshSettings,
  writeTimeouts,
} from '../../../src/datapath/settings.js'
import { limitsOf, sizesOf } from '../../../src/datapath/sizes.js'
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS } from '../../../src/model/types.js'

test('four million flows take less than 100 MiB of connection table', () => {
  expect(sizesOf({ ...DEFAULT_LIMITS, connections: 4_000_000 }, 1).conns4 * 64).toBeLessThan(100 * 2 ** 20)
})

test('a table has room for its limit with a third to spare', () => {
  const { conns4, conns6, templates } = sizesOf(DEFAULT_LIMITS, 1)
  expect([conns4 * 4, conns6 * 4].every((ways) => ways >= DEFAULT_LIMITS.connections * 1.5)).toBe(true)
  expect(templates * 2).toBeGreaterThanOrEqual(DEFAULT_LIMITS.templates * 1.5)
})

test('the limits of adopted maps are the wish when it gives their sizes, and what their sizes allow otherwise', () => {
  const sizes = sizesOf(DEFAULT_LIMITS, 2)
  expect(limitsOf(sizes, 2, DEFAULT_LIMITS)).toBe(DEFAULT_LIMITS)
  const read = limitsOf(sizes, 2, { ...DEFAULT_LIMITS, services: 7 })
  expect(read).toEqual({
    ...DEFAULT_LIMITS,
    connections: expect.closeTo(DEFAULT_LIMITS.connections, -1),
    templates: expect.closeTo(DEFAULT_LIMITS.templates, -1),
  })
})

test('whole seconds survive being ticks, and nothing expires early', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2_678_400 }), (seconds) => {
      expect(secondsOf(ticksOf(seconds))).toBe(seconds)
      expect(ticksOf(seconds) * 2 ** 28).toBeGreaterThanOrEqual(seconds * 1e9)
    }),
  )
})

test('fresh settings have the defaults of IPVS, and three of them can be set', () => {
  const settings = new DataView(new ArrayBuffer(4096))
  writeFreshSettings(settings, 7n)
  expect(readTimeouts(settings)).toEqual(DEFAULT_TIMEOUTS)
  writeTimeouts(settings, { tcp: 1, tcpfin: 2, udp: 3 })
  expect(readTimeouts(settings)).toEqual({ tcp: 1, tcpfin: 2, udp: 3 })
})
