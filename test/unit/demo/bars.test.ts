// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { bar, barLines, plainLine, shares } from '../../../src/demo/bars.js'
import { canvasOf } from '../../../src/demo/paint.js'
import { NOTHING } from '../../../src/demo/traffic/report.js'

const reals = [
  { name: 'web1', weight: 3 },
  { name: 'web2', weight: 1 },
  { name: 'web3', weight: 0 },
]
const report = { ...NOTHING, t: 2000, done: 400, by: { web1: 300, web2: 100 } }
const plain = canvasOf({}, {})

describe('shares', () => {
  it('are what each answered of all, beside what its weight entitles it to', () => {
    expect(shares(reals, report.by)).toEqual([
      { got: 0.75, wanted: 0.75 },
      { got: 0.25, wanted: 0.25 },
      { got: 0, wanted: 0 },
    ])
  })

  it('are nothing before the first answer and when every weight is 0', () => {
    expect(shares([{ name: 'web1', weight: 0 }], {})).toEqual([{ got: 0, wanted: 0 }])
  })
})

describe('a bar', () => {
  it('is as long as the share, to an eighth of a character, and fills its width', () => {
    expect(bar(0, 4)).toBe('    ')
    expect(bar(0.5, 4)).toBe('██  ')
    expect(bar(1, 4)).toBe('████')
    expect(bar(1 / 32, 4)).toBe('▏   ')
    expect(bar(0.99, 4)).toBe('████')
  })
})

describe('the drawn lines', () => {
  it('name weight, share, entitlement and count of each real server, and the sum', () => {
    const lines = barLines(reals, report, plain)
    expect(lines[0]).toMatch(/^ {2}web1 {2}weight 3 {3}█+▌? +75\.0 % of 75\.0 % {6}300$/)
    expect(lines[2]).toMatch(/^ {2}web3 {2}weight 0 {5,}0\.0 % of 0\.0 % {9}0$/)
    expect(lines[3]).toBe('  400 requests  200/s  0 failed')
  })

  it.each([60, 80, 200])('fit in a terminal of %d columns and use at most 80', (columns) => {
    const lines = barLines(reals, report, canvasOf({ columns }, {}))
    for (const line of lines) expect([...line].length).toBeLessThanOrEqual(Math.min(columns, 80))
    expect([...(lines[0] ?? '')].length).toBe(Math.min(columns, 80))
  })

  it('are one line when output is kept', () => {
    expect(plainLine(reals, report)).toBe(
      '  web1  75.0 %  web2  25.0 %  web3   0.0 %  400 requests, 0 failed',
    )
  })
})
