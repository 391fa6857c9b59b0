// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { parseDuration } from '../../../src/cli/durations.js'
import { formatProblem } from '../../../src/model/describe.js'

describe('times', () => {
  it.each([
    ['0', 0],
    ['90', 90],
    ['90s', 90],
    ['10m', 600],
    ['1h30m', 5_400],
    ['2d', 172_800],
    ['1d1h1m1s', 90_061],
  ])('%s is %i s', (text, seconds) => {
    expect(parseDuration(text)).toEqual({ ok: true, value: seconds })
  })

  it.each(['', ' ', '10 minutes', '-5s', '1.5h', 's', '1m1h', '10M'])('%j is none', (text) => {
    const outcome = parseDuration(text, '--deadline')
    expect(outcome.ok ? outcome.value : outcome.problems.map(formatProblem).join()).toBe(
      `--deadline: ${JSON.stringify(text)} is not a time; write it like 90s, 10m or 1h`,
    )
  })
})
