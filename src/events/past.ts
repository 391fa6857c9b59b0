// SPDX-License-Identifier: Apache-2.0
// Looking back in the event log: the events that are kept, and how things stood at a moment.
import { setImmediate } from 'node:timers/promises'
import type { EventRow } from '../api/contract-sight.js'
import type { Facts } from './facts.js'
import { type EventFilter, fits } from './feed.js'
import type { Journal } from './journal.js'
import { isEventLine, parseLine, splitLines } from './lines.js'
import { firstFacts, replay } from './replay.js'
import { type Segment, textOf } from './segments.js'

export type Past =
  | { readonly found: 'facts'; readonly facts: Facts }
  /** the log does not go back so far; `oldest`: the first moment that it knows, ms since the epoch */
  | { readonly found: 'before'; readonly oldest: number | undefined }
  /** a part of the log is lost or damaged there */
  | { readonly found: 'hole' }

type Kept = Pick<Journal, 'segments' | 'disk'>

/** Lines between two moments for other work. */
const LINES = 1_000

/** How things stood at a moment, in ms since the epoch. */
export async function factsAt({ segments, disk }: Kept, at: number): Promise<Past> {
  const kept = [...segments]
  const i = kept.findLastIndex((segment) => segment.at <= at)
  const [segment, next] = [kept[i], kept[i + 1]]
  const text = segment && (await textOf(segment, disk))
  if (segment === undefined || text === undefined)
    return { found: 'before', oldest: await oldestOf({ segments, disk }) }
  const { facts, toEnd } = replay(splitLines(text), at)
  if (facts === undefined) {
    const oldest = await oldestOf({ segments, disk })
    return oldest === undefined || at < oldest ? { found: 'before', oldest } : { found: 'hole' }
  }
  const lost = toEnd && next !== undefined && next.number !== segment.number + 1
  return lost ? { found: 'hole' } : { found: 'facts', facts }
}

/** The events that fit, oldest first, in pieces with room for other work between them. */
export async function* history(
  { segments, disk }: Kept,
  filter: EventFilter,
): AsyncGenerator<readonly EventRow[]> {
  const { since = 0 } = filter
  const kept = [...segments]
  for (const [i, segment] of kept.entries()) {
    if ((kept[i + 1]?.at ?? Number.POSITIVE_INFINITY) < since) continue
    const lines = splitLines((await textOf(segment, disk)) ?? '')
    for (let from = 0; from < lines.length; from += LINES) {
      yield eventsIn(lines.slice(from, from + LINES)).filter((event) => fits(filter, event))
      await setImmediate()
    }
  }
}

function eventsIn(lines: readonly string[]): readonly EventRow[] {
  return lines.filter(isEventLine).flatMap((line) => {
    const read = parseLine(line)
    return read?.kind === 'event' ? [read.event] : []
  })
}

async function oldestOf({ segments, disk }: Kept): Promise<number | undefined> {
  for (const segment of [...segments] as readonly Segment[]) {
    const first = firstFacts(splitLines((await textOf(segment, disk)) ?? ''))
    if (first !== undefined) return first
  }
  return undefined
}
