// SPDX-License-Identifier: Apache-2.0
// The segments of an event log: files of one folder, numbered in order, or texts in memory where there is no folder to be
// written to. What an earlier daemon left is found again, without the line that it was writing when it ended.
import { join } from 'node:path'
import type { EventRow } from '../api/contract-sight.js'
import type { EventDisk } from './disk.js'
import type { Facts } from './facts.js'
import { RECENT } from './feed.js'
import { isEventLine, momentOf, parseLine, splitLines } from './lines.js'
import { replay } from './replay.js'

export interface Segment {
  number: number
  /** ms since the epoch, of its first line */
  readonly at: number
  /** bytes */
  size: number
  /** absent: it is in memory, or no longer kept */
  path?: string
  /** in memory: what has been written */
  text?: string[]
}

export interface Found {
  readonly segments: readonly Segment[]
  /** how things stood at the end */
  readonly facts: Facts | undefined
  /** the last events, oldest first */
  readonly recent: readonly EventRow[]
  /** number of the event to come */
  readonly next: number
  /** lines that are none of the log, the torn one among them */
  readonly damaged: number
  /** bytes at the end of the last segment that are no whole line */
  readonly torn: number
}

const NAME = /^events-(\d{10})\.jsonl$/
const HEAD_BYTES = 64
/** segments that are read at a start */
const FEW = 4

export function segmentPath(dir: string, number: number): string {
  return join(dir, `events-${String(number).padStart(10, '0')}.jsonl`)
}

/** Ascending; none when the folder cannot be read. */
export function namedSegments(dir: string, disk: EventDisk): readonly number[] {
  try {
    return numbersIn(dir, disk)
  } catch {
    return []
  }
}

/** Throws when the folder cannot be read. */
export function findSegments(dir: string, disk: EventDisk): Found {
  const segments: Segment[] = []
  for (const number of numbersIn(dir, disk)) {
    const path = segmentPath(dir, number)
    const size = disk.size(path)
    const at = momentOf(disk.read(path, HEAD_BYTES).toString('latin1'))
    if (size === 0) disk.remove(path)
    else segments.push({ number, at: at ?? segments.at(-1)?.at ?? 0, size, path })
  }
  return { segments, ...lastWords(segments, disk) }
}

function numbersIn(dir: string, disk: EventDisk): readonly number[] {
  const numbers = disk.list(dir).flatMap((name) => NAME.exec(name)?.[1] ?? [])
  return numbers.map(Number).toSorted((a, b) => a - b)
}

/** From the last segment back, until there are events enough, or segments. */
function lastWords(segments: readonly Segment[], disk: EventDisk): Omit<Found, 'segments'> {
  let recent: readonly EventRow[] = []
  let [next, damaged, torn] = [1, 0, 0]
  let facts: Facts | undefined
  for (const segment of segments.slice(-FEW).toReversed()) {
    const bytes = disk.read(segment.path ?? '')
    const lines = splitLines(bytes.toString('utf8'))
    const read = readEvents(lines)
    recent = [...read.events, ...recent]
    next = Math.max(next, read.next, (recent.at(-1)?.id ?? 0) + 1)
    if (segment === segments.at(-1)) {
      const replayed = replay(lines)
      facts = replayed.facts
      torn = bytes.length - (bytes.lastIndexOf(0x0a) + 1)
      damaged += replayed.damaged + (torn > 0 ? 1 : 0)
    }
    damaged += read.damaged
    if (recent.length >= RECENT) break
  }
  return { facts, recent: recent.slice(-RECENT), next, damaged, torn }
}

function readEvents(lines: readonly string[]) {
  const events: EventRow[] = []
  let damaged = 0
  for (const line of lines.filter(isEventLine)) {
    const read = parseLine(line)
    if (read?.kind === 'event') events.push(read.event)
    else damaged++
  }
  const [, head] = /^\{"at":[\d.]+,"next":(\d+)/.exec(lines[0] ?? '') ?? []
  return { events, damaged, next: Number(head ?? 1) }
}

/** Undefined: it is not kept any more. */
export async function textOf({ path, text }: Segment, disk: EventDisk): Promise<string | undefined> {
  if (text) return text.join('')
  try {
    return path === undefined ? undefined : (await disk.later(path)).toString('utf8')
  } catch {
    return undefined
  }
}
