// SPDX-License-Identifier: Apache-2.0
// The event log: lines in segments on disk, never more bytes than it may have, the oldest segment going first. When the
// disk takes no more it goes on in memory, says so once, and brings to the disk what it has when that takes it again.
import type { EventRow } from '../api/contract-sight.js'
import { type Appending, EVENT_DISK, type EventDisk } from './disk.js'
import { changeOf, type Facts } from './facts.js'
import type { Happening } from './feed.js'
import { changeLine, eventLine, factsLine, headLine } from './lines.js'
import { createLive, type Live } from './live.js'
import { type Found, findSegments, namedSegments, type Segment, segmentPath } from './segments.js'

export interface JournalWorld {
  /** undefined: it is kept in memory only */
  readonly dir: string | undefined
  /** bytes that it may take */
  readonly size: number
  /** ms since the epoch */
  readonly now: () => number
  readonly log: (line: string) => void
  readonly disk?: EventDisk
}

/** ms between two tries to write to a disk that has failed */
export const RETRY_MS = 60_000
/** bytes: a segment is read as a whole */
const MOST_SEGMENT = 4_194_304
/** bytes that are kept in memory at most */
const MOST_MEMORY = 16_777_216
const NOTHING: Found = { segments: [], facts: undefined, recent: [], next: 1, damaged: 0, torn: 0 }

export class Journal {
  readonly live: Live
  readonly disk: EventDisk
  readonly #world: JournalWorld
  #size: number
  #segments: Segment[]
  /** what is read when all lines are read again */
  #facts: Facts | undefined
  #next: number
  #file: Appending | undefined
  /** bytes of the current segment's head */
  #head = 0
  /** what has failed; undefined: nothing */
  #trouble: string | undefined
  /** when it was tried last, ms of `now` */
  #tried = 0
  #tooLarge = false

  /** Finds what an earlier daemon has left, and goes on with it. */
  constructor(world: JournalWorld) {
    this.#world = world
    this.disk = world.disk ?? EVENT_DISK
    this.#size = world.size
    const found = this.#find()
    this.#segments = [...found.segments]
    this.#facts = found.facts
    this.#next = found.next
    this.live = createLive(found.recent)
    if (this.#file === undefined) this.#begin()
  }

  /** Oldest first. */
  get segments(): readonly Segment[] {
    return this.#segments
  }

  /** It has happened now. */
  tell(happening: Happening): EventRow {
    const event = { id: this.#next++, at: this.#world.now(), ...happening }
    this.#write(eventLine(event))
    this.live.push(event)
    return event
  }

  /** This is how things stand now. */
  stands(facts: Facts): void {
    if (!this.#fits(facts)) {
      const known = this.#facts !== undefined
      this.#facts = undefined
      if (known) this.#begin()
      return
    }
    const change = this.#facts === undefined ? 'whole' : changeOf(this.#facts, facts)
    if (change === undefined) return
    const at = this.#world.now()
    this.#write(change === 'whole' ? factsLine(at, facts) : changeLine(at, change))
    this.#facts = facts
  }

  resize(size: number): void {
    this.#size = size
    this.#evict(0)
  }

  close(): void {
    this.#file?.finish()
    this.#file = undefined
  }

  #find(): Found {
    const { dir, log } = this.#world
    if (dir === undefined) return NOTHING
    let found = NOTHING
    try {
      this.disk.makeDirectory(dir)
      found = findSegments(dir, this.disk)
      if (found.damaged > 0) log(`events: damaged lines in ${dir}, skipped: ${found.damaged}`)
      this.#goOn(found)
    } catch (error) {
      this.#failed(error as Error)
    }
    return found
  }

  /** At the end of the last segment; what is torn there goes. */
  #goOn({ segments, torn }: Found): void {
    const last = segments.at(-1)
    if (last?.path === undefined) return
    const file = this.disk.open(last.path)
    last.size -= torn
    file.truncate(last.size)
    this.#file = file
  }

