// SPDX-License-Identifier: Apache-2.0
// Moments as people write them, in whatever time zone they are.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { momentText, parseMoment, parseSince } from '../../../src/cli/moments.js'
import { formatProblem } from '../../../src/model/describe.js'
import type { Outcome } from '../../../src/model/types.js'

const NOW = new Date(2026, 10, 21, 14, 30, 0).getTime()
const HOUR = 3_600_000

function moment(text: string, parse = parseMoment): number | string {
  const read: Outcome<number> = parse(text, NOW, '--at')
  return read.ok ? read.value : read.problems.map(formatProblem).join('\n')
}

describe('a moment', () => {
  it('is a time of the last 24 hours', () => {
    expect(moment('12:03:10')).toBe(new Date(2026, 10, 21, 12, 3, 10).getTime())
    expect(moment('14:30')).toBe(NOW)
    expect(moment('14:31')).toBe(new Date(2026, 10, 20, 14, 31).getTime())
    expect(moment('9:05')).toBe(new Date(2026, 10, 21, 9, 5).getTime())
  })

  it('is a date, with a time, with a zone', () => {
    expect(moment('2026-11-21T12:03:10')).toBe(new Date(2026, 10, 21, 12, 3, 10).getTime())
    expect(moment('2026-11-21 12:03')).toBe(new Date(2026, 10, 21, 12, 3).getTime())
    expect(moment('2026-11-20')).toBe(new Date(2026, 10, 20).getTime())
    expect(moment('2026-11-19T12:00:00Z')).toBe(Date.UTC(2026, 10, 19, 12))
    expect(moment('2026-11-19T12:00:00.250+02:00')).toBe(Date.UTC(2026, 10, 19, 10, 0, 0, 250))
  })

  it('is some time ago', () => {
    expect(moment('-10m')).toBe(NOW - 600_000)
    expect(moment('-1h30m')).toBe(NOW - 1.5 * HOUR)
    expect(moment('-0s')).toBe(NOW)
    expect(moment('1h', parseSince)).toBe(NOW - HOUR)
    expect(moment('-1h', parseSince)).toBe(NOW - HOUR)
    expect(moment('12:03', parseSince)).toBe(new Date(2026, 10, 21, 12, 3).getTime())
  })

  it.each([
    'soon',
    '',
    '-',
    '25:00',
    '12:60',
    '12:3',
    '2026-02-30',
    '2026-13-01',
    '2026-11-21T25:00',
    '-99999999d',
    '10',
  ])('%j is none, and what is one is said', (text) => {
    expect(moment(text)).toMatch(/^--at: ".*" is no moment; write it like 12:03, 12:03:10, .* or -10m$/)
  })

  it('to come is refused', () => {
    const said = '--at: "2026-11-21T14:31" is in the future; name a moment that is gone'
    expect(moment('2026-11-21T14:31')).toBe(said)
    expect(moment('2026-11-21T14:31', parseSince)).toBe(said)
    expect(moment('later', parseSince)).toMatch(/^--at: "later" is no moment; write it like 1h/)
  })

  it('that is shown is read as the same second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: NOW }), (ms) => {
        const shown = new Date(Math.floor(ms / 1_000) * 1_000)
        // an hour that the clock goes through twice is shown alike both times
        const again = new Date(
          shown.getFullYear(),
          shown.getMonth(),
          shown.getDate(),
          shown.getHours(),
          shown.getMinutes(),
          shown.getSeconds(),
        )
        expect(moment(momentText(ms))).toBe(again.getTime())
      }),
    )
  })

  it('is never a crash, and never to come', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const read = moment(text)
        if (typeof read === 'number') expect(read).toBeLessThanOrEqual(NOW)
      }),
    )
  })
})
