// SPDX-License-Identifier: Apache-2.0
// Reasons by service and handshake times, as they are told: what is told never goes back while this process lives,
// though real servers go, and the datapath counts handshakes in 32 bits.
import {
  Latency_OFFSETS,
  Latency_SIZE,
  Limit,
  Reason,
  ReasonNames,
  ServiceReasons_SIZE,
} from '../abi/generated.js'
import { type Latency, sumLatencies } from '../model/latency.js'
import type { Maps } from './maps.js'
import { halves } from './stats.js'
import type { ReasonName } from './types.js'

const REASON_WORDS = ServiceReasons_SIZE / 8
const LATENCY_WORDS = Latency_SIZE / 4
const SUM = Latency_OFFSETS.sum / 4
const BUCKET = Latency_OFFSETS.bucket / 4
const BUCKETS = Limit.LATENCY_BUCKETS
/** More than can come between two looks: the rows began anew. */
const TOO_MANY = 2 ** 31

/** Those that a packet ends with; redirected ones count with the reason they were forwarded for. */
const REASONS: readonly (readonly [number, ReasonName])[] = Object.entries(ReasonNames)
  .map(([number, name]) => [Number(number), name.toLowerCase()] as const)
  .filter(([number]) => number !== Reason.FORWARD_END && number !== Reason.FORWARD_CONN)

/** Counted for a real server, whether or not they got there: forward() of bpf/forward.h. */
const MEANT_FOR_A_REAL: ReadonlySet<number> = new Set([
  Reason.FORWARD_NEW,
  Reason.FORWARD_TEMPLATE,
  Reason.FORWARD_UNSTORED,
  Reason.FORWARD_FRAGMENT,
  Reason.FORWARD_ICMP,
  Reason.FORWARD_ONE_PACKET,
  Reason.FORWARD_IPSEC,
  Reason.PASS_LOCAL_REAL,
  Reason.DROP_NEXTHOP,
  Reason.DROP_TTL,
  Reason.DROP_MTU,
  Reason.DROP_REWRITE,
  Reason.DROP_PORT_DOWN,
  Reason.ANSWER_TTL,
  Reason.ANSWER_MTU,
])

const NOTHING: Readonly<Record<ReasonName, bigint>> = {}

interface Seen {
  /** buckets as they were read, modulo 2^32 */
  readonly words: Uint32Array
  readonly latency: Latency
}

export class Tallies {
  readonly #maps: Maps
  readonly #cpus: number
  /** the same memory in halves: to find out that a word is 0 costs no bigint */
  readonly #reasonHalves: Uint32Array
  readonly #latencyHalves: Uint32Array
  readonly #seen = new Map<number, Seen>()
  readonly #now = new Uint32Array(BUCKETS)
  /** by service id: what its real servers that are gone had timed */
  readonly #gone = new Map<number, Latency>()
  /** by service id: FORWARD_CONN as last told */
  readonly #settled = new Map<number, bigint>()

  constructor(maps: Maps, cpus: number) {
    this.#maps = maps
    this.#cpus = cpus
    this.#reasonHalves = halves(maps.serviceReasons)
    this.#latencyHalves = halves(maps.latencies)
  }

  /**
   * Packets of a service by reason, of those that are not 0. `packets`: of all its real servers, read before: what
   * comes in between makes FORWARD_CONN less, for a moment, and it waits where it was.
   */
  reasons(service: number, packets: bigint): Readonly<Record<ReasonName, bigint>> {
    const found: Record<ReasonName, bigint> = {}
    let settled = packets
    for (const [number, name] of REASONS) {
      const count = this.#reason(service, number)
      if (count === 0n) continue
      found[name] = count
      if (MEANT_FOR_A_REAL.has(number)) settled -= count
    }
    const before = this.#settled.get(service) ?? 0n
    if (settled < before) settled = before
    if (settled === 0n) return found
    this.#settled.set(service, settled)
    found['forward_conn'] = settled
    return found
  }

  /** The same without FORWARD_CONN, which nothing but real servers' packets tell. */
  counted(service: number): Readonly<Record<ReasonName, bigint>> {
    let found: Record<ReasonName, bigint> | undefined
    for (const [number, name] of REASONS) {
      const count = this.#reason(service, number)
      if (count === 0n) continue
      found ??= {}
      found[name] = count
    }
    return found ?? NOTHING
  }

