// SPDX-License-Identifier: Apache-2.0
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Poller } from '../../../../src/cli/top/poller.js'
import type { Sample } from '../../../../src/cli/top/sample.js'
import type { State } from '../../../../src/cli/top/state.js'
import type { Input } from '../../../../src/cli/top/update.js'
import { fail, succeed } from '../../../../src/model/describe.js'
import type { Outcome } from '../../../../src/model/types.js'
import { press, sample, state } from './given.js'

let now: number
let asked: ((answer: Outcome<Sample>) => void)[]
let heard: Input[]
let shown: State
let poller: Poller

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  now = 0
  asked = []
  heard = []
  shown = state(1)
  const screen = {
    get state() {
      return shown
    },
    take: (input: Input) => void heard.push(input),
  }
  const poll = () => new Promise<Outcome<Sample>>((resolve) => asked.push(resolve))
  poller = new Poller({ poll, steady: () => now }, screen)
})
afterEach(() => {
  poller.stop()
  vi.useRealTimers()
})

/** Time goes by. */
function pass(ms: number): void {
  now += ms
  vi.advanceTimersByTime(ms)
}

async function answer(outcome: Outcome<Sample> = succeed(sample(2))): Promise<void> {
  asked.at(-1)?.(outcome)
  await setImmediate()
}

describe('polling', () => {
  it('asks once an interval', async () => {
    poller.now()
    await answer()
    pass(999)
    expect(asked).toHaveLength(1)
    pass(1)
    expect(asked).toHaveLength(2)
    expect(heard).toEqual([{ kind: 'sample', sample: sample(2) }])
  })

  it('rests three times as long as an answer took', async () => {
    poller.now()
    pass(2_000)
    await answer()
    pass(5_999)
    expect(asked).toHaveLength(1)
    pass(1)
    expect(asked).toHaveLength(2)
  })

  it('asks one question at a time; what is wanted meanwhile comes right after', async () => {
    poller.now()
    poller.now()
    poller.now()
    expect(asked).toHaveLength(1)
    await answer()
    pass(0)
    expect(asked).toHaveLength(2)
    await answer()
    pass(999)
    expect(asked).toHaveLength(2)
  })

  it('does not ask while it is paused', async () => {
    shown = press(shown, 'p')
    poller.now()
    expect(asked).toHaveLength(0)
  })

  it('tells of failures and goes on', async () => {
    poller.now()
    await answer(fail({ reason: 'no daemon listens', fix: 'start one' }))
    expect(heard).toEqual([{ kind: 'lost', reason: 'no daemon listens', at: 0 }])
    pass(1_000)
    expect(asked).toHaveLength(2)
  })

  it('knows when an answer is overdue', async () => {
    poller.now()
    pass(3_000)
    expect(poller.overdue()).toBe(false)
    pass(1)
    expect(poller.overdue()).toBe(true)
    await answer()
    expect(poller.overdue()).toBe(false)
  })

  it('hears nothing after it was stopped', async () => {
    poller.now()
    poller.stop()
    await answer()
    pass(100_000)
    expect([heard, asked.length]).toEqual([[], 1])
  })
})
