// SPDX-License-Identifier: Apache-2.0
// Asks real servers through their VIPs, each as a client's packet would find it. Few at a time, and not for long.
import { ask } from '../health/kinds/index.js'
import type { AskWorld, SocketSpec } from '../health/types.js'
import { type Answer, type Check, DEFAULT_TIMING } from '../model/checks.js'
import { formatProblems } from '../model/describe.js'
import type { AddressText, Outcome } from '../model/types.js'
import type { Pair, Through } from './facts.js'

/** Marked sockets, and the programs that carry their packets; src/datapath/probes.ts */
export interface ProbePath {
  target(vip: AddressText, real: AddressText): Outcome<number>
  release(mark: number): void
  attach(interfaces: readonly string[]): Outcome<void>
  socket(spec: SocketSpec): Outcome<number>
  displaced(): boolean
  close(): void
}

export interface Terms {
  /** questions at the same time */
  readonly atOnce: number
  /** ms for one question, once with room for a SYN that comes again */
  readonly patience: number
  /** ms for all of them */
  readonly total: number
}

export const TERMS: Terms = { atOnce: 64, patience: 1_500, total: 20_000 }

export async function askThrough(
  path: ProbePath,
  pairs: readonly Pair[],
  { atOnce, patience, total }: Terms = TERMS,
): Promise<readonly Through[]> {
  const ends = performance.now() + total
  const asked: Through[] = []
  const rest = pairs.entries()
  const worker = async () => {
    for (const [i, pair] of rest) {
      const question = new Question(path, pair, ends)
      asked[i] = { ...pair, ...(performance.now() < ends ? await question.settle(patience) : LATE) }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, pairs.length) }, worker))
  if (!path.displaced()) return asked
  return asked.map((one) => (one.said === 'answers' ? one : { ...one, ...DISPLACED }))
}

type Said = Pick<Through, 'said' | 'detail'>
const DISPLACED: Said = { said: 'not-asked', detail: 'a daemon put its own probes in place; look again' }
const LATE: Said = { said: 'not-asked', detail: 'there was no time left' }

class Question {
  readonly #path: ProbePath
  readonly #pair: Pair
  /** ms of the monotonic clock */
  readonly #ends: number

  constructor(path: ProbePath, pair: Pair, ends: number) {
    this.#path = path
    this.#pair = pair
    this.#ends = ends
  }

  /** Silence is a missing VIP only where the real server itself speaks, and the VIP is silent again for longer. */
  async settle(patience: number): Promise<Said> {
    const { vip, real } = this.#pair
    const mark = this.#path.target(vip, real)
    if (!mark.ok) return { said: 'not-asked', detail: formatProblems(mark.problems.slice(0, 1)) }
    try {
      const first = saidBy(await this.#ask(patience, mark.value))
      if (first.said !== 'silent' || this.#pair.protocol === 'udp') return first
      const itself = saidBy(await this.#ask(patience))
      if (itself.said !== 'answers' && itself.said !== 'refused') return first
      const again = saidBy(await this.#ask(2 * patience, mark.value))
      if (again.said !== 'silent') return again
      return performance.now() < this.#ends ? { ...again, said: 'vip-missing' } : LATE
    } finally {
      this.#path.release(mark.value)
    }
  }

  #ask(patience: number, mark?: number): Promise<Answer> {
    const { protocol, port, real: address, vip, service } = this.#pair
    const ms = Math.max(1, Math.min(patience, this.#ends - performance.now()))
    const timing = { ...DEFAULT_TIMING, timeout: Math.ceil(ms / 100) / 10 }
    const check: Check =
      protocol === 'tcp'
        ? { ...timing, kind: 'tcp', via: 'vip' }
        : { ...timing, kind: 'udp', via: 'vip', requireReply: true }
    const world: AskWorld = {
      socket: (spec) => this.#path.socket(spec),
      signal: AbortSignal.timeout(ms),
      now: () => performance.now(),
      names: { vip, port, real: address, service },
    }
    return ask(check, { address, port, ...(mark === undefined ? {} : { mark }) }, world)
  }
}

/** The answer to a question through the VIP, of the doctor or of the daemon. */
export function saidBy(answer: Answer): Said {
  if (answer.good) return { said: 'answers' }
  const { reason, detail } = answer
  if (reason === 'vip-missing' || reason === 'refused' || reason === 'unreachable')
    return { said: reason, detail }
  if (reason === 'timeout') return { said: 'silent', detail }
  return reason === 'cannot-check' ? { said: 'not-asked', detail } : { said: 'answers' }
}
