// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { count, duration, grouped, plural, share } from '../../../src/cli/numbers.js'

describe('a number', () => {
  it('is written out to a million, then shortened', () => {
    expect(
      [0, 999, 1_000, 999_999, 1_000_000, 1_239_999, 12_390_000, 123_900_000, 9.99e15].map(count),
    ).toEqual(['0', '999', '1,000', '999,999', '1.00M', '1.23M', '12.3M', '123M', '9.99P'])
  })

  it('is never longer than seven characters up to 2^63, nor shown above what it is', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (n) => {
        const text = count(n)
        expect(text.length).toBeLessThanOrEqual(7)
        const factor = { M: 1e6, G: 1e9, T: 1e12, P: 1e15 }[text.at(-1) ?? ''] ?? 1
        expect(Number.parseFloat(text.replaceAll(',', '')) * factor).toBeLessThanOrEqual(n * (1 + 1e-12))
      }),
    )
  })

  it('may be written out in full', () => {
    expect([0, 1234, 1_048_576, 12_345_678_901].map(grouped)).toEqual([
      '0',
      '1,234',
      '1,048,576',
      '12,345,678,901',
    ])
  })
})

describe('a duration', () => {
  it('has at most two parts', () => {
    expect([0, 0.9, 59, 60, 61, 3_600, 11_520, 86_400, 180_000, -5].map(duration)).toEqual([
      '0 s',
      '0 s',
      '59 s',
      '1 min',
      '1 min 1 s',
      '1 h',
      '3 h 12 min',
      '1 d',
      '2 d 2 h',
      '0 s',
    ])
  })
})

describe('a share', () => {
  it('is a percentage as fine as it needs to be', () => {
    expect([share(0, 10), share(1, 1_048_576), share(5, 1000), share(1, 3), share(1, 0)]).toEqual([
      '0 %',
      '<0.1 %',
      '0.5 %',
      '33 %',
      '0 %',
    ])
  })
})

describe('a count of things', () => {
  it('knows one from many', () => {
    expect([plural(0, 'service'), plural(1, 'service'), plural(1200, 'real server')]).toEqual([
      '0 services',
      '1 service',
      '1,200 real servers',
    ])
  })
})
