// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapeLabel, header, labels, number, sample } from '../../../src/metrics/exposition.js'

describe('the text format', () => {
  it('writes HELP and TYPE before a family', () => {
    expect(header({ name: 'a_total', type: 'counter', help: 'Counts a\\b\nand c.' })).toBe(
      '# HELP a_total Counts a\\\\b\\nand c.\n# TYPE a_total counter\n',
    )
  })

  it('writes a sample with and without labels', () => {
    expect(sample('a', '', 1)).toBe('a 1\n')
    expect(sample('a', labels({ vip: '2001:db8::1', port: 53, name: undefined }), 2n)).toBe(
      'a{vip="2001:db8::1",port="53"} 2\n',
    )
  })

  it('keeps every digit of a 64-bit counter', () => {
    expect(number(18446744073709551615n)).toBe('18446744073709551615')
  })

  it('writes booleans as 0 and 1 and the odd floats by their names', () => {
    expect([true, false, Infinity, -Infinity, Number.NaN, 0.25].map(number)).toEqual([
      '1',
      '0',
      '+Inf',
      '-Inf',
      'NaN',
      '0.25',
    ])
  })

  it('escapes any label so that it reads back and never ends its line or its quotes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const escaped = escapeLabel(text)
        expect(escaped).not.toMatch(/\n|(^|[^\\])(\\\\)*"/)
        const back = escaped.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c))
        expect(back).toBe(text)
      }),
    )
  })
})
