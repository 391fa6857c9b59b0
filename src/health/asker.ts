// SPDX-License-Identifier: Apache-2.0
// Asks the questions of one check: each waits for its turn, travels as it should, and is cleared away when all ends.
import type { Answer, Check } from '../model/checks.js'
import { succeed } from '../model/describe.js'
import type { Outcome } from '../model/types.js'
import type { MarkUse } from './marks.js'
import { type Question, type QuestionWorld, question } from './question.js'
import { isThroughVip, type Place, wayOf } from './target.js'
import type { Turn, Turns } from './turns.js'
import type { Way } from './types.js'

export interface AskerWorld extends QuestionWorld {
  readonly turns: Turns
}

export interface Asker {
  /** `told` hears the answer, unless all has ended before */
  ask(how: 'as wished' | 'at its own address', told: (answer: Answer) => void): Pending
  /** takes back and aborts what is under way; kept when nothing of it is open */
  end(): Promise<void>
}

export interface Pending {
  /** ms (monotonic) since when it waits for its turn; undefined = it has had it */
  queuedSince(): number | undefined
}

export function createAsker(check: Check, place: Place, marks: MarkUse, world: AskerWorld): Asker {
  const queued = new Set<Turn>()
  const asked = new Set<Question>()
  let ended = false

  const begin = (turn: Turn, way: Outcome<Way>, told: (answer: Answer) => void): void => {
    queued.delete(turn)
    const one = question(world, check, way, place)
    asked.add(one)
    void one.answer.then((answer) => {
      asked.delete(one)
      turn.leave()
      if (!ended) told(answer)
    })
  }
  const way = (own: boolean): Outcome<Way> => {
    if (own || !isThroughVip(check, place)) return succeed(wayOf(check, place, undefined))
    const mark = marks.mark()
    return mark.ok ? succeed(wayOf(check, place, mark.value)) : mark
  }
  return {
    ask: (how, told) => {
      let since: number | undefined = world.monotonic()
      const turn = world.turns.enter((granted) => {
        since = undefined
        begin(granted, way(how === 'at its own address'), told)
      })
      if (since !== undefined) queued.add(turn)
      return { queuedSince: () => since }
    },
    end: async () => {
      ended = true
      for (const turn of queued) turn.leave()
      for (const { abort } of asked) abort()
      await Promise.all([...asked].map(({ answer }) => answer))
    },
  }
}
