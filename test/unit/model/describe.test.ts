// SPDX-License-Identifier: Apache-2.0
// Problems and keys as text, and the word that was meant.
import { describe, expect, it } from 'vitest'
import { formatProblem, formatProblems, oneOf, quote } from '../../../src/model/describe.js'
import { endpointText, realKey, serviceKey, splitServiceKey } from '../../../src/model/keys.js'
import { nearest, suggestion } from '../../../src/model/nearest.js'

describe('a problem', () => {
  const place = { file: 'lb.yaml', line: 7, column: 15 }

  it.each([
    [
      { place, reason: 'weight 70000 is above 65535', fix: 'use 0..65535' },
      'lb.yaml:7:15: weight 70000 is above 65535; use 0..65535',
    ],
    [{ subject: '--vip', reason: 'no port' }, '--vip: no port'],
    [{ place, subject: 'weight', reason: 'bad' }, 'lb.yaml:7:15: bad'],
    [{ reason: 'bad', fix: 'mend' }, 'bad; mend'],
  ])('case %# is one line', (problem, expected) => expect(formatProblem(problem)).toBe(expected))

  it('of many is counted past the hundredth', () => {
    const lines = formatProblems(new Array(250).fill({ reason: 'bad' })).split('\n')
    expect(lines).toHaveLength(101)
    expect(lines.at(-1)).toBe('… and 150 more problems')
  })
})

it('quoted text is one short line without control characters', () => {
  expect(quote('a\u001b[2J\n\u009b\u202eb')).toBe('"a\\u001b[2J\\n\\u009b\\u202eb"')
  expect(quote('x'.repeat(1_000))).toBe(`"${'x'.repeat(60)}…"`)
})

it('a choice is read out', () => {
  expect([oneOf([]), oneOf(['a']), oneOf(['a', 'b']), oneOf(['a', 'b', 'c'])]).toEqual([
    '',
    'a',
    'a or b',
    'a, b or c',
  ])
})

describe('keys', () => {
  const id = { protocol: 'udp', vip: '2001:db8::1', port: 53 } as const

  it('name services and real servers', () => {
    expect(endpointText('192.0.2.10', 80)).toBe('192.0.2.10:80')
    expect(serviceKey(id)).toBe('udp [2001:db8::1]:53')
    expect(realKey(id, { address: '2001:db8::2' })).toBe('udp [2001:db8::1]:53 > 2001:db8::2')
    expect(realKey('tcp 192.0.2.10:80', '192.0.2.21')).toBe('tcp 192.0.2.10:80 > 192.0.2.21')
  })

  it('come apart again', () => {
    expect(splitServiceKey(serviceKey(id))).toEqual(id)
    expect(splitServiceKey('tcp 192.0.2.10:80')).toEqual({ protocol: 'tcp', vip: '192.0.2.10', port: 80 })
    expect(splitServiceKey('192.0.2.10:80')).toBeUndefined()
  })
})

describe('the word that was meant', () => {
  const known = ['weight', 'address', 'name']

  it.each([
    ['wieght', 'weight'],
    ['weigth', 'weight'],
    ['Weight', 'weight'],
    ['adress', 'address'],
    ['nam', 'name'],
    ['weights', 'weight'],
    ['xyz', undefined],
    ['', undefined],
    ['w'.repeat(100), undefined],
  ])('%s is %s', (word, meant) => expect(nearest(word, known)).toBe(meant))

  it('is suggested, or else the list of all', () => {
    expect(suggestion('adress', known)).toBe('write address')
    expect(suggestion('port', known)).toBe('use weight, address or name')
  })
})
