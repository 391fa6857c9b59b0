// SPDX-License-Identifier: Apache-2.0
// From what the guest counted to figures: instructions per packet beyond the harness. Pure, and refuses what would lie.
import type { Case, ProgramName } from '../cases.js'
import { SCORING, schedulerCase } from '../cases-new.js'
import { harnessId, seriesId } from '../series-names.js'
import { quantile } from '../statistics.js'
import { FEW, MANY } from './cases.js'
import type { Counted, Line } from './plan.js'

export type Measured = Exclude<ProgramName, 'empty'>

/** One case: instructions per packet by program. */
export interface Row {
  readonly id: string
  readonly title: string
  readonly cells: Readonly<Partial<Record<Measured, number>>>
}

export interface PerReal {
  readonly scheduler: string
  readonly instructions: number
}

const EXACT = 1000
/** of the middle half of a case's rounds, as a share */
const SPREAD = 0.1
/** More packets than this with another fate, and a case is about something else. */
const TOLERATED = 0.01

export function rowsOf(lines: readonly Line[], cases: readonly Case[]): readonly Row[] {
  const counted = new Map(countedOf(lines).map((one) => [one.series, least(one)]))
  return cases.flatMap(({ id, title, programs, work }) => {
    const harness = counted.get(harnessId(work))
    const cells = programs.flatMap((program) => {
      const whole = counted.get(seriesId(id, program))
      return whole === undefined || harness === undefined ? [] : [[program, tenths(whole - harness)] as const]
    })
    return cells.length === 0 ? [] : [{ id, title, cells: Object.fromEntries(cells) }]
  })
}

/** Of schedulers that look at each real server: what one more of them takes. */
export function perReal(rows: readonly Row[]): readonly PerReal[] {
  return SCORING.flatMap((scheduler) => {
    const [few, many] = [FEW, MANY].map(
      (count) => rows.find(({ id }) => id === schedulerCase(scheduler, count))?.cells.xlvs,
    )
    if (few === undefined || many === undefined) return []
    return [{ scheduler, instructions: tenths((many - few) / (MANY - FEW)) }]
  })
}

/** How far the middle half of a series' rounds is apart, at most, as a share. */
export function spread(lines: readonly Line[]): number {
  return Math.max(...countedOf(lines).map(apart))
}

/** Why the figures say nothing, if they do not: the first reason, as a sentence. */
export function faultOf(lines: readonly Line[], cases: readonly Case[]): string | undefined {
  const thousand = lines.find((line) => 'thousand' in line)?.thousand
  if (thousand !== EXACT)
    return `the guest's clock takes 1,000 instructions for ${thousand} ns, so it does not count them: qemu's -icount does not work here`
  const lossy = new Set(
    cases.flatMap(({ id, lossy, programs }) => (lossy ? programs.map((name) => seriesId(id, name)) : [])),
  )
  const astray = countedOf(lines).find(
    ({ series, wrong, packets, rounds }) => !lossy.has(series) && wrong > TOLERATED * packets * rounds.length,
  )
  if (astray !== undefined)
    return `${astray.series}: ${astray.wrong} of ${astray.packets * astray.rounds.length} packets had another fate than the case is about`
  const restless = countedOf(lines).find((one) => apart(one) > SPREAD)
  return restless === undefined
    ? undefined
    : `${restless.series}: rounds are ${(apart(restless) * 100).toFixed(1)} % apart, more than ${SPREAD * 100} %: something else ran in the guest, or the case is another one each time`
}

function countedOf(lines: readonly Line[]): readonly Counted[] {
  return lines.filter((line) => 'series' in line)
}

/** A tick makes a round dearer, and nothing makes one cheaper. */
function least({ rounds }: Counted): number {
  return Math.min(...rounds)
}

function median({ rounds }: Counted): number {
  return quantile(rounds, 0.5)
}

/** Of the middle half: a tick of the kernel's clock is in some rounds and not in others. */
function apart(one: Counted): number {
  return (quantile(one.rounds, 0.75) - quantile(one.rounds, 0.25)) / median(one)
}

function tenths(figure: number): number {
  return Math.round(figure * 10) / 10
}
