// SPDX-License-Identifier: Apache-2.0
// Every reason has one sentence, which fits behind a colon.
import { expect, it } from 'vitest'
import { DOWN_REASONS, STANDING_REASONS } from '../../../src/model/health-words.js'

it('every reason is said once, without a full stop, and no two in the same words', () => {
  const sentences = Object.values(STANDING_REASONS)
  for (const sentence of sentences) expect(sentence).toMatch(/^[a-z][^\n]*[^.\s]$/)
  expect(new Set(sentences).size).toBe(sentences.length)
})

it('a failure is said in the same words wherever it is shown', () => {
  expect(STANDING_REASONS).toMatchObject(DOWN_REASONS)
})
