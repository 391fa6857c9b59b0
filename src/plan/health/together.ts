// SPDX-License-Identifier: Apache-2.0
// What the checks of one real server and the datapath's look at it come to: its Health, and the ramp of its weight
// after it came up. No clock.
import type { Health, StandingReason } from '../../model/checks.js'
import type { CheckState } from './machine.js'

export interface Parts {
  readonly checks: readonly CheckState[]
  /** it swallows connections (passive.ts) */
  readonly out: boolean
  /** wished */
  readonly weight: number
  /** seconds */
  readonly slowStart?: number
}

export interface Standing {
  readonly health: Health
  /** ms (monotonic) when it came up after it was down; absent = it was up from the start, or is down */
  readonly roseAt?: number
}

/** The same moment on two clocks. */
export interface Moment {
  /** ms since the epoch */
  readonly date: number
  /** ms, monotonic */
  readonly now: number
}

const STEPS = 10
const LEAST_STEP = 1000
/** ms; sums of fractions may fall short of the moment they stand for */
const SLACK = 0.001

/** All checks must be good. A check's failure says more than unanswered clients do, so it is told first. */
export function standingOf(parts: Parts, before: Standing | undefined, { date, now }: Moment): Standing {
  const verdict = verdictOf(parts)
  const turned = before !== undefined && before.health.up !== verdict.up
  const roseAt = turned ? now : before?.roseAt
  const since = before === undefined || turned ? date : before.health.since
  const weight = dynamicWeight(parts.checks)
  const rising = verdict.up && roseAt !== undefined
  const ramp = rising ? rampAt(parts, weight, now - roseAt + SLACK) : undefined
  const health: Health = {
    ...verdict,
    since,
    ...(ramp !== undefined && { ramp, reason: 'slow-start' }),
    ...(weight !== undefined && { weight }),
  }
  return { health, ...(rising && { roseAt }) }
}

/** ms (monotonic) when its ramp takes the next step; undefined = it takes none. */
export function nextStep({ health, roseAt }: Standing, slowStart: number | undefined, now: number) {
  if (health.ramp === undefined || roseAt === undefined || slowStart === undefined) return undefined
  const step = stepOf(slowStart)
  return roseAt + Math.min(slowStart * 1000, step * (Math.floor((now - roseAt + SLACK) / step) + 1))
}

/** What is worth telling at once; a new detail alone is not. */
export function sameStanding(a: Health, b: Health): boolean {
  return a.up === b.up && a.reason === b.reason && a.weight === b.weight && a.ramp === b.ramp
}

function verdictOf({ checks, out }: Parts): { up: boolean; reason: StandingReason; detail?: string } {
  const down = checks.find(({ up }) => !up)
  const shown = down ?? checks.find(({ fault }) => fault !== undefined)
  const detail = shown?.fault?.detail
  const told = detail === undefined ? {} : { detail }
  if (down !== undefined) return { up: false, reason: down.fault?.reason ?? 'waiting', ...told }
  if (out) return { up: false, reason: 'swallows', detail: 'clients send their SYN again and get no answer' }
  return { up: true, reason: reasonUp(checks), ...told }
}

function reasonUp(checks: readonly CheckState[]): StandingReason {
  if (checks.length === 0) return 'unchecked'
  return checks.some(({ untried }) => untried) ? 'waiting' : 'healthy'
}

/** Of several that name one, the lowest. */
function dynamicWeight(checks: readonly CheckState[]): number | undefined {
  const named = checks.flatMap(({ weight }) => weight ?? [])
  return named.length === 0 ? undefined : Math.min(...named)
}

/** 0 = as little as can be; undefined = all of it. */
function rampAt({ slowStart, weight }: Parts, named: number | undefined, elapsed: number) {
  if (slowStart === undefined || (named ?? weight) <= 1 || elapsed >= slowStart * 1000) return undefined
  const step = stepOf(slowStart)
  return (step * Math.floor(elapsed / step)) / (slowStart * 1000)
}

/** ms */
function stepOf(slowStart: number): number {
  return Math.max(LEAST_STEP, (slowStart * 1000) / STEPS)
}
