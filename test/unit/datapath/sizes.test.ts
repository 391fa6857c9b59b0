// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Settings_OFFSETS, State } from '../../../src/abi/generated.js'
import {
  readTimeouts,
  readTunables,
  secondsOf,
  ticksOf,
  timeoutTicks,
  writeDefence,
  writeFreshSettings,
  writeTimeouts,
  writeTunables,
} from '../../../src/datapath/settings.js'
import { limitsOf, sizesOf } from '../../../src/datapath/sizes.js'
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS, DEFAULT_TUNABLES } from '../../../src/model/types.js'

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

test('the arena has room for a quarter of the services with mh, and is modest without', () => {
  const { tables } = sizesOf(DEFAULT_LIMITS, 1)
  expect(tables).toBeGreaterThan((DEFAULT_LIMITS.services / 4) * 258 + 131_072)
  expect(tables * 64).toBeLessThan(32 * 2 ** 20)
})

test('tunables are the kernel’s at first, and come back as they were set', () => {
  const settings = new DataView(new ArrayBuffer(4096))
  writeFreshSettings(settings, 7n)
  expect(readTunables(settings)).toEqual(DEFAULT_TUNABLES)
  const names = Object.keys(DEFAULT_TUNABLES) as (keyof typeof DEFAULT_TUNABLES)[]
  const other = Object.fromEntries(names.map((name, i) => [name, i + 100])) as typeof DEFAULT_TUNABLES
  writeTunables(settings, other)
  expect(readTunables(settings)).toEqual(other)
})

test('every state but the unused ones has the time IPVS gives it', () => {
  const settings = new DataView(new ArrayBuffer(4096))
  writeFreshSettings(settings, 7n)
  const seconds = (state: number) => secondsOf(timeoutTicks(settings, state))
  expect(Array.from({ length: 14 }, (_, i) => seconds(State.SCTP_NONE + i))).toEqual([
    ...[3, 4, 61, 61, 61, 61, 61, 61, 900, 61, 61, 61, 4, 61],
  ])
  expect([seconds(State.TCP_NONE), seconds(State.UDP_BEGUN), seconds(State.TCP_SYNACK)]).toEqual([3, 3, 120])
})

test('the defence is what was said last; the count goes on unless it is set', () => {
  const settings = new DataView(new ArrayBuffer(4096))
  const word = (name: 'secureTcp' | 'dropRate' | 'dropCounter') =>
    settings.getInt32(Settings_OFFSETS[name], true)
  writeDefence(settings, { secureTcp: true, dropRate: 10, dropCounter: 7 })
  writeDefence(settings, { secureTcp: false, dropRate: 5 })
  expect([word('secureTcp'), word('dropRate'), word('dropCounter')]).toEqual([0, 5, 7])
})
