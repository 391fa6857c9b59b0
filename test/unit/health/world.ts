// SPDX-License-Identifier: Apache-2.0
// A world for checks, made by hand: its clock moves when told, chance is known, and what is asked answers as told.

import { type Checks, createChecks, type HealthWorld, type Subject } from '../../../src/health/runner.js'
import type { AskWorld, Way } from '../../../src/health/types.js'
import type { Answer, Check, Health, TcpCheck } from '../../../src/model/checks.js'
import type { Outcome, RealKey } from '../../../src/model/types.js'

export interface Asked {
  /** ms */
  readonly at: number
  readonly check: Check
  readonly way: Way
  readonly world: AskWorld
}

export type Reply = (asked: Asked) => Promise<Answer> | Answer

export interface HandMade {
  readonly world: HealthWorld
  readonly checks: Checks
  /** all questions so far */
  readonly asked: Asked[]
  /** what was told, one entry for each call */
  readonly told: ReadonlyMap<RealKey, Health>[]
  /** asked and not answered yet */
  flying(): number
  /** at most, at any time */
  mostFlying(): number
  /** marks in use: 'vip real' */
  readonly marks: Map<number, string>
  /** timers that wait */
  timers(): number
  now(): number
  reply(how: Reply): void
  /** what comes instead of a mark; 'broken': it throws */
  refuse(how: Outcome<number> | 'broken' | undefined): void
  /** ms; everything due on the way happens */
  pass(ms: number): Promise<void>
}

export const SERVICE = 'tcp 192.0.2.10:80'
export const GOOD: Answer = { good: true, took: 1 }
export const REFUSED: Answer = { good: false, took: 1, reason: 'refused', detail: 'RST' }
export const EPOCH = 1_700_000_000_000

export const TCP: TcpCheck = { kind: 'tcp', via: 'real', interval: 2, timeout: 1, rise: 2, fall: 3 }

export function subject(address: string, words: Partial<Subject> = {}): Subject {
  const service = words.service ?? SERVICE
  return {
    ...{ key: `${service} > ${address}`, service, vip: '192.0.2.10', port: 80, real: address },
    ...{ weight: 10, checks: [TCP], alpha: false },
    ...words,
  }
}

/** 192.0.2.0, 192.0.2.1, ... */
export function subjects(count: number, words: Partial<Subject> = {}): readonly Subject[] {
  return Array.from({ length: count }, (_, i) => subject(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, words))
}

/** What nobody answers: it ends when it is told to. */
export const silent: Reply = ({ world: { signal } }) =>
  new Promise((resolve) => {
    const end = () => resolve({ good: false, took: 1000, reason: 'timeout', detail: 'silence' })
    signal.addEventListener('abort', end, { once: true })
  })

interface Timer {
  readonly due: number
  readonly order: number
  readonly act: () => void
}

export function handMade(most?: number): HandMade {
  const timers = new Set<Timer>()
  const asked: Asked[] = []
  const told: ReadonlyMap<RealKey, Health>[] = []
  const marks = new Map<number, string>()
  const random = chance(1)
  let [clock, order, flying, highest, mark] = [0, 0, 0, 0, 0]
  let reply: Reply = () => GOOD
  let refusal: Outcome<number> | 'broken' | undefined
  const world: HealthWorld = {
    ask: async (check, way, asks) => {
      const one = { at: clock, check, way, world: asks }
      asked.push(one)
      highest = Math.max(highest, ++flying)
      try {
        return await reply(one)
      } finally {
        flying--
      }
    },
    probe: {
      target: (vip, real) => {
        if (refusal === 'broken') throw new Error('the probe path is broken')
        if (refusal) return refusal
        marks.set(++mark, `${vip} ${real}`)
        return { ok: true, value: mark }
      },
      release: (given) => {
        if (!marks.delete(given)) throw new Error(`mark ${given} is released twice`)
      },
      socket: () => ({ ok: false, problems: [{ reason: 'no sockets here' }] }),
    },
    now: () => EPOCH + clock,
    monotonic: () => clock,
    random,
    timer: (ms, act) => {
      const timer = { due: clock + ms, order: order++, act }
      timers.add(timer)
      return { stop: () => void timers.delete(timer) }
    },
    onChange: (changes) => void told.push(changes),
  }
  const pass = async (ms: number): Promise<void> => {
    const end = clock + ms
    await settle()
    for (let next = first(timers, end); next !== undefined; next = first(timers, end)) {
      timers.delete(next)
      clock = Math.max(clock, next.due)
      next.act()
      await settle()
    }
    clock = end
  }
  return {
    ...{ world, asked, told, marks, checks: createChecks(world, most), pass },
    flying: () => flying,
    mostFlying: () => highest,
    timers: () => timers.size,
    now: () => clock,
    reply: (how) => {
      reply = how
    },
    refuse: (how) => {
      refusal = how
    },
  }
}

/** Everything that only waits for promises happens. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function first(timers: ReadonlySet<Timer>, end: number): Timer | undefined {
  let found: Timer | undefined
  for (const timer of timers) {
    if (timer.due > end) continue
    if (!found || timer.due < found.due || (timer.due === found.due && timer.order < found.order))
      found = timer
  }
  return found
}

function chance(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
