// SPDX-License-Identifier: Apache-2.0
// The frame around every question: it ends at its deadline, whatever it opened is closed when it is answered, and
// nothing that goes wrong in it leaves as an exception.
import type { Check } from '../../model/checks.js'
import { harmless } from '../../model/describe.js'
import { endpointText } from '../../model/keys.js'
import type { Ask, AskWorld, Way } from '../types.js'
import { Failure, failureOf } from './failure.js'

export interface Good {
  /** a script's */
  readonly weight?: number
}

export interface Question<C extends Check = Check> {
  readonly check: C
  readonly way: Way
  readonly world: AskWorld
  /** where it goes, for people: '192.0.2.21:80', or '192.0.2.10:80 by way of 192.0.2.21' */
  readonly target: string
  /** what is awaited from now on; at the deadline the sentence is 'no … within 1 s' */
  awaits(what: string): void
  /** judges at the deadline, in place of that sentence */
  atDeadline(judge: () => Good): void
  /** `close` is called once, when the question is answered; what was opened last is closed first */
  own<T>(thing: T, close: (thing: T) => void | Promise<void>): T
}

/** `run` asks, and throws a Failure for what is not good. */
export function asks<C extends Check>(run: (question: Question<C>) => Promise<Good>): Ask<C> {
  return async (check, way, world) => {
    const started = world.now()
    const opened = new Opened()
    const deadline = new Deadline(check.timeout)
    const target = targetText(way, world)
    deadline.awaited = `answer from ${target}`
    const question: Question<C> = {
      ...{ check, way, world, target },
      awaits: (what) => {
        deadline.awaited = what
      },
      atDeadline: (judge) => {
        deadline.judge = judge
      },
      own: (thing, close) => opened.add(thing, close),
    }
    const judged = await judge(() => before(world.signal, deadline, () => run(question)))
    await opened.close()
    return { ...judged, took: Math.max(0, world.now() - started) }
  }
}

async function judge(run: () => Promise<Good>) {
  try {
    return { good: true as const, ...(await run()) }
  } catch (error) {
    const { reason, message } = failureOf(error)
    return { good: false as const, reason, detail: harmless(message) }
  }
}

async function before(signal: AbortSignal, deadline: Deadline, run: () => Promise<Good>): Promise<Good> {
  if (signal.aborted) return deadline.judge()
  const pass = () => deadline.pass()
  signal.addEventListener('abort', pass, { once: true })
  try {
    return await Promise.race([run(), deadline.passed])
  } finally {
    signal.removeEventListener('abort', pass)
  }
}

class Deadline {
  awaited = ''
  judge: () => Good
  pass: () => void = () => {}
  readonly passed: Promise<Good>

  constructor(seconds: number) {
    this.judge = () => {
      throw new Failure('timeout', `no ${this.awaited} within ${seconds} s`)
    }
    this.passed = new Promise<void>((resolve) => {
      this.pass = resolve
    }).then(() => this.judge())
  }
}

class Opened {
  #closers: (() => void | Promise<void>)[] | undefined = []

  add<T>(thing: T, close: (thing: T) => void | Promise<void>): T {
    if (this.#closers === undefined) {
      void close(thing)
      throw new Failure('timeout', 'the question has ended')
    }
    this.#closers.push(() => close(thing))
    return thing
  }

  async close(): Promise<void> {
    const closers = this.#closers ?? []
    this.#closers = undefined
    for (const close of closers.reverse()) await close()
  }
}

function targetText({ address, port, mark }: Way, { names }: AskWorld): string {
  if (mark === undefined) return endpointText(address, port)
  return `${endpointText(names.vip ?? address, port)} by way of ${address}`
}
