// SPDX-License-Identifier: Apache-2.0
// Heats: what is compared runs back to back in short slices, so what the machine does meanwhile happens to all of it. Rounds
// in which it did something are left out; each load of the programs gives one figure.
import { median } from './intervals.js'
import { scattered } from './table/keys.js'

export interface Series {
  readonly id: string
  /** untimed, before each slice */
  before?(packets: number): void
  /** timed; how many packets had another fate than the series is about */
  run(packets: number): number
  /** what the kernel says that all runs of its program took, while the kernel counts that */
  spentNs?(): number
  /** untimed, after each slice */
  after?(): void
  /** packets per slice at most; without it as many as the slice's time has room for */
  readonly most?: number
  /** id of the series of this heat that is taken away from it */
  readonly harness?: string
}

export interface Heat {
  readonly id: string
  readonly series: readonly Series[]
}

export interface Plan {
  /** how often the programs are loaded anew, as where their code comes to lie changes what it costs: so many loads are wanted
   * of every heat that have undisturbed rounds */
  readonly loads: number
  /** loads at most */
  readonly mostLoads: number
  /** undisturbed rounds that are wanted of every heat and load */
  readonly rounds: number
  /** rounds at most, disturbed ones included */
  readonly bound: number
  /** what a slice takes, on an average of the heat */
  readonly sliceMs: number
}

/** ns of CPU time */
export type Timer = (work: () => void) => number

/** ns per packet by series, in the order of the heat. */
export type Round = readonly number[]

/** What a heat has come to, load by load. */
export interface Course {
  readonly series: readonly Pick<Series, 'id' | 'harness'>[]
  /** per slice */
  readonly packets: number
  readonly loads: readonly (readonly Round[])[]
  /** packets with another fate, by series */
  readonly wrong: readonly number[]
}

export interface Figure {
  readonly id: string
  /** ns per packet beyond the harness, one for each load */
  readonly loads: readonly number[]
  /** rounds that count, and those left out as disturbed */
  readonly rounds: number
  readonly thrown: number
  /** loads that hardly had an undisturbed round: their quickest rounds stand in */
  readonly unquiet: number
  /** per slice */
  readonly packets: number
  /** share of packets that had another fate */
  readonly wrong: number
}

const FIRST_TRY = 256
const MOST = 1 << 20
/** A slice takes at least so many, or the clock's microsecond would show. */
const LEAST = 512
/** Undisturbed: no slower than this many times the quickest rounds of the heat, all of its series together. */
const QUIET = 1.15
/** Fewer rounds say nothing. */
export const FEWEST = 8

/** One more load. */
export function race(heat: Heat, past: Course | undefined, plan: Plan, timer: Timer): Course {
  const { series } = heat
  const packets = past?.packets ?? calibrate(heat, plan.sliceMs, timer)
  const wrong = past ? [...past.wrong] : series.map(() => 0)
  const rounds: Round[] = []
  for (let turn = 0; turn < plan.bound; turn++) {
    rounds.push(roundOf(series, packets, turn, timer, wrong))
    const quickest = quickestOf([...(past?.loads ?? []), rounds])
    if (quietOf(rounds, quickest).length >= plan.rounds) break
  }
  return { series, packets, loads: [...(past?.loads ?? []), rounds], wrong }
}

/** Every round has another order: nobody is always the one who comes after the control. */
function roundOf(
  series: readonly Series[],
  packets: number,
  turn: number,
  timer: Timer,
  wrong: number[],
): Round {
  const round = series.map(() => 0)
  for (const at of orderOf(series.length, turn)) {
    const one = series[at] as Series
    one.before?.(packets)
    const ns = timer(() => {
      wrong[at] = (wrong[at] as number) + one.run(packets)
    })
    one.after?.()
    round[at] = ns / packets
  }
  return round
}

/** 0 to `count` - 1, shuffled by the number of the round, so that every run has the same orders. */
export function orderOf(count: number, turn: number): readonly number[] {
  const order = Array.from({ length: count }, (_, at) => at)
  for (let left = count, draw = turn; left > 1; left--) {
    draw = scattered(draw + left)
    const at = draw % left
    ;[order[left - 1], order[at]] = [order[at] as number, order[left - 1] as number]
  }
  return order
}

/** Fourfold until the time can be told from that of a call, then in proportion. */
export function calibrate({ series }: Heat, sliceMs: number, timer: Timer): number {
  const most = Math.min(MOST, ...series.map((one) => one.most ?? MOST))
  const wanted = sliceMs * 1e6 * series.length
  for (let packets = Math.min(FIRST_TRY, most); ; packets = Math.min(packets * 4, most)) {
    const round = roundOf(
      series,
      packets,
      0,
      timer,
      series.map(() => 0),
    )
    const enough = Math.round(wanted / Math.max(total(round), 0.1))
    if (enough <= packets * 8 || packets === most) return Math.min(Math.max(enough, LEAST), most)
  }
}

/** Every wanted load had undisturbed rounds. */
export function isDone(course: Course | undefined, plan: Plan): boolean {
  return course !== undefined && quietLoads(course.loads).length >= plan.loads
}

/** Loads without an undisturbed round count only where there are not enough of the others. */
export function figuresOf({ series, packets, ...course }: Course, plan: Plan): readonly Figure[] {
  const { loads: all, wrong } = course
  const quickest = quickestOf(all)
  const loads = isDone({ series, packets, ...course }, plan) ? quietLoads(all) : all
  const kept = loads.map((rounds) => keptOf(rounds, quickest))
  const rounds = kept.reduce((sum, load) => sum + load.length, 0)
  const run = all.reduce((sum, load) => sum + load.length, 0)
  const unquiet = loads.length - Math.min(loads.length, quietLoads(all).length)
  return series.map(({ id, harness }, at) => {
    const under = series.findIndex((other) => other.id === harness)
    const beyond = (round: Round) => (round[at] as number) - (under < 0 ? 0 : (round[under] as number))
    return {
      id,
      loads: kept.map((load) => median(load.map(beyond))),
      rounds,
      thrown: run - rounds,
      unquiet,
      packets,
      wrong: (wrong[at] as number) / (packets * run),
    }
  })
}

function quietLoads(loads: Course['loads']): Course['loads'] {
  const quickest = quickestOf(loads)
  return loads.filter((rounds) => quietOf(rounds, quickest).length >= FEWEST)
}

function keptOf(rounds: readonly Round[], quickest: number): readonly Round[] {
  const quiet = quietOf(rounds, quickest)
  if (quiet.length >= FEWEST) return quiet
  return [...rounds].sort((a, b) => total(a) - total(b)).slice(0, FEWEST)
}

function quietOf(rounds: readonly Round[], quickest: number): readonly Round[] {
  return rounds.filter((round) => isQuiet(round, quickest))
}

function isQuiet(round: Round, quickest: number): boolean {
  return total(round) <= QUIET * quickest
}

/** What a sixteenth of the rounds did not exceed, and with many rounds eight of them: one alone may have been lucky in its
 * flows. */
function quickestOf(loads: Course['loads']): number {
  const totals = loads.flat().map(total)
  const rank = Math.min(FEWEST, Math.ceil(totals.length / 16))
  return totals.sort((a, b) => a - b)[rank - 1] ?? Number.POSITIVE_INFINITY
}

function total(round: Round): number {
  return round.reduce((sum, ns) => sum + ns, 0)
}
