// SPDX-License-Identifier: Apache-2.0
// Series of rounds, interleaved: every series has its turn before any has its next, so what changes on the machine changes
// for all. Disturbed rounds are repeated, up to a bound.
import { type Disturbance, type Round, RULES, type Rules, type Sifted, sift } from './statistics.js'

export interface Series {
  readonly id: string
  /** untimed, before each round */
  before?(packets: number): void
  /** timed; how many packets had another fate than the series is about */
  run(packets: number): number
  /** untimed, after each round */
  after?(): void
  /** packets per round at most; without it as many as the round's time has room for */
  readonly most?: number
}

export interface Plan {
  /** undisturbed rounds that are wanted of every series */
  readonly rounds: number
  /** rounds of a series at most, disturbed ones included */
  readonly bound: number
  readonly roundMs: number
  readonly rules?: Rules
}

/** What one piece of work took. */
export interface Taken {
  readonly cpuNs: number
  readonly switches: number
  readonly stolenMs: number
}

export type Timer = (work: () => void) => Taken

export interface Figure extends Sifted {
  readonly id: string
  /** per round */
  readonly packets: number
  /** packets of all rounds, and how many of them had another fate */
  readonly total: number
  readonly wrong: number
}

const FIRST_TRY = 256
const MOST = 1 << 26
const CALLS = 5
/** A test run of one packet spares itself what longer ones do first. */
const FEWEST = 2

export interface Calibration {
  /** that take the wanted time */
  readonly packets: number
  /** ns of CPU time for a run of next to no packets: the kernel makes ready for it */
  readonly call: number
}

/** Doubled twice until the time can be told from none, then in proportion. */
export function calibrate(series: Series, roundMs: number, timer: Timer): Calibration {
  const most = series.most ?? MOST
  const calls = Array.from({ length: CALLS }, () => round(series, FEWEST, 0, timer).ns * FEWEST)
  const call = Math.min(...calls)
  for (let packets = Math.min(FIRST_TRY, most); ; packets = Math.min(packets * 4, most)) {
    const { ns } = round(series, packets, call, timer)
    const enough = Math.max(FEWEST, Math.round((roundMs * 1e6) / Math.max(ns, 0.1)))
    if (enough <= packets * 8 || packets === most) return { packets: Math.min(enough, most), call }
  }
}

function round(
  series: Series,
  packets: number,
  call: number,
  timer: Timer,
): Round & { readonly wrong: number } {
  let wrong = 0
  series.before?.(packets)
  const { cpuNs, switches, stolenMs } = timer(() => {
    wrong = series.run(packets)
  })
  series.after?.()
  return {
    wrong,
    ns: Math.max(0, cpuNs - call) / packets,
    switches: switches / Math.max(cpuNs / 1e6, 1),
    stolen: stolenMs,
  }
}

interface Running extends Calibration {
  readonly series: Series
  readonly rounds: Round[]
  wrong: number
}

export function measure(
  all: readonly Series[],
  plan: Plan,
  timer: Timer,
  tell: (pass: number) => void = () => undefined,
): readonly Figure[] {
  const rules = plan.rules ?? RULES
  const running: readonly Running[] = all.map((series) => {
    return { series, ...calibrate(series, plan.roundMs, timer), rounds: [], wrong: 0 }
  })
  const wants = ({ rounds }: Running) =>
    rounds.length < plan.rounds ||
    (rounds.length < plan.bound && sift(rounds, rules).kept.length < plan.rounds)
  for (let pass = 1, left = running; left.length > 0; left = running.filter(wants), pass++) {
    tell(pass)
    for (const one of left) {
      const { wrong, ...taken } = round(one.series, one.packets, one.call, timer)
      one.rounds.push(taken)
      one.wrong += wrong
    }
  }
  return running.map(({ series: { id }, packets, rounds, wrong }) => {
    return { id, packets, total: packets * rounds.length, wrong, ...sift(rounds, rules) }
  })
}

/** Too few undisturbed rounds to say anything. */
export function isUnsure({ kept }: Pick<Figure, 'kept'>): boolean {
  return kept.length < 3
}

export function thrownOf(thrown: Readonly<Record<Disturbance, number>>): number {
  return thrown.slow + thrown.preempted + thrown.stolen
}
