// SPDX-License-Identifier: Apache-2.0
// What a client counts, from one reading to the next.
import type { ClientFigures } from './figures.js'

/** A question, or a held connection, that has heard nothing for so long is given up; ms. */
export const PATIENCE = 15_000

export class Tally {
  #requests = 0
  #failed = 0
  #failures: Record<string, number> = {}
  #lastFailure: number | undefined
  #broken: Record<string, number> = {}
  #gaps: Record<string, number> = {}

  answered(): void {
    this.#requests++
  }

  failed(why: string): void {
    this.#requests++
    this.#failed++
    this.#failures[why] = (this.#failures[why] ?? 0) + 1
  }

  /** One on a connection of its own, asked then; ms by the common clock. */
  failedAnew(why: string, asked: number): void {
    this.failed(why)
    this.#lastFailure = Math.max(this.#lastFailure ?? 0, asked)
  }

  broken(name: string): void {
    this.#broken[name] = (this.#broken[name] ?? 0) + 1
  }

  gap(name: string, ms: number): void {
    this.#gaps[name] = Math.max(this.#gaps[name] ?? 0, ms)
  }

  read(): Omit<ClientFigures, 'held' | 'streams'> {
    const last = this.#lastFailure
    const figures = {
      requests: this.#requests,
      failed: this.#failed,
      failures: this.#failures,
      ...(last !== undefined && { lastFailure: last }),
      broken: this.#broken,
      gaps: this.#gaps,
    }
    this.#requests = this.#failed = 0
    this.#failures = {}
    this.#broken = {}
    this.#gaps = {}
    this.#lastFailure = undefined
    return figures
  }
}
