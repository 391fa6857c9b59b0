// SPDX-License-Identifier: Apache-2.0
// What ended badly, by reason and service, with rates: looked at every two seconds and smoothed as IPVS's are. What no
// service that is there has counted is told without one.
import type { Filter } from '../api/contract.js'
import type { DropRow } from '../api/contract-sight.js'
import type { ServiceSnapshot, Snapshot } from '../datapath/types.js'
import { adviceOf, badEnd, REASON_TEXTS } from '../model/reasons.js'
import type { ServiceKey } from '../model/types.js'
import { ESTIMATION_MS } from './estimator.js'

const REASONS = Object.keys(REASON_TEXTS).filter((reason) => badEnd(reason) !== undefined)
/** They end before anybody looks for a service. */
const NOBODYS: ReadonlySet<string> = new Set([
  'drop_truncated',
  'drop_icmp_fragment',
  'pass_no_service',
  'pass_fragment_first_unseen',
  'pass_ext_headers',
])
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
  prime(snapshot: Snapshot): void {
    for (const reason of REASONS) {
      if (!NOBODYS.has(reason)) this.#hand(reason, this.#without(snapshot, reason))
    }
    this.#look(snapshot)
    for (const pair of this.#pairs()) pair.ticked = pair.seen
  }

  /** Two seconds have passed. */
  tick(snapshot: Snapshot): void {
    this.#look(snapshot)
    for (const pair of this.#pairs()) move(pair)
  }

  rows(snapshot: Snapshot, { service }: Filter): readonly DropRow[] {
    this.#look(snapshot)
    const wanted = [...this.#services.values()].filter(({ key }) => service === undefined || key === service)
    const named = wanted.flatMap(({ key, pairs }) => rowsOf(pairs, key))
    return [...named, ...(service === undefined ? rowsOf(this.#rest) : [])].sort(worstFirst)
  }

  #look(snapshot: Snapshot): void {
    const there = new Map(snapshot.services.map(({ id, key }) => [id, key]))
    for (const [id, counted] of this.#services) if (there.get(id) !== counted.key) this.#forget(id, counted)
    for (const service of snapshot.services) this.#seeService(service)
    for (const reason of REASONS) see(this.#rest, reason, this.#without(snapshot, reason))
  }

  #seeService({ id, key, reasons }: ServiceSnapshot): void {
    const packets = (reason: string) => Number(reasons[reason] ?? 0n)
    const before = this.#services.get(id)
    const begunAnew = before && [...before.pairs].some(([reason, { seen }]) => packets(reason) < seen)
    if (begunAnew) this.#forget(id, before)
    const counted = this.#services.get(id) ?? { key, pairs: new Map() }
    this.#services.set(id, counted)
    for (const reason of REASONS) see(counted.pairs, reason, packets(reason))
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
  #without({ reasons, services }: Snapshot, reason: string): number {
    const theirs = services.reduce((sum, service) => sum + Number(service.reasons[reason] ?? 0n), 0)
    const all = Number(reasons[reason]?.packets ?? 0n)
    return Math.max(0, all - theirs - (this.#gone.get(reason) ?? 0))
  }

  *#pairs(): Iterable<Pair> {
    yield* this.#rest.values()
    for (const { pairs } of this.#services.values()) yield* pairs.values()
  }
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
