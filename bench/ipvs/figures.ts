// SPDX-License-Identifier: Apache-2.0
// From what the guest measured to figures: instructions per packet, what of them is the director's, ratios. Pure, and
// refuses measurements that would lie.
import {
  CASES,
  type Case,
  type Line,
  type Measured,
  REALS,
  SENDERS,
  type Sender,
  TRAFFIC,
  type Traffic,
} from './plan.js'

/** Instructions per packet of all rounds. */
export interface Figure {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** One generator, one kind of traffic, all directors. */
export interface Row {
  readonly sender: Sender
  readonly traffic: Traffic
  readonly perPacket: Readonly<Record<Case, Figure>>
  /** IPVS's medians divided by xlvs's: of everything, less `stop`, less `swap` */
  readonly ratios: Readonly<Record<Ratio, number>>
}

/** all: generator and sink included; arrived: less what it costs to bring a frame to the director;
 * beyond: less the limit of the rig, which is a director that only swaps MACs */
export const RATIOS = ['all', 'arrived', 'beyond'] as const
export type Ratio = (typeof RATIOS)[number]

/** What of a case's instructions a ratio is about. */
export function share(perPacket: Row['perPacket'], of: Case, ratio: Ratio): number {
  const less = { all: 0, arrived: perPacket.stop.median, beyond: perPacket.swap.median }[ratio]
  return perPacket[of].median - less
}

export function parseConsole(text: string, mark: string): readonly Line[] {
  const marked = text.split('\n').filter((line) => line.includes(mark))
  return marked.map((line) => JSON.parse(line.slice(line.indexOf(mark) + mark.length)) as Line)
}

export function rowsOf(measured: readonly Measured[]): readonly Row[] {
  return SENDERS.flatMap((sender) =>
    TRAFFIC.map((traffic) =>
      rowOf(
        sender,
        traffic,
        measured.filter((one) => one.sender === sender && one.traffic === traffic),
      ),
    ),
  )
}

function rowOf(sender: Sender, traffic: Traffic, measured: readonly Measured[]): Row {
  const perPacket = Object.fromEntries(
    CASES.map((director) => [director, figure(measured.filter((one) => one.case === director))]),
  ) as Row['perPacket']
  const ratio = (name: Ratio) => share(perPacket, 'ipvs', name) / share(perPacket, 'xlvs', name)
  const ratios = Object.fromEntries(RATIOS.map((name) => [name, ratio(name)])) as Row['ratios']
  return { sender, traffic, perPacket, ratios }
}

function figure(rounds: readonly Measured[]): Figure {
  const each = rounds.map(({ instructions, packets }) => instructions / packets).sort((a, b) => a - b)
  const [min, median, max] = [each[0], each[each.length >> 1], each.at(-1)]
  if (min === undefined || median === undefined || max === undefined)
    throw new Error('the guest left out a case: nothing can be compared')
  return { median, min, max }
}

/** How far the rounds of a figure are apart, at most, as a share of it. */
export function spread(rows: readonly Row[]): number {
  const figures = rows.flatMap(({ perPacket }) => CASES.map((director) => perPacket[director]))
  return Math.max(...figures.map(({ min, median, max }) => (max - min) / median))
}

const EXACT = 1000
/** of rounds: timers of 10,000 connections that run off together come to 2 %; beyond this something else ran */
const SPREAD = 0.05

/** Why the measurements say nothing, if they do not: the first reason, as a sentence. */
export function faultOf(lines: readonly Line[]): string | undefined {
  const thousand = lines.find((line) => 'thousand' in line)?.thousand
  if (thousand !== EXACT)
    return `the guest's clock takes 1,000 instructions for ${thousand} ns, so it does not count them: qemu's -icount does not work here`
  const measured = lines.filter((line) => 'instructions' in line)
  const lost = measured.find(({ sent, count }) => count !== sent)
  if (lost !== undefined)
    return `${nameOf(lost)}: of ${lost.sent} frames sent ${lost.count} reached their end, and none may be lost: a lost frame is cheap, so the figures would lie`
  const astray = measured.find((one) => (one.case === 'xlvs' || one.case === 'ipvs') && !fair(one))
  if (astray !== undefined)
    return `${nameOf(astray)}: real servers got ${astray.reals.join(', ')} frames, which is not what their weights ${weights().join(', ')} come to: it did other work than is compared`
  const apart = spread(rowsOf(measured))
  return apart > SPREAD
    ? `rounds are ${(apart * 100).toFixed(1)} % apart, more than ${SPREAD * 100} %: something else ran in the guest; run this again`
    : undefined
}

function nameOf({ case: director, sender, traffic, round }: Measured): string {
  return `${director}, ${traffic} by ${sender}, round ${round}`
}

function weights(): readonly number[] {
  return REALS.map(({ weight }) => weight)
}

/** One flow has one real server; of many, each real server has its share, to a round of the scheduler. */
function fair({ traffic, reals, count }: Measured): boolean {
  if (traffic === '1 flow') return reals.includes(count)
  const all = weights().reduce((sum, weight) => sum + weight, 0)
  return weights().every((weight, i) => Math.abs((reals[i] ?? 0) - (count * weight) / all) <= all)
}
