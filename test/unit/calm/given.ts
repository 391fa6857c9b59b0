// SPDX-License-Identifier: Apache-2.0
// Windows and rows as promised, but for what a test says.
import type { Row } from '../../../src/calm/run.js'
import type { Window } from '../../../src/calm/window.js'

export function windowOf(given: Partial<Window> = {}): Window {
  return {
    length: 4_321,
    books: { sent: 12_345, arrived: 12_345, wire: 0, again: 0 },
    refused: {},
    streams: { count: 8, sent: 3_000, lost: {}, again: 0, moved: 0, gaps: { web1: 12.4, web3: 700 } },
    held: 400,
    silent: 0,
    broken: {},
    requests: 1_500,
    failed: 0,
    failures: {},
    lastFailure: undefined,
    gaps: { web1: 20, web2: 260.6 },
    ...given,
  }
}

export function rowOf(given: Partial<Row> = {}): Row {
  return {
    name: 'restart',
    window: windowOf(),
    quiet: windowOf(),
    note: '',
    faults: [],
    fails: undefined,
    holds: false,
    ...given,
  }
}