  #write(line: string): void {
    const bytes = Buffer.byteLength(line)
    this.#retry()
    if ((this.#segments.at(-1)?.size ?? 0) + bytes > this.#most()) this.#begin()
    this.#evict(bytes)
    this.#append(line, bytes)
  }

  /** An eighth of all, or twice the facts at its head. */
  #most(): number {
    return Math.max(Math.min(this.#size / 8, MOST_SEGMENT), Math.min(2 * this.#head, this.#size / 2))
  }

  #append(line: string, bytes: number): void {
    const segment = this.#segments.at(-1) as Segment
    if (segment.text) segment.text.push(line)
    else
      try {
        this.#file?.append(line)
      } catch (error) {
        this.#giveUp(segment, error as Error)
        this.#begin()
        this.#append(line, bytes)
        return
      }
    segment.size += bytes
  }

  /** What was written of the line goes, and on a full disk the oldest segment: the state file needs room too. */
  #giveUp({ size }: Segment, error: Error): void {
    this.#failed(error)
    if (this.#segments.length > 1 && this.#segments[0]?.path !== undefined && isFull(error)) this.#drop(0)
    try {
      this.#file?.truncate(size)
    } catch {
      // said already
    }
    this.close()
  }

  /** A new segment, with all facts at its head. */
  #begin(): void {
    const { now, dir } = this.#world
    const number = (this.#segments.at(-1)?.number ?? 0) + 1
    if (this.#facts && !this.#fits(this.#facts)) this.#facts = undefined
    const head = headLine(now(), this.#next, this.#facts)
    this.#head = Buffer.byteLength(head)
    this.#evict(this.#head)
    this.close()
    const segment: Segment = { number, at: now(), size: this.#head }
    const there = dir !== undefined && this.#trouble === undefined && this.#put(dir, segment, head)
    if (!there) segment.text = [head]
    this.#segments.push(segment)
  }

  /** The segment becomes a file with this text; false: the disk does not take it. */
  #put(dir: string, segment: Segment, text: string): boolean {
    const path = segmentPath(dir, segment.number)
    let file: Appending | undefined
    try {
      this.disk.makeDirectory(dir)
      file = this.disk.open(path)
      file.truncate(0)
      file.append(text)
    } catch (error) {
      file?.finish()
      this.#failed(error as Error)
      this.#unlink(path)
      return false
    }
    this.close()
    segment.path = path
    this.#file = file
    return true
  }

  /** What is in memory goes to the disk, when it is time to try and the disk takes it. */
  #retry(): void {
    const { now, dir, log } = this.#world
    if (this.#trouble === undefined || dir === undefined) return
    if (Math.abs(now() - this.#tried) < RETRY_MS) return
    this.#tried = now()
    this.#renumber(dir)
    for (const segment of this.#segments) {
      if (!segment.text) continue
      if (!this.#put(dir, segment, segment.text.join(''))) return
      delete segment.text
    }
    this.#trouble = undefined
    log(`events: they are kept in ${dir} again`)
  }

  /** Files that could not be seen at the start are not written over. */
  #renumber(dir: string): void {
    const known = new Set(this.#segments.map(({ path }) => path))
    const others = namedSegments(dir, this.disk).filter((number) => !known.has(segmentPath(dir, number)))
    const most = Math.max(0, ...others)
    const [first] = this.#segments.filter(({ text }) => text)
    const shift = first === undefined ? 0 : Math.max(0, most + 1 - first.number)
    for (const segment of this.#segments) if (segment.text) segment.number += shift
  }

  /** The oldest segments go until there is room for so many bytes more. */
  #evict(bytes: number): void {
    const sum = (segments: readonly Segment[]) => segments.reduce((all, { size }) => all + size, bytes)
    while (this.#segments.length > 1 && sum(this.#segments) > this.#size) this.#drop(0)
    const inMemory = () => this.#segments.filter(({ text }) => text)
    while (inMemory().length > 1 && sum(inMemory()) > MOST_MEMORY)
      this.#drop(this.#segments.findIndex(({ text }) => text))
  }

  #drop(at: number): void {
    const [segment] = this.#segments.splice(at, 1)
    if (segment?.path !== undefined) this.#unlink(segment.path)
    if (segment) {
      delete segment.text
      delete segment.path
    }
  }

  #unlink(path: string): void {
    try {
      this.disk.remove(path)
    } catch {
      // the next start finds it, and removes it in its turn
    }
  }

  /** Facts that would leave no room for anything else are not kept: then there is no looking back. */
  #fits(facts: Facts): boolean {
    let bytes = 0
    for (const [key, text] of facts) bytes += key.length + text.length + 8
    const fits = bytes <= this.#size / 4
    if (!fits && !this.#tooLarge)
      this.#world.log(
        `events: ${Math.ceil(bytes / 1_024)} KiB of state do not fit into the ${Math.floor(this.#size / 1_024)} KiB of the ` +
          'event log, so --at has nothing to show; give it four times that at least, as events: {size: …}',
      )
    this.#tooLarge = !fits
    return fits
  }

  #failed({ message }: Error): void {
    const { dir, log, now } = this.#world
    if (this.#trouble === undefined)
      log(`events: ${dir} cannot be written: ${message}; they are kept in memory until it can`)
    this.#trouble = message
    this.#tried = now()
  }
}

function isFull({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ENOSPC' || code === 'EDQUOT'
}
