// SPDX-License-Identifier: Apache-2.0
// The state of what is looked at, drawn on a terminal whenever it changes.
import { render } from './frame.js'
import type { Key } from './keys.js'
import type { Live } from './live.js'
import { changes } from './paint.js'
import type { State } from './state.js'
import { openTerminal, type Terminal } from './terminal.js'
import { type Effect, type Input, update } from './update.js'

interface Listener {
  readonly effect: (effect: Effect) => void
  /** nobody can press a key any more */
  readonly gone: () => void
}

/** Lines of the screen that are no lines of a list, about. */
const FRAME = 6

export class Screen {
  readonly #live: Live
  readonly #listener: Listener
  readonly #terminal: Terminal
  #state: State
  #drawn: readonly string[] | undefined
  #closed = false

  constructor(live: Live, start: State, listener: Listener) {
    this.#live = live
    this.#state = start
    this.#listener = listener
    this.#terminal = openTerminal(live.input, live.output, {
      keys: (keys: readonly Key[]) => {
        for (const key of keys) this.take({ kind: 'key', key })
      },
      resized: () => this.redraw(),
      gone: listener.gone,
    })
  }

  get state(): State {
    return this.#state
  }

  take(input: Input): void {
    if (this.#closed) return
    const { state, effect } = update(this.#state, input)
    this.#state = state
    this.#draw()
    if (effect) this.#listener.effect(effect)
  }

  redraw(): void {
    this.#drawn = undefined
    this.#draw()
  }

  /** At the start, and after the terminal was left. */
  enter(): void {
    this.#terminal.enter()
    this.redraw()
  }

  leave(): void {
    this.#terminal.leave()
  }

  close(): void {
    this.#closed = true
    this.#terminal.close()
  }

  #draw(): void {
    const size = this.#terminal.size()
    this.#state = update(this.#state, { kind: 'page', lines: Math.max(1, size.rows - FRAME) }).state
    const lines = render(this.#state, size, this.#live.look)
    this.#terminal.write(changes(this.#drawn, lines, size.columns))
    this.#drawn = lines
  }
}
