// SPDX-License-Identifier: Apache-2.0
// Clients that open connections through a director, as its counters see them: a SYN without an answer comes again after
// 1, 3 and 7 seconds (RFC 6298), on the connection it had.
import type { RealKey } from '../../../../src/model/types.js'
import { type Counts, isOut, look, type Watch, type Watchable } from '../../../../src/plan/health/passive.js'

export interface Story {
  readonly reals: readonly Watchable[]
  /** connections opened a second, shared evenly by those that are in */
  readonly rate: number
  /** ms until a client's acknowledgement is back */
  readonly rtt: number
  /** ms */
  readonly length: number
  /** whether the SYN that a real server gets at this moment (ms) comes to a handshake */
  answers(key: RealKey, at: number): boolean
  /** 0..1 */
  random(): number
}

export interface Event {
  readonly at: number
  readonly key: RealKey
  readonly is: 'out' | 'in'
}

const AGAIN = [1000, 3000, 7000]
export const TICK = 200

/** Who was taken out and let in, and when. */
export function tell(story: Story): readonly Event[] {
  const { reals, length } = story
  const counted = new Map<number, Map<RealKey, Counts>>()
  const events: Event[] = []
  let watch: Watch = new Map()
  for (let now = TICK; now <= length; now += TICK) {
    const open = reals.filter(({ key, serves }) => serves && !isOut(watch.get(key))).map(({ key }) => key)
    for (const at of opened(story, now - TICK, now))
      connect(story, open[Math.floor(story.random() * open.length)], at, counted)
    const after = look(watch, reals, counted.get(now) ?? new Map(), now)
    for (const { key } of reals)
      if (isOut(after.get(key)) !== isOut(watch.get(key)))
        events.push({ at: now, key, is: isOut(after.get(key)) ? 'out' : 'in' })
    watch = after
  }
  return events
}

/** Moments at which connections are opened. */
function opened({ rate, random }: Story, from: number, to: number): readonly number[] {
  const moments: number[] = []
  for (let at = from + pause(rate, random()); at < to; at += pause(rate, random())) moments.push(at)
  return moments
}

function pause(rate: number, random: number): number {
  return (-Math.log(1 - random) / rate) * 1000
}

function connect(
  { answers, rtt }: Story,
  key: RealKey | undefined,
  at: number,
  counted: Map<number, Map<RealKey, Counts>>,
): void {
  if (key === undefined) return
  for (const after of [0, ...AGAIN]) {
    if (after > 0) count(counted, key, at + after, { retries: 1, handshakes: 0 })
    if (!answers(key, at + after)) continue
    count(counted, key, at + after + rtt, { retries: 0, handshakes: 1 })
    return
  }
}

/** In the look that follows it. */
function count(
  counted: Map<number, Map<RealKey, Counts>>,
  key: RealKey,
  at: number,
  { retries, handshakes }: Counts,
): void {
  const tick = Math.ceil(at / TICK) * TICK
  const look = counted.get(tick) ?? new Map<RealKey, Counts>()
  const was = look.get(key) ?? { retries: 0, handshakes: 0 }
  look.set(key, { retries: was.retries + retries, handshakes: was.handshakes + handshakes })
  counted.set(tick, look)
}
