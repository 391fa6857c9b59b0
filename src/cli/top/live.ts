// SPDX-License-Identifier: Apache-2.0
// The screen while somebody looks: polls and keys in, frames out. One poll at a time, and never more than a quarter of
// the time spent on them.
import type { ReadStream, WriteStream } from 'node:tty'
import { formatProblem } from '../../model/describe.js'
import type { Outcome, Problem, ServiceKey } from '../../model/types.js'
import { render } from './frame.js'
import type { Key } from './keys.js'
import type { ScreenLook } from './look.js'
import { changes } from './paint.js'
import type { Sample } from './sample.js'
import { heedSignals, stopHere } from './signals.js'
import type { State } from './state.js'
import { openTerminal, type Terminal } from './terminal.js'
import { type Effect, type Input, update } from './update.js'

export interface Live {
  readonly input: ReadStream
  readonly output: WriteStream
  readonly look: ScreenLook
  readonly poll: (service: ServiceKey | undefined) => Promise<Outcome<Sample>>
  /** ms, the samples' clock */
  readonly steady: () => number
}

/** Ends with q or Ctrl-C; the problem that ended it otherwise. */
export function watch(live: Live, start: State): Promise<Problem | undefined> {
  return new Promise((resolve) => {
    const screen = openScreen(live, start, (problem) => {
      clearInterval(clock)
      poller.stop()
      release()
      screen.terminal.close()
      resolve(problem)
    })
    const poller = pollAgain(live, screen)
    const release = heedSignals({
      leave: screen.terminal.leave,
      suspend: screen.suspend,
      resumed: screen.resumed,
      failed: (error) => screen.end({ reason: `this should not happen, and it did: ${String(error)}` }),
    })
    // How old what is shown is must be seen to grow while nobody answers.
    const clock = setInterval(() => {
      if (screen.state().lost) screen.take({ kind: 'tick', at: live.steady() })
    }, 1_000)
    screen.onEffect((effect) => {
      if (effect === 'quit') screen.end()
      else if (effect === 'suspend') screen.suspend()
      else if (effect === 'redraw') screen.redraw()
      else poller.now()
    })
    screen.terminal.enter()
    screen.redraw()
    poller.later()
  })
}

interface Screen {
  readonly terminal: Terminal
  state(): State
  take(input: Input): void
  redraw(): void
  suspend(): void
  resumed(): void
  end(problem?: Problem): void
  onEffect(act: (effect: Effect) => void): void
}

function openScreen({ input, output, look }: Live, start: State, ended: (problem?: Problem) => void): Screen {
  let state = start
  let drawn: readonly string[] | undefined
  let over = false
  let act: (effect: Effect) => void = () => undefined
  const take = (one: Input) => {
    const step = update(state, one)
    state = step.state
    if (step.effect) act(step.effect)
    if (!over && step.effect !== 'suspend') draw()
  }
  const draw = () => {
    const { columns, rows } = terminal.size()
    state = update(state, { kind: 'page', lines: Math.max(1, rows - 6) }).state
    const lines = render(state, { columns, rows }, look)
    terminal.write(changes(drawn, lines, columns))
    drawn = lines
  }
  const redraw = () => {
    drawn = undefined
    draw()
  }
  const terminal = openTerminal(input, output, {
    keys: (keys: readonly Key[]) => {
      for (const key of keys) if (!over) take({ kind: 'key', key })
    },
    resized: redraw,
    gone: () => end(),
  })
  const end = (problem?: Problem) => {
    if (over) return
    over = true
    ended(problem)
  }
  return {
    terminal,
    state: () => state,
    take,
    redraw,
    suspend: () => {
      terminal.leave()
      stopHere()
    },
    resumed: () => {
      terminal.enter()
      redraw()
    },
    end,
    onEffect: (to) => {
      act = to
    },
  }
}

interface Poller {
  /** at once, or when the one that is under way has ended */
  now(): void
  later(): void
  stop(): void
}

function pollAgain(live: Live, screen: Screen): Poller {
  let timer: NodeJS.Timeout | undefined
  let asking = false
  let again = false
  let stopped = false
  let took = 0
  const later = () => {
    clearTimeout(timer)
    if (stopped) return
    const { interval } = screen.state()
    timer = setTimeout(ask, again ? 0 : Math.max(interval - took, 3 * took))
    again = false
  }
  const ask = async () => {
    if (screen.state().paused) return
    asking = true
    const began = live.steady()
    const found = await live.poll(screen.state().service)
    asking = false
    took = live.steady() - began
    if (stopped) return
    if (found.ok) screen.take({ kind: 'sample', sample: found.value })
    else screen.take({ kind: 'lost', reason: reasonOf(found.problems), at: live.steady() })
    later()
  }
  return {
    now: () => {
      if (asking) again = true
      else {
        clearTimeout(timer)
        void ask()
      }
    },
    later,
    stop: () => {
      stopped = true
      clearTimeout(timer)
    },
  }
}

/** Without the advice: what there is to do is to wait. */
function reasonOf([first]: readonly Problem[]): string {
  return first ? formatProblem({ reason: first.reason }) : 'no answer'
}
