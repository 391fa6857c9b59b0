// SPDX-License-Identifier: Apache-2.0
// From rounds to figures, and the first reason why they would lie. Pure.
import {
  beyond,
  type Disturbance,
  type Ratio,
  type Round,
  ratioOf,
  type Summary,
  sift,
  summary,
} from '../statistics.js'
import { BATCH, type Case, cpusOf, DIRECTORS, type Director, directorsOf } from './plan.js'

/** What one CPU did in a round, by three accounts that must agree. */
export interface Work {
  readonly cpu: number
  readonly sent: number
  /** frames that came to their end on this CPU */
  readonly ended: number
  /** of xlvs: packets that its own counters of this CPU have for what the case is about */
  readonly counted?: number
  /** ns of one clock: the first frame was made, the last one was at its end */
  readonly start: number
  readonly until: number
  /** ns of those for which the sender was ready and others had its CPU */
  readonly waited: number
  /** batches that the kernel left to ksoftirqd */
  readonly deferred: number
}

export interface Measured {
  readonly id: string
  readonly director: Director
  readonly work: readonly Work[]
  /** ms that the hypervisor took */
  readonly stolen: number
}

/** `deferred`: to ksoftirqd, whose waiting is not known. `apart`: two CPUs did not work at the same time. */
export type Thrown = Readonly<Record<Exclude<Disturbance, 'preempted'> | 'deferred' | 'apart', number>>

export interface Cell extends Summary {
  readonly rounds: number
  readonly thrown: Thrown
}

/** ns of one CPU for a packet. */
export interface Row {
  readonly id: string
  readonly title: string
  readonly sharing: Case['sharing']
  readonly cpus: 1 | 2
  readonly cells: Readonly<Partial<Record<Director, Cell>>>
  /** of medians: CPUs by the time a packet takes one */
  readonly packetsPerSecond: Readonly<Partial<Record<Director, number>>>
  /** xlvs by swap, of the time beyond stop: what came in is the same for both */
  readonly ratio?: Ratio
  /** packets per second of two CPUs by those of one */
  readonly scaling: Readonly<Partial<Record<Director, Ratio>>>
  /** ns that a packet takes more with two CPUs than with one, less what it takes swap more */
  readonly contention: Readonly<Partial<Record<Director, { readonly ns: number; readonly spread: number }>>>
}

/** of a round, at least */
const TOGETHER = 0.9
/** of a round, at most: the time of so many frames counts as waiting */
const DEFERRED = 0.01
export const FEWEST = 3
/** of a round, at most: two CPUs that want one way of the table at once leave a flow unstored now and then */
const OTHERWISE = 0.001

/** Why this round must not be told of, as a sentence. */
export function faultOf({ id, director, work }: Measured): string | undefined {
  const missing = work.reduce((sum, { sent, ended }) => sum + sent - ended, 0)
  for (const { cpu, sent, ended, counted = sent } of work) {
    const who = `${director}, ${id}: of ${sent} frames sent on CPU ${cpu}`
    if (ended !== sent && missing === 0)
      return `${who} ${ended} ended there and the rest on another: CPUs that do not forward what they send say nothing about two`
    if (ended !== sent)
      return `${who} ${ended} came to their end there, and none may be lost: a lost frame is cheap, so the figures would lie`
    if (Math.abs(counted - sent) > OTHERWISE * sent)
      return `${who} xlvs counted ${counted} there as ${id.startsWith('new') ? 'the first of a flow' : 'of a known flow'}: it did other work than is measured`
  }
  return undefined
}

/** A packet's share of the time its CPU took; what others did meanwhile counts for the caches only. */
export function roundOf({ work, stolen }: Pick<Measured, 'work' | 'stolen'>): Round {
  const busy = total(work.map(({ start, until, waited }) => until - start - waited))
  return { ns: busy / total(work.map(({ sent }) => sent)), switches: 0, stolen }
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}

