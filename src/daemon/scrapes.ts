// SPDX-License-Identifier: Apache-2.0
// Who reads the metrics page. All who ask at about the same moment read one rendering; there are only so many readers and
// so many bytes of pages at a time, and who has read for long gives way to who comes.
import type { ServerResponse } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import { CONTENT_TYPE } from '../metrics/page.js'
import { drained } from './socket.js'

export interface Scrape {
  readonly chunks: AsyncIterable<Uint8Array>
  close(): void
}

export interface ScrapeLimits {
  readonly readers: number
  /** of all pages that are being read together */
  readonly bytes: number
  /** ms that a reader has for himself */
  readonly patience: number
}

export const SCRAPE_LIMITS: ScrapeLimits = { readers: 64, bytes: 128 * 1024 * 1024, patience: 5_000 }
/** ms for which a rendering is given to others too */
const FRESH_MS = 100
/** bytes of text that are encoded together, about */
const CHUNK = 64 * 1024

interface Reader {
  readonly of: Rendering
  readonly since: number
  readonly cut: () => void
}

/** 'starting': there is no page yet. 'full': there is no room for one more reader. */
export type Refusal = 'starting' | 'full'

export class Scrapes {
  readonly #page: () => AsyncIterable<string> | undefined
  readonly #now: () => number
  readonly #limits: ScrapeLimits
  /** oldest first */
  readonly #readers = new Set<Reader>()

  constructor(page: () => AsyncIterable<string> | undefined, now: () => number, limits = SCRAPE_LIMITS) {
    this.#page = page
    this.#now = now
    this.#limits = limits
  }

  /** `cut` ends the reply of who has read for too long. */
  open(cut: () => void): Scrape | Refusal {
    const since = this.#now()
    const known = this.#recent(since)
    if (!this.#makeRoom(since, known)) return 'full'
    const of = known ?? this.#render(since)
    if (of === undefined) return 'starting'
    const reader: Reader = { of, since, cut }
    this.#readers.add(reader)
    return { chunks: of.read(), close: () => this.#readers.delete(reader) }
  }

  #recent(now: number): Rendering | undefined {
    const last = [...this.#readers].at(-1)?.of
    return last && now - last.at <= FRESH_MS ? last : undefined
  }

  #makeRoom(now: number, known: Rendering | undefined): boolean {
    for (const reader of this.#readers) {
      if (this.#fits(known)) break
      if (now - reader.since < this.#limits.patience) return false
      this.#readers.delete(reader)
      reader.cut()
    }
    return true
  }

  #fits(known: Rendering | undefined): boolean {
    if (this.#readers.size >= this.#limits.readers) return false
    if (known) return true
    const held = new Set([...this.#readers].map(({ of }) => of))
    return [...held].reduce((sum, { bytes }) => sum + bytes, 0) < this.#limits.bytes
  }

  #render(at: number): Rendering | undefined {
    const pieces = this.#page()
    if (pieces === undefined) return undefined
    const rendering = new Rendering(at)
    void rendering.run(pieces)
    return rendering
  }
}

/** The page, or why there is none. */
export async function answerScrape(scrapes: Scrapes, reply: ServerResponse): Promise<void> {
  const scrape = scrapes.open(() => reply.destroy())
  if (typeof scrape === 'string') return refuse(reply, scrape)
  reply.on('close', scrape.close)
  reply.writeHead(200, { 'content-type': CONTENT_TYPE })
  try {
    for await (const chunk of scrape.chunks) {
      if (reply.destroyed) return
      if (!reply.write(chunk)) await drained(reply)
    }
    reply.end()
  } finally {
    scrape.close()
  }
}

function refuse(reply: ServerResponse, why: Refusal): void {
  const full =
    'so many read this page already that there is no room for one more; scrape less often, or read faster'
  reply.writeHead(503, { 'content-type': 'text/plain; charset=utf-8', 'retry-after': '5' })
  reply.end(`${why === 'full' ? full : why}\n`)
}

/** A page as it is written, for any number of readers. */
class Rendering {
  readonly at: number
  bytes = 0
  readonly #chunks: Uint8Array[] = []
  #end: 'not yet' | 'whole' | { readonly error: unknown } = 'not yet'
  #waiting: (() => void)[] = []

  constructor(at: number) {
    this.at = at
  }

  /** Lets others work between pieces, whoever reads. */
  async run(pieces: AsyncIterable<string>): Promise<void> {
    let text = ''
    try {
      for await (const piece of pieces) {
        text += piece
        if (text.length < CHUNK) continue
        this.#add(text)
        text = ''
        await setImmediate()
      }
      this.#add(text)
      this.#end = 'whole'
    } catch (error) {
      this.#end = { error }
    }
    this.#wake()
  }

  async *read(): AsyncGenerator<Uint8Array> {
    for (let next = 0; ; next++) {
      while (next >= this.#chunks.length) {
        if (this.#end === 'whole') return
        if (this.#end !== 'not yet') throw this.#end.error
        await new Promise<void>((resolve) => this.#waiting.push(resolve))
      }
      yield this.#chunks[next] as Uint8Array
    }
  }

  #add(text: string): void {
    const chunk = Buffer.from(text)
    this.#chunks.push(chunk)
    this.bytes += chunk.length
    this.#wake()
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
