// SPDX-License-Identifier: Apache-2.0
// One check of one real server: what its answers come to, and when the next question is due. No clock: the caller's
// milliseconds come in, and so does chance.
import type { Answer, CheckTiming, StandingReason } from '../../model/checks.js'

/** Why it is down, for people. */
export interface Fault {
  readonly reason: StandingReason
  readonly detail?: string
}

export interface CheckState {
  readonly up: boolean
  /** no good answer yet; where it is down, the first lifts it, not the `rise`-th */
  readonly untried: boolean
  /** of the last question */
  readonly last?: Answer
  /** of the last failure, or what was known of it before; none once it is up and answers */
  readonly fault?: Fault
  /** that the last good answer named */
  readonly weight?: number
  /** answers in a row of the kind of the last that told anything */
  readonly row: number
  readonly failing: boolean
  /** failures in a row since it is down, without the one that took it down */
  readonly downRow: number
  /** questions in a row that could not be asked */
  readonly unmade: number
}

/** When a question is due. */
export interface Due {
  /** ms, without jitter: the next one is counted from it, so that nothing drifts */
  readonly nominal: number
  /** ms */
  readonly at: number
}

/** Share of the interval by which a question may come early or late. */
export const JITTER = 0.05
const MOST_DOUBLINGS = 40

const FRESH: CheckState = { up: true, untried: true, row: 0, failing: false, downRow: 0, unmade: 0 }

/** Up until it fails `fall` times in a row. */
export function startUp(): CheckState {
  return FRESH
}

/** Down until the first good answer: alpha, or a new check of one that is down. */
export function startUntried(fault?: Fault): CheckState {
  return { ...FRESH, up: false, ...(fault && { fault }) }
}

/** Known to be down from an earlier life: only `rise` good answers lift it. */
export function startDown(fault: Fault): CheckState {
  return { ...FRESH, up: false, untried: false, failing: true, fault }
}

/**
 * After one more answer. A question that could not be asked tells nothing of the real server, so it moves nothing: a
 * director out of descriptors does not take its real servers out.
 */
export function judge(state: CheckState, timing: CheckTiming, answer: Answer): CheckState {
  if (answer.good) return judgeGood(state, timing, answer)
  const fault = { reason: answer.reason, detail: answer.detail }
  if (answer.reason === 'cannot-check') return { ...state, last: answer, fault, unmade: state.unmade + 1 }
  const row = state.failing ? state.row + 1 : 1
  const up = state.up && row < timing.fall
  const downRow = state.up ? 0 : state.downRow + 1
  const untried = state.untried && up === state.up
  return { ...state, up, untried, last: answer, fault, row, failing: true, downRow, unmade: 0 }
}

function judgeGood(
  state: CheckState,
  timing: CheckTiming,
  answer: Answer & { readonly good: true },
): CheckState {
  const row = state.failing ? 1 : state.row + 1
  const up = state.up || state.untried || row >= timing.rise
  const fault = up ? undefined : state.fault
  return {
    ...{ up, untried: false, last: answer, row, failing: false, downRow: 0, unmade: 0 },
    ...(fault && { fault }),
    ...(answer.weight !== undefined && { weight: answer.weight }),
  }
}

/** The same failure, known better: a server that is silent at the VIP answers at its own address. */
export function refine(state: CheckState, answer: Answer & { readonly good: false }): CheckState {
  if (!state.failing || state.last === undefined || state.last.good) return state
  return { ...state, last: answer, fault: { reason: answer.reason, detail: answer.detail } }
}

/** Of the first question: evenly at random over the warm-up; `random` is 0..1. */
export function firstDue(timing: CheckTiming, now: number, random: number): Due {
  const at = now + random * (timing.warmup ?? timing.interval) * 1000
  return { nominal: at, at }
}

/**
 * Of the next question, after an answer at `now` to the one that was due at `asked` (nominal). Intervals run from start
 * to start; one that is past already is left out. A retry waits from the failure on, as keepalived's does.
 */
export function nextDue(
  state: CheckState,
  timing: CheckTiming,
  asked: number,
  now: number,
  random: number,
): Due {
  const swing = (random * 2 - 1) * JITTER
  const again = retryPause(state, timing)
  if (again !== undefined) return { nominal: now + again, at: now + again * (1 + swing) }
  const pause = restPause(state, timing)
  const nominal = asked + pause * Math.max(1, Math.ceil((now - asked) / pause))
  return { nominal, at: Math.max(now, nominal + pause * swing) }
}

/** ms; undefined: it is no failure before the last */
function retryPause({ up, failing, unmade }: CheckState, timing: CheckTiming): number | undefined {
  if (!up || !failing || unmade > 0 || timing.retryInterval === undefined) return undefined
  return timing.retryInterval * 1000
}

/** ms */
function restPause({ failing, downRow }: CheckState, { interval, backOff }: CheckTiming): number {
  if (!failing || backOff === undefined) return interval * 1000
  const doubled = interval * 2 ** Math.min(downRow, MOST_DOUBLINGS)
  return Math.max(interval, Math.min(doubled, backOff)) * 1000
}