/** The share of the round for which all CPUs were at work; nobody knows when in it one waited. */
export function togetherOf(work: readonly Pick<Work, 'start' | 'until' | 'waited'>[]): number {
  const [starts, ends] = [work.map(({ start }) => start), work.map(({ until }) => until)]
  const common = Math.min(...ends) - Math.max(...starts)
  const lost = work.length > 1 ? total(work.map(({ waited }) => waited)) : 0
  return Math.max(0, common - lost) / (Math.max(...ends) - Math.min(...starts))
}

export interface Kept {
  readonly kept: readonly number[]
  readonly thrown: Thrown
}

export function keep(measured: readonly Measured[]): Kept {
  const prompt = measured.filter(({ work }) =>
    work.every(({ deferred, sent }) => deferred * BATCH <= DEFERRED * sent),
  )
  const joined = prompt.filter(({ work }) => togetherOf(work) >= TOGETHER)
  const { kept, thrown } = sift(joined.map(roundOf))
  const [deferred, apart] = [measured.length - prompt.length, prompt.length - joined.length]
  return { kept, thrown: { slow: thrown.slow, stolen: thrown.stolen, deferred, apart } }
}

type Cells = Row['cells']

export function rowsOf(cases: readonly Case[], measured: readonly Measured[]): readonly Row[] {
  const cells = new Map(cases.map((each) => [each.id, cellsOf(measured.filter(({ id }) => id === each.id))]))
  return cases.map((each) => rowOf(each, cells.get(each.id) ?? {}, cells.get(each.alone) ?? {}))
}

function cellsOf(measured: readonly Measured[]): Cells {
  const pairs = DIRECTORS.flatMap((director) => {
    const { kept, thrown } = keep(measured.filter((one) => one.director === director))
    return kept.length < FEWEST
      ? []
      : [[director, { ...summary(kept), rounds: kept.length, thrown }] as const]
  })
  return Object.fromEntries(pairs)
}

function rowOf(each: Case, cells: Cells, alone: Cells): Row {
  const cpus = cpusOf(each)
  const of = <T>(value: (cell: Cell, director: Director) => T | undefined) =>
    Object.fromEntries(
      DIRECTORS.flatMap((director) => {
        const cell = cells[director]
        const found = cell && value(cell, director)
        return found === undefined ? [] : [[director, found]]
      }),
    ) as Partial<Record<Director, T>>
  const ratio = ratioBeyond(cells)
  return {
    ...{ id: each.id, title: each.title, sharing: each.sharing, cpus, cells },
    packetsPerSecond: of(({ median }) => (cpus * 1e9) / median),
    ...(ratio && { ratio }),
    scaling: cpus === 2 ? of((cell, director) => scalingOf(alone[director], cell)) : {},
    contention: cpus === 2 ? of((cell, director) => contentionOf(director, cell, cells, alone)) : {},
  }
}

function ratioBeyond({ stop, swap, xlvs }: Cells): Ratio | undefined {
  return stop && swap && xlvs ? ratioOf(beyond(xlvs, stop), beyond(swap, stop)) : undefined
}

function scalingOf(one: Summary | undefined, two: Summary): Ratio | undefined {
  const gained = one && ratioOf(one, two)
  return gained && { ratio: 2 * gained.ratio, spread: 2 * gained.spread }
}

function contentionOf(director: Director, cell: Cell, { swap }: Cells, alone: Cells) {
  const own = alone[director]
  if (!own || !swap || !alone.swap || director === 'stop' || director === 'swap') return undefined
  const more = beyond(beyond(cell, own), beyond(swap, alone.swap))
  return { ns: more.median, spread: more.spread }
}

/** Cases of which too few rounds were undisturbed, as sentences. */
export function gapsOf(cases: readonly Case[], measured: readonly Measured[]): readonly string[] {
  return cases.flatMap((each) =>
    directorsOf(each).flatMap((director) => {
      const { id } = each
      const rounds = measured.filter((one) => one.id === id && one.director === director)
      const { kept, thrown } = keep(rounds)
      if (kept.length >= FEWEST) return []
      const why = Object.entries(thrown).flatMap(([name, count]) => (count > 0 ? [`${count} ${name}`] : []))
      return [
        `${id}, ${director}: ${kept.length} undisturbed rounds of ${rounds.length} (${why.join(', ')}); run again when the machine is idle`,
      ]
    }),
  )
}
