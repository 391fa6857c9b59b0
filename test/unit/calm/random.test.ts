// SPDX-License-Identifier: Apache-2.0
// A seed that was printed brings the same moments again.
import { expect, it } from 'vitest'
import { randomFrom } from '../../../src/calm/random.js'

const some = (seed: number) => {
  const random = randomFrom(seed)
  return Array.from({ length: 1_000 }, () => random())
}

it('the same seed gives the same numbers, another one others, all in range and spread', () => {
  expect(some(7)).toEqual(some(7))
  expect(some(8)).not.toEqual(some(7))
  const numbers = some(9)
  expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true)
  const tenths = new Set(numbers.map((number) => Math.floor(number * 10)))
  expect(tenths.size).toBe(10)
})
