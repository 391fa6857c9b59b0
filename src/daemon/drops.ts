// SPDX-License-Identifier: Apache-2.0
// What ended badly, by reason and service, with rates: looked at every two seconds and smoothed as IPVS's are. What no
// service that is there has counted is told without one.
import type { Filter } from '../api/contract.js'
import type { DropRow } from '../api/contract-sight.js'
import type { Counts } from '../datapath/counts.js'
import { adviceOf, badEnd, REASON_TEXTS } from '../model/reasons.js'
import type { ServiceKey } from '../model/types.js'
import { ESTIMATION_MS } from './estimator.js'

const REASONS = Object.keys(REASON_TEXTS).filter((reason) => badEnd(reason) !== undefined)
const BAD: ReadonlySet<string> = new Set(REASONS)
/** They end before anybody looks for a service. */
const NOBODYS: ReadonlySet<string> = new Set([
  'drop_truncated',
  'drop_icmp_fragment',
  'pass_no_service',
  'pass_fragment_first_unseen',
  'pass_ext_headers',
])

/** Of counts, or of a snapshot. */
type Ended = Pick<Counts, 'reasons'> & {
  readonly services: readonly Omit<Counts['services'][number], 'reals'>[]
}

const SECONDS = ESTIMATION_MS / 1000

/** Of one reason: packets, as last seen and as of the last tick. */
interface Pair {
  seen: number
  ticked: number
  rate: number
}

type Pairs = Map<string, Pair>

interface Counted {
  readonly key: ServiceKey
  readonly pairs: Pairs
}

export class Drops {
  /** by service id */
  readonly #services = new Map<number, Counted>()
  readonly #rest: Pairs = new Map()
  /** counted by services that are gone */
  readonly #gone = new Map<string, number>()

  /** What is there now is no traffic of the first two seconds. */
  prime(ended: Ended): void {
    const theirs = sumOf(ended)
    for (const reason of REASONS) {
      if (!NOBODYS.has(reason)) this.#hand(reason, this.#without(ended, theirs, reason))
    }
    this.#look(ended)
    for (const pair of this.#pairs()) pair.ticked = pair.seen
  }

  /** Two seconds have passed. */
  tick(ended: Ended): void {
    this.#look(ended)
    for (const pair of this.#pairs()) move(pair)
  }

  rows(ended: Ended, { service }: Filter): readonly DropRow[] {
    this.#look(ended)
    const wanted = [...this.#services.values()].filter(({ key }) => service === undefined || key === service)
    const named = wanted.flatMap(({ key, pairs }) => rowsOf(pairs, key))
    return [...named, ...(service === undefined ? rowsOf(this.#rest) : [])].sort(worstFirst)
  }

  #look(ended: Ended): void {
    const there = new Map(ended.services.map(({ id, key }) => [id, key]))
    for (const [id, counted] of this.#services) if (there.get(id) !== counted.key) this.#forget(id, counted)
    for (const service of ended.services) this.#seeService(service)
    const theirs = sumOf(ended)
    for (const reason of REASONS) see(this.#rest, reason, this.#without(ended, theirs, reason))
  }

  /** What it never had it has no pair for, and what it had and has no more is another's, who took over its number. */
  #seeService({ id, key, reasons }: Ended['services'][number]): void {
    const before = this.#services.get(id)
    if (before && hasLess(reasons, before.pairs)) this.#forget(id, before)
    let pairs = this.#services.get(id)?.pairs
    for (const reason in reasons) {
      if (!BAD.has(reason)) continue
      if (pairs === undefined) {
        pairs = new Map()
        this.#services.set(id, { key, pairs })
      }
      see(pairs, reason, Number(reasons[reason]))
    }
  }

  /** Its packets stay in the interfaces' counts. */
  #forget(id: number, { pairs }: Counted): void {
    for (const [reason, { seen }] of pairs) this.#hand(reason, seen)
    this.#services.delete(id)
  }

  #hand(reason: string, packets: number): void {
    this.#gone.set(reason, (this.#gone.get(reason) ?? 0) + packets)
  }

  /** Of all packets those that no service has counted; a moment's difference goes with the next look. */
  #without({ reasons }: Ended, theirs: ReadonlyMap<string, number>, reason: string): number {
    const all = Number(reasons[reason]?.packets ?? 0n)
    return Math.max(0, all - (theirs.get(reason) ?? 0) - (this.#gone.get(reason) ?? 0))
  }

  *#pairs(): Iterable<Pair> {
    yield* this.#rest.values()
    for (const { pairs } of this.#services.values()) yield* pairs.values()
  }
}

/** What services have counted, by reason. */
function sumOf({ services }: Ended): ReadonlyMap<string, number> {
  const sums = new Map<string, number>()
  for (const { reasons } of services)
    for (const reason in reasons) sums.set(reason, (sums.get(reason) ?? 0) + Number(reasons[reason]))
  return sums
}

function hasLess(reasons: Ended['services'][number]['reasons'], pairs: Pairs): boolean {
  for (const [reason, { seen }] of pairs) if (Number(reasons[reason] ?? 0n) < seen) return true
  return false
}

/** Nothing is kept of what never happened. */
function see(pairs: Pairs, reason: string, packets: number): void {
  const pair = pairs.get(reason)
  if (pair) pair.seen = packets
  else if (packets > 0) pairs.set(reason, { seen: packets, ticked: 0, rate: 0 })
}

/** A quarter of the way, as ip_vs_est.c goes. */
function move(pair: Pair): void {
  const fresh = Math.max(0, pair.seen - pair.ticked) / SECONDS
  pair.rate += (fresh - pair.rate) / 4
  pair.ticked = pair.seen
}

function rowsOf(pairs: Pairs, service?: ServiceKey): DropRow[] {
  return [...pairs].flatMap(([reason, { seen, rate }]) =>
    seen === 0
      ? []
      : [
          {
            reason,
            ...(service === undefined ? {} : { service }),
            packets: seen,
            rate: Math.round(rate * 10) / 10,
            about: adviceOf(reason),
          },
        ],
  )
}

function worstFirst(a: DropRow, b: DropRow): number {
  const apart = (row: DropRow) => (badEnd(row.reason) === 'lost' ? 0 : 1)
  return apart(a) - apart(b) || b.rate - a.rate || b.packets - a.packets || (a.reason < b.reason ? -1 : 1)
}
