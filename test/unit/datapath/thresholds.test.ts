// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { overload } from '../../../src/datapath/thresholds.js'

const STAYS = undefined

test.each([
  ['no threshold clears', 0, 0, 1_000_000, false],
  ['reaching the upper sets', 10, 0, 10, true],
  ['above the upper sets', 10, 0, 11, true],
  ['without a lower one three quarters keep', 10, 0, 8, STAYS],
  ['fewer than three quarters, rounded up, clear', 10, 0, 7, false],
  ['an upper of 3 clears below 3', 3, 0, 2, false],
  ['the lower one itself keeps', 10, 4, 4, STAYS],
  ['fewer than the lower clear', 10, 4, 3, false],
  ['a lower one equal to the upper leaves nothing between', 10, 10, 9, false],
  ['a lower one without an upper clears', 0, 4, 9, false],
] as const)('%s', (_, upper, lower, connections, wanted) => {
  expect(overload({ upper, lower }, connections)).toBe(wanted)
})
