// SPDX-License-Identifier: Apache-2.0
// What a run comes to: what the director lost, apart from what it was not to blame for.
import { expect, it } from 'vitest'
import { report } from '../../../src/calm/report.js'
import { SHORT } from '../../../src/calm/size.js'
import { rowOf, windowOf } from './given.js'

const about = { size: SHORT, seed: 1, commit: 'abc', seconds: 60 }
const books = (sent: number, arrived: number) => ({ sent, arrived, wire: 0, again: 0 })
const refused = { drop_defence: 2 }

it('sums up what was lost, what a failing real server lost, and what was held back', () => {
  const rows = [
    rowOf({ window: windowOf({ books: books(100, 99) }) }),
    rowOf({ window: windowOf({ books: books(100, 94) }), fails: 'web3' }),
    rowOf({ window: windowOf({ books: books(100, 97), refused }), holds: true }),
  ]
  expect(report(rows, about).summary).toContain(
    'During the events: 300 packets, 2 lost and 6 of the real server that failed, 2 held back while connections were translated, 0 dropped',
  )
})

it('excuses nothing where nothing is to be excused', () => {
  const rows = [rowOf({ window: windowOf({ books: books(100, 98), refused }) })]
  expect(report(rows, about).summary).toContain('During the events: 100 packets, 2 lost, 0 dropped')
})
