// SPDX-License-Identifier: Apache-2.0
// Real servers that swallow connections, seen in what clients do: they send their SYN again and never acknowledge an
// answer. One service at a time; no clock.
//
// The signal is a SYN that comes again on a half-open connection, counted only where another real server of the service
// has finished a handshake in the half second before, and believed when half a second later still nobody has finished one
// here. A flood from spoofed addresses gives none, for its SYNs do not come again on one connection. When clients or
// their network are at fault, nobody finishes handshakes, so nothing counts: the first SYNs come again a second after
// the fault began (RFC 6298), when the last handshakes of before are over; and when it ends, all are soon answered.
// Who sends SYNs again on purpose and answers none can take out a real server with whom nobody finishes a handshake for
// a second: one that has hardly any clients. It costs the service no more than half of its real servers, never the last
// one, and each for a pause.
import type { PassivePolicy } from '../../model/checks.js'
import type { RealKey } from '../../model/types.js'

/** Since the last look. */
export interface Counts {
  readonly retries: number
  readonly handshakes: number
}

/** One real server of the service. */
export interface Watchable {
  readonly key: RealKey
  /** absent: it is never taken out, but what it finishes counts */
  readonly policy?: PassivePolicy
  /** clients are sent to it: up by its checks, with a weight */
  readonly serves: boolean
}

export interface Watched {
  /** ms of the last finished handshake; -Infinity = none seen */
  readonly handshakeAt: number
  /** SYNs that came again, of the last second */
  readonly seen: readonly { readonly at: number; readonly retries: number }[]
  /** taken out; ms, and the pause in seconds that leads there */
  readonly out?: { readonly until: number; readonly pause: number }
  /** it was out for this pause (seconds) and nobody has finished a handshake since it is back (ms) */
  readonly trial?: { readonly pause: number; readonly backAt: number }
}

/** Of one service; real servers of which nothing was seen are absent. */
export type Watch = ReadonlyMap<RealKey, Watched>

/** ms */
const WINDOW = 1000
/** ms; well under the second after which clients send their SYN again */
const ELSEWHERE = 500
/** ms from the first SYN that counts to the verdict: longer than a handshake that is under way takes */
const PATIENCE = 500
const UNSEEN: Watched = { handshakeAt: Number.NEGATIVE_INFINITY, seen: [] }

/** After one more look, about five a second. */
export function look(
  before: Watch,
  reals: readonly Watchable[],
  counts: ReadonlyMap<RealKey, Counts>,
  now: number,
): Watch {
  const watch = new Map<RealKey, Watched>()
  const elsewhere = elsewhereOf(before, reals)
  for (const { key, policy } of reals) {
    const was = before.get(key) ?? UNSEEN
    const one = policy === undefined && isOut(was) ? UNSEEN : readmit(was, now)
    const finished = (counts.get(key)?.handshakes ?? 0) > 0
    const seen = finished ? answered(one, now) : one
    if (seen !== UNSEEN) watch.set(key, seen)
  }
  for (const { key, policy } of reals) {
    if (policy === undefined) continue
    const fresh = now - elsewhere(key) <= ELSEWHERE ? (counts.get(key)?.retries ?? 0) : 0
    const one = watch.get(key) ?? UNSEEN
    if (fresh > 0 || one.seen.length > 0) watch.set(key, noted(one, policy, fresh, now))
  }
  for (const { key, policy } of condemned(watch, reals, now))
    if (policy !== undefined) watch.set(key, takenOut(watch.get(key) ?? UNSEEN, policy, now))
  return watch
}

/** Taken out before a restart: it is tried again after the first pause. */
export function outFrom(policy: PassivePolicy, now: number): Watched {
  return takenOut(UNSEEN, policy, now)
}

export function isOut(watched: Watched | undefined): boolean {
  return watched?.out !== undefined
}

/** Let in again when its pause is over. */
export function readmit(one: Watched, now: number): Watched {
  if (one.out === undefined || now < one.out.until) return one
  return { handshakeAt: one.handshakeAt, seen: [], trial: { pause: one.out.pause, backAt: now } }
}

function answered({ out }: Watched, now: number): Watched {
  return { handshakeAt: now, seen: [], ...(out && { out }) }
}

function noted(one: Watched, policy: PassivePolicy, retries: number, now: number): Watched {
  const { trial, ...rest } = one
  const kept = one.seen.filter(({ at }) => now - at < WINDOW)
  const seen = retries > 0 && one.out === undefined ? [...kept, { at: now, retries }] : kept
  const lasting = trial !== undefined && now - trial.backAt < policy.most * 1000
  return { ...rest, seen, ...(lasting && { trial }) }
}

/** When the others' last handshake was, for each; as of the look before. */
function elsewhereOf(watch: Watch, reals: readonly Watchable[]): (key: RealKey) => number {
  let [newest, second] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  let whose: RealKey | undefined
  for (const { key } of reals) {
    const { handshakeAt } = watch.get(key) ?? UNSEEN
    if (handshakeAt > newest) {
      second = newest
      newest = handshakeAt
      whose = key
    } else if (handshakeAt > second) second = handshakeAt
  }
  return (key) => (key === whose ? second : newest)
}

/** Those that show the signal, strongest first, as far as the service can spare them. */
function condemned(watch: Watch, reals: readonly Watchable[], now: number): readonly Watchable[] {
  const serving = reals.filter(({ serves }) => serves)
  const taken = serving.filter(({ key }) => isOut(watch.get(key))).length
  const suspects = serving.filter((real) => swallows(watch.get(real.key), real.policy, now))
  if (suspects.length === serving.length - taken) return []
  const weigh = ({ key }: Watchable) => retriesOf(watch.get(key))
  const room = Math.max(0, Math.floor(serving.length / 2) - taken)
  return suspects.sort((a, b) => weigh(b) - weigh(a)).slice(0, room)
}

function swallows(one: Watched | undefined, policy: PassivePolicy | undefined, now: number): boolean {
  if (one === undefined || policy === undefined || one.out !== undefined) return false
  const first = one.seen[0]?.at ?? now
  return now - one.handshakeAt >= WINDOW && now - first >= PATIENCE && retriesOf(one) >= policy.retries
}

function retriesOf(one: Watched | undefined): number {
  return one?.seen.reduce((sum, { retries }) => sum + retries, 0) ?? 0
}

function takenOut(one: Watched, policy: PassivePolicy, now: number): Watched {
  const wanted = one.trial === undefined ? policy.pause : one.trial.pause * 2
  const pause = Math.min(wanted, Math.max(policy.most, policy.pause))
  return { handshakeAt: one.handshakeAt, seen: [], out: { until: now + pause * 1000, pause } }
}
