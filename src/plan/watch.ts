// SPDX-License-Identifier: Apache-2.0
// watch: do packets come to a bad end more often since a change than before it? Looks at counters go in, the reasons
// that jumped come out. Pure.
import type { Jump, Tolerance } from '../model/jump.js'

/** One look at the counters: packets by reason, all interfaces together. */
export interface Look {
  /** ms of a clock that only goes forward */
  readonly at: number
  readonly packets: ReadonlyMap<string, number>
}

/** ms: what a rate is taken over, and how soon after a change there is one */
export const STRETCH = 2_000
export const SOON = 1_000
/** ms: how far back the usual is looked for */
export const WINDOW = 60_000
/** packets a second that may always be more than before */
const FLOOR = 2
/** of the packets forwarded at the same time: the same for who has many */
const SHARE = 0.01
/** times the usual that is still usual */
const FACTOR = 2

const WATCHED = /^(?:drop_|answer_no_real$|pass_no_conn$|pass_no_service$)/

/** Packets for a VIP that no client can have wished for; a drain that ends connections and path MTU answers are none. */
export function isWatched(reason: string): boolean {
  return WATCHED.test(reason)
}

/**
 * `before`: looks up to the change, in order, the last one at the change; `since`: looks after it. A reason jumps when
 * its rate over the last stretch is above twice the usual and what is tolerated on top; the usual is the highest rate
 * of a stretch before. `last`: no later look will come.
 */
export function jumps(
  before: readonly Look[],
  since: readonly Look[],
  tolerance: Tolerance = {},
  last = false,
): readonly Jump[] {
  const [change, now] = [before.at(-1), since.at(-1)]
  if (change === undefined || now === undefined || (!last && now.at - change.at < SOON)) return []
  const past = before.filter(({ at }) => change.at - at <= WINDOW)
  const from = stretchStart([change, ...since], now.at)
  const room = tolerance.rate ?? Math.max(FLOOR, SHARE * rate(from, now, isForwarded))
  const all = reasonsOf(now).map((reason): Jump => {
    const only = (name: string) => name === reason
    const most = usual(past, only)
    const elapsed = (now.at - change.at) / 1000
    const unexpected = Math.max(0, grown(change, now, only) - most * elapsed)
    return { reason, before: most, after: rate(from, now, only), unexpected }
  })
  const fast = all.filter((one) => one.after > FACTOR * one.before + room)
  if (fast.length > 0 || tolerance.packets === undefined) return fast
  const total = all.reduce((sum, { unexpected }) => sum + unexpected, 0)
  return total > tolerance.packets ? all.filter(({ unexpected }) => unexpected > 0) : []
}

/** The looks after a moment. */
export function after(looks: readonly Look[], moment: number): readonly Look[] {
  return looks.filter(({ at }) => at > moment)
}

type Which = (reason: string) => boolean

function isForwarded(reason: string): boolean {
  return reason.startsWith('forward_')
}

function reasonsOf({ packets }: Look): readonly string[] {
  return [...packets.keys()].filter(isWatched).sort()
}

/** The highest rate of any stretch; of less than one stretch, that of what there is. */
function usual(looks: readonly Look[], which: Which): number {
  let most = 0
  for (const [i, end] of looks.entries()) {
    const whole = i === looks.length - 1 || end.at - (looks[0]?.at ?? 0) >= STRETCH
    if (whole) most = Math.max(most, rate(stretchStart(looks.slice(0, i + 1), end.at), end, which))
  }
  return most
}

/** The latest look that is a stretch or more ago, else the first. */
function stretchStart(looks: readonly Look[], now: number): Look {
  return looks.findLast(({ at }) => now - at >= STRETCH) ?? (looks[0] as Look)
}

/** Packets a second between two looks. */
function rate(from: Look, to: Look, which: Which): number {
  return to.at > from.at ? (grown(from, to, which) * 1000) / (to.at - from.at) : 0
}

/** A counter that went back has begun anew. */
function grown(from: Look, to: Look, which: Which): number {
  let sum = 0
  for (const [reason, packets] of to.packets)
    if (which(reason)) sum += Math.max(0, packets - (from.packets.get(reason) ?? 0))
  return sum
}
