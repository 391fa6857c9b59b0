// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { canServe, parseNotice } from '../../../src/model/vrrp.js'

describe('a line of the FIFO', () => {
  it.each([
    ['INSTANCE "VI_1" MASTER 100', { kind: 'instance', name: 'VI_1', state: 'MASTER', priority: 100 }],
    ['GROUP "VG 1" FAULT 0', { kind: 'group', name: 'VG 1', state: 'FAULT' }],
    ['INSTANCE "a" STOP 50\n', { kind: 'instance', name: 'a', state: 'STOP', priority: 50 }],
    ['INSTANCE "a" DELETED 0', { kind: 'instance', name: 'a', state: 'DELETED', priority: 0 }],
    ['INSTANCE "a" MASTER_RX_LOWER_PRI 150', { kind: 'instance', name: 'a', state: 'MASTER', priority: 150 }],
    ['INSTANCE "a" BACKUP_PRIORITY 90', { kind: 'instance', name: 'a', state: 'BACKUP', priority: 90 }],
  ])('%s', (line, notice) => expect(parseNotice(line)).toEqual(notice))

  it.each([
    '',
    'VS [192.0.2.10]:tcp:80 UP',
    'INSTANCE VI_1 MASTER 100',
    'INSTANCE "a" DANCING 1',
    'x INSTANCE "a" MASTER 1',
  ])('that says something else: %j', (line) => expect(parseNotice(line)).toBeUndefined())
})

describe('a director can serve', () => {
  it.each([
    [[], 'all', true],
    [[false, false], 'all', false],
    [[false, true], 'all', true],
    [[false, true], 'any', false],
    [[true, true], 'any', true],
    [[], 'any', true],
  ] as const)('%j, lost when %s have nobody: %s', (usable, when, able) =>
    expect(canServe(usable, when)).toBe(able),
  )
})
