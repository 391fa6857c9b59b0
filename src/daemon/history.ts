// SPDX-License-Identifier: Apache-2.0
// The daemon's memory of what happened: events are told to it, how things stand is looked at whenever that may have
// changed, and both are shown to whoever asks.
import { join } from 'node:path'
import type { EventRow, PastListing } from '../api/contract-sight.js'
import { readFilter } from '../api/parse.js'
import { readEventsQuery, readMoment } from '../api/parse-events.js'
import type { Facts } from '../events/facts.js'
import type { Events, Happening } from '../events/feed.js'
import { Journal } from '../events/journal.js'
import { factsAt, type Past } from '../events/past.js'
import { realsIn, servicesIn } from '../events/rows.js'
import { fail, harmless, succeed } from '../model/describe.js'
import { DEFAULT_EVENTS_SIZE } from '../model/events.js'
import type { Desired, Outcome } from '../model/types.js'
import { createEventStreams } from './event-stream.js'
import type { Handler } from './handlers.js'

export interface HistoryWorld {
  /** undefined: it is kept in memory only, and ends with the daemon */
  readonly stateDir: string | undefined
  readonly stands: () => Facts
  /** ms since the epoch */
  readonly now: () => number
  readonly log: (line: string) => void
  readonly logEvent: (event: EventRow) => void
}

export interface History {
  readonly events: Events
  tell(event: Happening): void
  /** How things stand may have changed; from the first time on it is remembered. */
  moved(): void
  /** What the file says of the log's size. */
  use(wish: Desired['events']): void
  readonly handler: Handler
  /** services or reals as they were, when `at` asks for it */
  past(now: Handler, what: 'services' | 'reals'): Handler
  /** Followers are told no more, and what is written is on its way to the disk. */
  end(): void
}

/** so many times as long as a look took, there is no other */
const PATIENCE = 10
const MOST_TEXT = 2_000

export function createHistory(world: HistoryWorld): History {
  const { stateDir, now, log, logEvent } = world
  const dir = stateDir === undefined ? undefined : join(stateDir, 'events')
  const kept = lazily(() => {
    const journal = new Journal({ dir, size, now, log })
    return { journal, streams: createEventStreams(journal) }
  })
  let size = DEFAULT_EVENTS_SIZE
  const looker = createLooker(() => kept.get().journal.stands(world.stands()), log)
  return {
    events: {
      recent: (filter) => kept.get().journal.live.recent(filter),
      follow: (filter, onEvent) => kept.get().journal.live.follow(filter, onEvent),
    },
    tell: (event) => logEvent(kept.get().journal.tell(clean(event))),
    moved: looker.moved,
    use: (wish) => {
      size = wish?.size ?? DEFAULT_EVENTS_SIZE
      kept.known()?.journal.resize(size)
    },
    handler: ({ params }) => {
      const request = readEventsQuery(params)
      return request.ok ? succeed(kept.get().streams.open(request.value)) : request
    },
    past: (present, what) => async (asked) => {
      const { at } = asked.params
      if (at === undefined) return present(asked)
      looker.look()
      return pastRows(kept.get().journal, asked.params, what, now())
    },
    end: () => {
      looker.end()
      const known = kept.known()
      known?.streams.end()
      known?.journal.close()
    },
  }
}

/** Made when it is needed first: a start that is refused leaves nothing behind. */
function lazily<T>(make: () => T) {
  let made: T | undefined
  return { get: () => (made ??= make()), known: () => made }
}

interface Looker {
  moved(): void
  /** now, if anything may have changed */
  look(): void
  end(): void
}

/** At once; after a look that took long not for ten times as long. It must never be in anybody's way. */
function createLooker(act: () => void, log: (line: string) => void): Looker {
  let timer: NodeJS.Timeout | undefined
  let free = 0
  const now = () => {
    timer = undefined
    const began = performance.now()
    try {
      act()
    } catch (error) {
      log(`how things stand cannot be remembered: ${(error as Error).message}`)
    }
    const ended = performance.now()
    free = ended + PATIENCE * (ended - began)
  }
  const look = () => {
    if (timer === undefined) return
    clearTimeout(timer)
    now()
  }
  const moved = () => {
    const wait = free - performance.now()
    if (timer !== undefined) return
    if (wait <= 0) now()
    else timer = setTimeout(now, wait).unref()
  }
  return { moved, look, end: look }
}

/** What others have said is one line, harmless to a terminal, and not endless. */
function clean(event: Happening): Happening {
  const words = Object.entries(event).map(([key, value]) => [key, harmless(value).slice(0, MOST_TEXT)])
  return Object.fromEntries(words) as Happening
}

type Asked = Parameters<Handler>[0]['params']

async function pastRows(
  journal: Journal,
  params: Asked,
  what: 'services' | 'reals',
  now: number,
): Promise<Outcome<PastListing<unknown>>> {
  const filter = readFilter(params)
  const moment = readMoment('at', params.at ?? '')
  if (!filter.ok || !moment.ok)
    return fail(...[filter, moment].flatMap((one) => (one.ok ? [] : one.problems)))
  const { service, real } = filter.value
  const at = moment.value
  if (at > now) return fail({ subject: 'at', reason: `${said(at)} is in the future`, fix: 'leave out --at' })
  const past = await factsAt(journal, at)
  if (past.found !== 'facts') return fail(unknown(at, past))
  const rows = what === 'services' ? servicesIn(past.facts) : realsIn(past.facts)
  const chosen = rows.filter(
    (row) =>
      (service === undefined || row.service === service) &&
      (real === undefined || !('address' in row) || row.address === real),
  )
  return succeed({ rows: chosen, more: false, at })
}

function unknown(at: number, past: Exclude<Past, { found: 'facts' }>) {
  if (past.found === 'hole')
    return {
      subject: 'at',
      reason: `how things stood at ${said(at)} is not known: the event log is damaged or was too small there`,
      fix: 'ask for another moment, or see: xlvs events',
    }
  if (past.oldest === undefined)
    return { subject: 'at', reason: 'nothing is remembered yet', fix: 'leave out --at' }
  return {
    subject: 'at',
    reason: `${said(at)} is before the oldest moment that is remembered, ${said(past.oldest)}`,
    fix: 'ask for that or a later one; a larger events: {size: …} in the file remembers more',
  }
}

function said(ms: number): string {
  const moment = new Date(ms)
  return Number.isNaN(moment.getTime()) ? `${ms} ms` : moment.toISOString()
}
