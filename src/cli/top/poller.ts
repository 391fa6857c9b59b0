// SPDX-License-Identifier: Apache-2.0
// Asks again and again: one question at a time, and never more than a quarter of the time spent on them.
import { formatProblem } from '../../model/describe.js'
import type { Outcome, Problem } from '../../model/types.js'
import type { Live } from './live.js'
import type { Sample } from './sample.js'
import type { Screen } from './screen.js'

/** Pauses are at least as many times as long as what the last question took. */
const REST = 3
/** Silence after which what is shown is stale, though the question still waits. */
const OVERDUE_MS = 3_000

export class Poller {
  readonly #live: Pick<Live, 'poll' | 'steady'>
  readonly #screen: Pick<Screen, 'state' | 'take'>
  #timer: NodeJS.Timeout | undefined
  /** when, by the steady clock; undefined = no question is under way */
  #asked: number | undefined
  #again = false
  #stopped = false
  #took = 0

  constructor(live: Pick<Live, 'poll' | 'steady'>, screen: Pick<Screen, 'state' | 'take'>) {
    this.#live = live
    this.#screen = screen
  }

  /** At once, or when the question that is under way has its answer. */
  now(): void {
    if (this.#asked !== undefined) this.#again = true
    else {
      clearTimeout(this.#timer)
      void this.#ask()
    }
  }

  later(): void {
    if (this.#stopped) return
    const pause = Math.max(this.#screen.state.interval - this.#took, REST * this.#took)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#ask(), this.#again ? 0 : pause)
    this.#again = false
  }

  overdue(): boolean {
    return this.#asked !== undefined && this.#live.steady() - this.#asked > OVERDUE_MS
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  async #ask(): Promise<void> {
    if (this.#screen.state.paused) return
    const began = this.#live.steady()
    this.#asked = began
    const found = await this.#live.poll(this.#screen.state.service)
    this.#took = this.#live.steady() - began
    this.#asked = undefined
    if (this.#stopped) return
    this.#tell(found)
    this.later()
  }

  #tell(found: Outcome<Sample>): void {
    if (found.ok) this.#screen.take({ kind: 'sample', sample: found.value })
    else this.#screen.take({ kind: 'lost', reason: reasonOf(found.problems), at: this.#live.steady() })
  }
}

/** Without the advice: what there is to do is to wait. */
function reasonOf([first]: readonly Problem[]): string {
  return first ? formatProblem({ reason: first.reason }) : 'no answer'
}
