// SPDX-License-Identifier: Apache-2.0
// The screen while somebody looks: polls and keys in, frames out, until it is left.
import type { ReadStream, WriteStream } from 'node:tty'
import type { Outcome, Problem, ServiceKey } from '../../model/types.js'
import type { ScreenLook } from './look.js'
import { Poller } from './poller.js'
import type { Sample } from './sample.js'
import { Screen } from './screen.js'
import { heedSignals, stopHere } from './signals.js'
import type { State } from './state.js'
import type { Effect } from './update.js'

export interface Live {
  readonly input: ReadStream
  readonly output: WriteStream
  readonly look: ScreenLook
  readonly poll: (service: ServiceKey | undefined) => Promise<Outcome<Sample>>
  /** ms, the samples' clock */
  readonly steady: () => number
}

/** How old what is shown is must be seen to grow while nobody answers. */
const TICK_MS = 1_000

/** Ends with q or Ctrl-C; the problem that ended it otherwise. */
export function watch(live: Live, start: State): Promise<Problem | undefined> {
  return new Promise((resolve) => {
    let over = false
    const end = (problem?: Problem) => {
      if (over) return
      over = true
      clearInterval(clock)
      poller.stop()
      release()
      screen.close()
      resolve(problem)
    }
    const suspend = () => {
      screen.leave()
      stopHere()
    }
    const effects: Readonly<Record<Effect, () => void>> = {
      quit: end,
      suspend,
      redraw: () => screen.redraw(),
      poll: () => poller.now(),
    }
    const screen = new Screen(live, start, { effect: (effect) => effects[effect](), gone: end })
    const poller = new Poller(live, screen)
    const release = heedSignals({
      leave: () => screen.leave(),
      suspend,
      resumed: () => screen.enter(),
      failed: (error) => end({ reason: `this should not happen, and it did: ${String(error)}` }),
    })
    const clock = setInterval(() => {
      const at = live.steady()
      if (poller.overdue()) screen.take({ kind: 'lost', reason: 'the daemon does not answer', at })
      else if (screen.state.lost) screen.take({ kind: 'tick', at })
    }, TICK_MS)
    screen.enter()
    poller.later()
  })
}
