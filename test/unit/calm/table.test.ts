// SPDX-License-Identifier: Apache-2.0
// The table of a run, for people and for a document.
import { expect, it } from 'vitest'
import { markdownTable, plainTable } from '../../../src/calm/table.js'
import { rowOf, windowOf } from './given.js'

const books = { sent: 1_000, arrived: 997, wire: 1, again: 0 }
const rows = [
  rowOf({ note: 'as it was' }),
  rowOf({ name: 'kill', window: windowOf({ books }), faults: ['2 packets lost'] }),
  rowOf({ name: 'a real server fails', window: windowOf({ books, broken: { web3: 4 } }), fails: 'web3' }),
]

it('has a line for each event, and its faults beneath', () => {
  expect(plainTable(rows)).toBe(
    [
      'event                seconds  packets         lost  wire       broken    gap UDP    gap TCP  requests  failed',
      'restart                  4.3   12,345            0     0            0  700 (700)  261 (261)     1,500       0  as it was',
      'kill                     4.3    1,000            2     1            0  700 (700)  261 (261)     1,500       0',
      '  ✗ 2 packets lost',
      'a real server fails      4.3    1,000  2 (its own)     1  4 (its own)   12 (700)  261 (261)     1,500       0',
    ].join('\n'),
  )
})

it('has the same cells in Markdown', () => {
  expect(markdownTable(rows).split('\n')).toEqual([
    '| event | seconds | packets | lost | wire | broken | gap UDP | gap TCP | requests | failed |  |',
    '| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --- |',
    '| restart | 4.3 | 12,345 | 0 | 0 | 0 | 700 (700) | 261 (261) | 1,500 | 0 | as it was |',
    '| kill | 4.3 | 1,000 | 2 | 1 | 0 | 700 (700) | 261 (261) | 1,500 | 0 |  |',
    '| a real server fails | 4.3 | 1,000 | 2 (its own) | 1 | 4 (its own) | 12 (700) | 261 (261) | 1,500 | 0 |  |',
  ])
})

it('has what was held back beside what was lost', () => {
  const window = windowOf({ books, refused: { drop_defence: 2 } })
  const [, , row] = markdownTable([rowOf({ name: 'upgrade', window, holds: true })]).split('\n')
  expect(row).toContain('| upgrade | 4.3 | 1,000 | 0 + 2 held | 1 |')
})
