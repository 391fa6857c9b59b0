// SPDX-License-Identifier: Apache-2.0
// Viewers of the live stream (server-sent events): one computation for all of them every two seconds, a new one gets a
// whole frame, the others what changed. Who does not read is let go, and comes back by itself when it reads again.

import type { RealRow } from '../api/contract.js'
import { deltaFrame, eventText, fullFrame, type Lines, linesOf, realsFrame, type Scene } from './frame.js'

export const LIVE_MS = 2_000
export const MOST_VIEWERS = 32
/** Frames that a viewer may leave unread. */
const PATIENCE = 5
const MOST_UNREAD = 8 * 1024 * 1024

/** The end of a reply where text is written. */
export interface Outlet {
  write(text: string): boolean
  destroy(): void
  readonly writableLength: number
  readonly destroyed: boolean
}

export interface LiveSource {
  scene(): Promise<Scene>
  /** undefined: there is no such service */
  reals(service: string): Promise<readonly RealRow[] | undefined>
}

interface Viewer {
  readonly outlet: Outlet
  readonly service: string | undefined
  unread: number
}

export interface Wish {
  readonly service?: string | undefined
  /** id of the frame that it has, of a connection before this one */
  readonly lastId?: string | undefined
}

export class Live {
  readonly #source: LiveSource
  readonly #most: number
  /** ids of another start are not ours */
  readonly #era: string
  readonly #viewers = new Set<Viewer>()
  #timer: NodeJS.Timeout | undefined
  #joining = 0
  #ended = false
  #count = 0
  #lines: Lines = new Map()
  #scene: Scene | undefined
  #running: Promise<void> | undefined

  constructor(source: LiveSource, era: string, most = MOST_VIEWERS) {
    this.#source = source
    this.#era = era
    this.#most = most
  }

  get viewers(): number {
    return this.#viewers.size
  }

  get full(): boolean {
    return this.#viewers.size + this.#joining >= this.#most
  }

  /** The first frame is written before this resolves. */
  async join(outlet: Outlet, { service, lastId }: Wish): Promise<void> {
    if (this.#viewers.size === 0 || this.#scene === undefined) {
      this.#joining += 1
      await this.tick()
      this.#joining -= 1
    }
    if (outlet.destroyed || this.#ended) return
    const viewer = { outlet, service, unread: 0 }
    this.#viewers.add(viewer)
    this.#timer ??= setInterval(() => void this.tick(), LIVE_MS)
    if (lastId !== this.#id() && this.#scene)
      outlet.write(eventText('full', fullFrame(this.#scene, this.#lines), this.#id()))
    await this.#tellReals([viewer])
  }

  leave(outlet: Outlet): void {
    for (const viewer of this.#viewers) if (viewer.outlet === outlet) this.#viewers.delete(viewer)
    if (this.#viewers.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Two seconds are over. A round that takes longer is not begun again before its end. */
  tick(): Promise<void> {
    this.#running ??= this.#round().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  end(): void {
    this.#ended = true
    clearInterval(this.#timer)
    this.#timer = undefined
    for (const { outlet } of this.#viewers) outlet.destroy()
    this.#viewers.clear()
  }

  async #round(): Promise<void> {
    try {
      const scene = await this.#source.scene()
      const lines = linesOf(scene.services)
      const text = deltaFrame(scene, this.#lines, lines)
      this.#count += 1
      this.#scene = scene
      this.#lines = lines
      this.#dropSlow()
      for (const { outlet } of this.#viewers) outlet.write(eventText('delta', text, this.#id()))
      await this.#tellReals([...this.#viewers])
    } catch {
      for (const { outlet } of this.#viewers) outlet.write(': nothing to show at this moment\n\n')
    }
  }

  async #tellReals(viewers: readonly Viewer[]): Promise<void> {
    for (const service of new Set(viewers.map((viewer) => viewer.service))) {
      if (service === undefined) continue
      const rows = await this.#source.reals(service)
      const text = rows
        ? eventText('reals', realsFrame(service, rows))
        : eventText('gone', JSON.stringify(service))
      for (const { outlet, service: its } of viewers)
        if (its === service && !outlet.destroyed) outlet.write(text)
    }
  }

  #dropSlow(): void {
    for (const viewer of this.#viewers) {
      viewer.unread = viewer.outlet.writableLength > 0 ? viewer.unread + 1 : 0
      if (viewer.unread <= PATIENCE && viewer.outlet.writableLength <= MOST_UNREAD) continue
      this.#viewers.delete(viewer)
      viewer.outlet.destroy()
    }
  }

  #id(): string {
    return `${this.#era}-${this.#count}`
  }
}
