// SPDX-License-Identifier: Apache-2.0
// Datagrams that were sent beside those that arrived, wherever they did.
import { expect, it } from 'vitest'
import { joinStreams } from '../../../src/calm/streams.js'
import type { Arrivals, ClientFigures, ServerFigures } from '../../../src/calm/traffic/figures.js'

const client = (...streams: [number, number][]): ClientFigures => {
  return { requests: 0, failed: 0, failures: {}, broken: {}, held: 0, gaps: {}, streams }
}
const server = (name: string, ...arrivals: Arrivals[]): ServerFigures => ({ name, arrivals })
const arrivals = (stream: number, count: number, given: Partial<Arrivals> = {}): Arrivals => {
  return { stream, count, again: 0, first: 100, last: 200, gap: 10, ...given }
}

it('everything arrived', () => {
  const clients = [client([0, 5], [1, 6]), client([2, 7])]
  const servers = [
    server('web1', arrivals(0, 5), arrivals(2, 7, { gap: 30 })),
    server('web2', arrivals(1, 6)),
  ]
  expect(joinStreams(clients, servers)).toEqual({
    count: 3,
    sent: 18,
    lost: {},
    again: 0,
    moved: 0,
    gaps: { web1: 30, web2: 10 },
  })
})

it('what is missing is the loss of the real server that had the stream first', () => {
  const servers = [server('web1', arrivals(0, 3)), server('web2')]
  expect(joinStreams([client([0, 5], [1, 2])], servers).lost).toEqual({ web1: 2, nowhere: 2 })
})

it('a stream that moves is one stream, with the gap in between', () => {
  const servers = [
    server('web2', arrivals(0, 2, { first: 900, last: 950 })),
    server('web1', arrivals(0, 3, { first: 100, last: 400 })),
  ]
  expect(joinStreams([client([0, 6])], servers)).toMatchObject({
    moved: 1,
    gaps: { web1: 500 },
    lost: { web1: 1 },
  })
})

it('what arrives again is no gain', () => {
  const servers = [server('web1', arrivals(0, 4, { again: 1 }))]
  expect(joinStreams([client([0, 5])], servers)).toMatchObject({ again: 1, lost: { web1: 1 } })
})
