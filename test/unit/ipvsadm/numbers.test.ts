// SPDX-License-Identifier: Apache-2.0
// Numbers and addresses as the C library reads them.
import { describe, expect, it } from 'vitest'
import { decimal, dottedQuad, leading } from '../../../src/cli/ipvsadm/numbers.js'

describe('numbers', () => {
  it.each([
    ['5', 5],
    [' 5', 5],
    ['+5', 5],
    ['005', 5],
    ['10', 10],
    ['11', undefined],
    ['-1', undefined],
    ['5 ', undefined],
    ['0x5', undefined],
    ['1.5', undefined],
    ['', undefined],
    ['99999999999999999999', undefined],
  ])('%j is %s of 0..10', (text, value) => {
    expect(decimal(text, 0, 10)).toBe(value)
  })

  it('may stand before other text where atoi reads them', () => {
    expect(['24x', 'abc', ' -3', ''].map(leading)).toEqual([24, 0, -3, 0])
  })
})

describe('IPv4 addresses', () => {
  it.each([
    ['10.0.1.1', '10.0.1.1'],
    ['10.1', '10.0.0.1'],
    ['10.1.2', '10.1.0.2'],
    ['0xa000101', '10.0.1.1'],
    ['167772417', '10.0.1.1'],
    ['0377.1', '255.0.0.1'],
    ['24', '0.0.0.24'],
    ['0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['4294967295', '255.255.255.255'],
    ['10.0.1.1 ', '10.0.1.1'],
    ['4294967296', undefined],
    ['256.0.0.0', undefined],
    ['10.16777216', undefined],
    ['1.2.3.4.5', undefined],
    ['1.2.3.', undefined],
    ['08', undefined],
    ['0x', undefined],
    ['host', undefined],
    ['', undefined],
  ])('%j is %s', (text, address) => {
    expect(dottedQuad(text)).toBe(address)
  })
})
