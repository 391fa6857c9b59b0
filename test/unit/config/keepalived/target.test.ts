// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { addressOf, readAddressTarget, readMarkTarget } from '../../../../src/config/keepalived/target.js'

const SPOT = { place: { file: 'k', line: 1, column: 1 }, words: '' }

it.each([
  ['192.0.2.1', '192.0.2.1', '192.0.2.1'],
  ['192.0.2.3-10', '192.0.2.3', '192.0.2.10'],
  ['192.0.2.250-192.0.3.10', '192.0.2.250', '192.0.3.10'],
  ['192.0.2.8/29', '192.0.2.8', '192.0.2.15'],
  ['192.0.2.8/32', '192.0.2.8', '192.0.2.8'],
  ['2001:db8::1', '2001:db8::1', '2001:db8::1'],
  ['2001:db8::2-a', '2001:db8::2', '2001:db8::a'],
  ['2001:db8::1-2001:db8::1:0', '2001:db8::1', '2001:db8::1:0'],
  ['2001:db8::/120', '2001:db8::', '2001:db8::ff'],
])('%s is from %s to %s', (text, first, last) => {
  const target = readAddressTarget(SPOT, text, '80')
  if ('reason' in target) throw new Error(target.reason)
  expect(target.port).toBe(80)
  expect(addressOf(target.first, target.family)).toBe(first)
  expect(addressOf(target.last, target.family)).toBe(last)
})

it.each([
  '',
  'web',
  '192.0.2.300',
  '192.0.2.3-300',
  '192.0.2.9-3',
  '192.0.2.9-9',
  '192.0.2.9/29',
  '192.0.2.0/33',
  '192.0.2.1-2001:db8::1',
  '192.0.2.1-',
])('%j is no address and no range', (text) => {
  expect(readAddressTarget(SPOT, text, '80')).toMatchObject({ objection: true })
})

it('a port may be missing, and goes to 65535', () => {
  expect(readAddressTarget(SPOT, '192.0.2.1', undefined)).toMatchObject({ port: 0 })
  expect(readAddressTarget(SPOT, '192.0.2.1', '65536')).toMatchObject({ objection: true })
})

it('a mark is from 1 to 4294967295, and may name its family', () => {
  expect(readMarkTarget(SPOT, '4294967295', 'inet6')).toMatchObject({ mark: 4294967295, family: 6 })
  for (const wrong of ['0', '4294967296', '-1', 'x', ''])
    expect(readMarkTarget(SPOT, wrong)).toHaveProperty('reason')
})
