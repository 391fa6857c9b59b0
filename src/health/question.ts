// SPDX-License-Identifier: Apache-2.0
// One question, from its start to its answer: it gets a signal for its deadline, and an answer comes whatever the kind of
// check does.
import type { Answer, Check } from '../model/checks.js'
import { formatProblems } from '../model/describe.js'
import type { Outcome } from '../model/types.js'
import type { Schedule } from './schedule.js'
import type { AskNames, AskWorld, SocketSpec, Way } from './types.js'

export interface QuestionWorld {
  ask(check: Check, way: Way, world: AskWorld): Promise<Answer>
  socket(spec: SocketSpec): Outcome<number>
  /** ms */
  monotonic(): number
  readonly schedule: Schedule
}

export interface Question {
  /** comes when the asking has ended and nothing of it is open, or soon after the deadline */
  readonly answer: Promise<Answer>
  /** ends it early; the answer still comes soon, and is worth nothing */
  abort(): void
}

/** ms that a check may take after its deadline to say what it was waiting for, and to clean up */
const GRACE = 2000

/** `way` may have come to nothing: then that is the answer. */
export function question(world: QuestionWorld, check: Check, way: Outcome<Way>, names: AskNames): Question {
  const { schedule } = world
  const begun = world.monotonic()
  const deadline = begun + check.timeout * 1000
  const took = () => world.monotonic() - begun
  const controller = new AbortController()
  let force = () => {}
  const forced = new Promise<Answer>((resolve) => {
    force = () => resolve({ good: false, took: took(), reason: 'timeout', detail: lateDetail(check) })
  })
  const ends = schedule.at(deadline, () => controller.abort())
  let late = schedule.at(deadline + GRACE, () => force())
  const asking = way.ok ? asked(world, check, way.value, names, controller.signal) : never(way)
  const own = asking.catch((error: unknown) => cannot(took(), messageOf(error)))
  const answer = Promise.race([own, forced]).finally(() => {
    ends.cancel()
    late.cancel()
  })
  const abort = () => {
    late.cancel()
    late = schedule.at(world.monotonic() + GRACE, () => force())
    controller.abort()
  }
  return { answer, abort }
}

async function asked(
  { ask, socket, monotonic }: QuestionWorld,
  check: Check,
  way: Way,
  names: AskNames,
  signal: AbortSignal,
): Promise<Answer> {
  return await ask(check, way, { socket, now: monotonic, names, signal })
}

async function never({ problems }: Outcome<Way> & { readonly ok: false }): Promise<Answer> {
  return cannot(0, formatProblems(problems, 1))
}

function cannot(took: number, detail: string): Answer {
  return { good: false, took, reason: 'cannot-check', detail }
}

function lateDetail({ timeout }: Check): string {
  return `no answer in ${timeout} s`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
