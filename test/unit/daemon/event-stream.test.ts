// SPDX-License-Identifier: Apache-2.0
// The events over the socket: those that are kept, those that happen, and readers that are slow, or go without a word.
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { EventRow, EventsSkipped } from '../../../src/api/contract-sight.js'
import { readEventsQuery } from '../../../src/api/parse-events.js'
import { ROUTES, type RouteName } from '../../../src/api/routes.js'
import { createEventStreams, MOST_WAITING } from '../../../src/daemon/event-stream.js'
import type { Handler } from '../../../src/daemon/handlers.js'
import { listenOn } from '../../../src/daemon/socket.js'
import { Journal } from '../../../src/events/journal.js'
import { formatProblem } from '../../../src/model/describe.js'
import { happening } from '../events/given.js'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function rig() {
  const journal = new Journal({ dir: undefined, size: 1_048_576, now: () => 5, log: () => undefined })
  return { journal, streams: createEventStreams(journal) }
}

type Row = EventRow | EventsSkipped

async function rowsOf(pieces: AsyncIterable<string>): Promise<readonly Row[]> {
  let text = ''
  for await (const piece of pieces) text += piece
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row)
}

const ids = (rows: readonly Row[]) => rows.map((row) => ('id' in row ? row.id : -row.skipped))

describe('a stream of events', () => {
  it('has those that are kept and fit, or the last of them', async () => {
    const { journal, streams } = rig()
    for (let i = 0; i < 10; i++) journal.tell(happening(`${i}`, { kind: i % 2 ? 'drain' : 'real' }))
    expect(ids(await rowsOf(streams.open({}).pieces))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(ids(await rowsOf(streams.open({ kind: 'drain', limit: 2 }).pieces))).toEqual([8, 10])
    expect(ids(await rowsOf(streams.open({ since: 6 }).pieces))).toEqual([])
  })

  it('goes on with what happens, none twice and none left out, whenever it began', async () => {
    const { journal, streams } = rig()
    for (let i = 0; i < 2_500; i++) journal.tell(happening(`${i}`))
    const { pieces } = streams.open({ follow: true })
    const seen: Row[] = []
    let told = 2_500
    for await (const piece of pieces) {
      seen.push(
        ...(await rowsOf(
          (async function* () {
            yield piece
          })(),
        )),
      )
      if (told < 2_600) for (let i = 0; i < 25; i++, told++) journal.tell(happening('live'))
      if (seen.length >= 2_600) streams.end()
    }
    expect(ids(seen)).toEqual(Array.from({ length: 2_600 }, (_, i) => i + 1))
  })

  it('has a few for a slow reader, and says how many it left out', async () => {
    const { journal, streams } = rig()
    const pieces = streams.open({ follow: true }).pieces[Symbol.asyncIterator]()
    const first = pieces.next()
    await new Promise(setImmediate)
    for (let i = 0; i < 3 * MOST_WAITING; i++) journal.tell(happening(`${i}`))
    streams.end()
    const rest = await rowsOf(
      (async function* () {
        const begun = await first
        if (!begun.done) yield begun.value
        for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value
      })(),
    )
    const skipped = rest.flatMap((row) => ('skipped' in row ? [row.skipped] : []))
    const seen = rest.flatMap((row) => ('id' in row ? [row.id] : []))
    expect(seen).toEqual(seen.map((_, i) => i + 1))
    expect(seen.length).toBeLessThanOrEqual(MOST_WAITING + 1)
    expect(skipped).toEqual([3 * MOST_WAITING - seen.length])
  })

  it('ends when nobody reads it any more, though nothing happens', async () => {
    const { streams } = rig()
    const dir = mkdtempSync(join(tmpdir(), `xlvs-stream-${process.pid}-`))
    closing.push(() => rmSync(dir, { recursive: true }))
    let ended: () => void = () => undefined
    const gone = new Promise<void>((resolve) => {
      ended = resolve
    })
    const handler: Handler = () => {
      const { end, ...stream } = streams.open({ follow: true })
      const over = () => {
        end?.()
        ended()
      }
      return { ok: true, value: { ...stream, end: over } }
    }
    const names = Object.keys(ROUTES) as RouteName[]
    const handlers = Object.fromEntries(names.map((name) => [name, handler])) as Record<RouteName, Handler>
    const socket = join(dir, 'socket')
    const listener = await listenOn(socket, Promise.resolve(handlers))
    if (!listener.ok) throw new Error(listener.problems.map(formatProblem).join())
    closing.push(listener.value.close)
    const ask = request({ socketPath: socket, path: '/v1/events?follow=true' }, (answer) => {
      expect(answer.headers['content-type']).toBe('application/x-ndjson')
      answer.on('error', () => undefined)
      ask.destroy()
    })
    ask.on('error', () => undefined).end()
    await gone
  })
})

describe('what is asked of events', () => {
  it('is read from a query', () => {
    const query = { since: '5', service: 'tcp 192.0.2.10:80', kind: 'real', limit: '9', follow: 'true' }
    expect(readEventsQuery(query)).toEqual({
      ok: true,
      value: { since: 5, service: 'tcp 192.0.2.10:80', kind: 'real', limit: 9, follow: true },
    })
    expect(readEventsQuery({})).toEqual({ ok: true, value: {} })
    expect(readEventsQuery({ follow: 'false' })).toEqual({ ok: true, value: {} })
  })

  it('is refused with all that is wrong in it', () => {
    const read = readEventsQuery({ since: 'x', service: 'x', kind: 'drian', limit: '-1', follow: 'maybe' })
    expect(read.ok ? [] : read.problems.map(({ subject }) => subject)).toEqual([
      ...['since', 'service', 'kind', 'limit', 'follow'],
    ])
    expect(read.ok ? '' : read.problems.map(formatProblem).join()).toContain('did you mean drain?')
  })
})
