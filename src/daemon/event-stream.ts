// SPDX-License-Identifier: Apache-2.0
// The events as they travel: one JSON object a line, those that are kept first, then those that happen. Who reads slowly
// holds nobody up: a few wait for it, the rest is counted and said.
import type { EventRow, EventsSkipped } from '../api/contract-sight.js'
import { toJson } from '../api/json.js'
import type { EventsRequest } from '../api/parse-events.js'
import type { Journal } from '../events/journal.js'
import { history } from '../events/past.js'
import { createQueue, type Queue } from '../events/queue.js'
import type { Streamed } from './listing.js'

/** Events that wait for a slow reader. */
export const MOST_WAITING = 1_000

export interface EventStreams {
  open(request: EventsRequest): Streamed
  /** those that follow are told no more */
  end(): void
}

export function createEventStreams(journal: Journal): EventStreams {
  const open = new Set<Queue<EventRow>>()
  return {
    open: (request) => {
      const queue = createQueue<EventRow>(MOST_WAITING)
      if (!request.follow) queue.end()
      const done = () => {
        queue.end()
        open.delete(queue)
      }
      open.add(queue)
      return { pieces: pieces(journal, request, queue, done), end: done, type: 'application/x-ndjson' }
    },
    end: () => {
      for (const queue of open) queue.end()
    },
  }
}

async function* pieces(
  journal: Journal,
  request: EventsRequest,
  queue: Queue<EventRow>,
  done: () => void,
): AsyncGenerator<string> {
  const unfollow = request.follow ? journal.live.follow(request, queue.push) : () => undefined
  try {
    let last = 0
    for await (const rows of lastOf(journal, request)) {
      last = rows.at(-1)?.id ?? last
      if (rows.length > 0) yield rows.map((row) => `${toJson(row)}\n`).join('')
    }
    for await (const row of queue.read()) {
      if (typeof row === 'number') yield `${toJson({ skipped: row } satisfies EventsSkipped)}\n`
      else if (row.id > last) yield `${toJson(row)}\n`
    }
  } finally {
    unfollow()
    done()
  }
}

/** All that fit, or the last so many. */
async function* lastOf(journal: Journal, request: EventsRequest): AsyncGenerator<readonly EventRow[]> {
  const { limit = 0 } = request
  if (limit === 0) {
    yield* history(journal, request)
    return
  }
  let kept: readonly EventRow[] = []
  for await (const rows of history(journal, request)) kept = [...kept, ...rows].slice(-limit)
  yield kept
}