  /** undefined: no handshake with this real server was timed yet. The same object while nothing has changed. */
  latency(real: number): Latency | undefined {
    const seen = this.#seen.get(real)
    if (seen === undefined && this.#isBlank(real)) return undefined
    const sum = this.#readLatency(real)
    const { words, latency } = seen ?? this.#begin(real)
    if (Number(latency.sumUs) === sum && this.#isAsNow(words)) return latency
    const buckets = latency.buckets.slice()
    let count = latency.count
    for (let i = 0; i < BUCKETS; i++) {
      const more = since(words[i] as number, this.#now[i] as number)
      buckets[i] = (buckets[i] as number) + more
      count += more
    }
    words.set(this.#now)
    const fresh = { count, sumUs: BigInt(sum), buckets }
    this.#seen.set(real, { words, latency: fresh })
    return fresh
  }

  /** Of a service's real servers that are gone, since this process began. */
  goneLatency(service: number): Latency | undefined {
    return this.#gone.get(service)
  }

  /** A real server goes: its service keeps what was timed. Nobody counts for it any more. */
  retire(real: number, service: number): void {
    const kept = sumLatencies([this.#gone.get(service), this.latency(real)])
    if (kept) this.#gone.set(service, kept)
    this.clearReal(real)
  }

  /** Nobody counts for it at this moment: it gets no packets. */
  clearReal(real: number): void {
    for (let cpu = 0; cpu < this.#cpus; cpu++) {
      const at = this.#latencyRow(cpu, real)
      this.#latencyHalves.fill(0, at, at + LATENCY_WORDS)
    }
    this.#seen.delete(real)
  }

  /** The id is another service's from now on, or counts from zero. */
  clearService(service: number): void {
    for (let cpu = 0; cpu < this.#cpus; cpu++) {
      const at = this.#reasonRow(cpu, service)
      this.#maps.serviceReasons.fill(0n, at, at + REASON_WORDS)
    }
    this.#gone.delete(service)
    this.#settled.delete(service)
  }

  #reason(service: number, reason: number): bigint {
    let count = 0n
    for (let cpu = 0; cpu < this.#cpus; cpu++) {
      const at = this.#reasonRow(cpu, service) + reason
      if (this.#reasonHalves[2 * at] !== 0 || this.#reasonHalves[2 * at + 1] !== 0)
        count += this.#maps.serviceReasons[at] as bigint
    }
    return count
  }

  /** Whoever took no time at all is in the first bucket, all others in the sum. */
  #isBlank(real: number): boolean {
    for (let cpu = 0; cpu < this.#cpus; cpu++) {
      const at = this.#latencyRow(cpu, real)
      if (
        this.#latencyHalves[at + SUM] ||
        this.#latencyHalves[at + SUM + 1] ||
        this.#latencyHalves[at + BUCKET]
      )
        return false
    }
    return true
  }

  /** Sets #now; the answer is the sum in us. */
  #readLatency(real: number): number {
    let sum = 0
    this.#now.fill(0)
    for (let cpu = 0; cpu < this.#cpus; cpu++) {
      const at = this.#latencyRow(cpu, real)
      sum += this.#whole(at + SUM)
      for (let i = 0; i < BUCKETS; i++)
        this.#now[i] = (this.#now[i] as number) + (this.#latencyHalves[at + BUCKET + i] as number)
    }
    return sum
  }

  #isAsNow(words: Uint32Array): boolean {
    for (let i = 0; i < BUCKETS; i++) if (words[i] !== this.#now[i]) return false
    return true
  }

  /** Two halves of one number, which may carry in between. */
  #whole(at: number): number {
    for (;;) {
      const upper = this.#latencyHalves[at + 1] as number
      const lower = this.#latencyHalves[at] as number
      if (this.#latencyHalves[at + 1] === upper) return upper * 2 ** 32 + lower
    }
  }

  #begin(real: number): Seen {
    const buckets = Array.from({ length: BUCKETS }, () => 0)
    const seen = { words: new Uint32Array(BUCKETS), latency: { count: 0, sumUs: 0n, buckets } }
    this.#seen.set(real, seen)
    return seen
  }

  #latencyRow(cpu: number, real: number): number {
    return (cpu * this.#maps.sizes.reals + real) * LATENCY_WORDS
  }

  #reasonRow(cpu: number, service: number): number {
    return (cpu * this.#maps.sizes.services + service) * REASON_WORDS
  }
}

/** Modulo 2^32, as they are counted. */
function since(before: number, now: number): number {
  const passed = (now - before) >>> 0
  return passed < TOO_MANY ? passed : now
}
