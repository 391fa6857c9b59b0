// SPDX-License-Identifier: Apache-2.0
// `xlvsadm -Z`: what each counter had when it was last declared zero. The counters of the datapath, and with them those
// of metrics, go on. Pure; kept in the state file.
import type { SinceZero } from '../api/contract.js'
import type { RealCounters, RealSnapshot, ServiceSnapshot, Snapshot } from '../datapath/types.js'
import { realKey } from '../model/keys.js'
import type { RealKey, ServiceKey } from '../model/types.js'

/** [connections, packets, bytes] */
export type Counts = readonly [number, number, number]

export interface Zero {
  /** what removed services had counted: the total never goes back */
  readonly gone: Counts
  readonly total: Counts
  readonly services: Readonly<Record<ServiceKey, Counts>>
  readonly reals: Readonly<Record<RealKey, Counts>>
}

const NOTHING: Counts = [0, 0, 0]
export const NO_ZERO: Zero = { gone: NOTHING, total: NOTHING, services: {}, reals: {} }

/** Of a value that came out of a file. */
export function isZero(value: unknown): value is Zero {
  if (typeof value !== 'object' || value === null) return false
  const { gone, total, services, reals } = value as Partial<Zero>
  return [gone, total].every(isCounts) && [services, reals].every(isRecordOfCounts)
}

/** All counters there are become the new zero, or those of one service. */
export function zeroNow(zero: Zero, snapshot: Snapshot, service?: ServiceKey): Zero {
  const chosen = snapshot.services.filter(({ key }) => service === undefined || key === service)
  const services = { ...zero.services }
  const reals = { ...zero.reals }
  for (const one of chosen) {
    services[one.key] = countsOf(one)
    for (const real of one.reals) reals[realKeyOf(one, real)] = countsOf(real)
  }
  const total = service === undefined ? totalOf(zero, snapshot.services) : zero.total
  return { ...zero, total, services: counted(services), reals: counted(reals) }
}

/** Services that go take their counters with them: the total keeps them, and their zeros are void. */
export function withoutServices(zero: Zero, leaving: readonly ServiceSnapshot[]): Zero {
  if (leaving.length === 0) return zero
  const keys = new Set(leaving.map(({ key }) => key))
  const kept = <Value>(record: Readonly<Record<string, Value>>, of: (key: string) => string) =>
    Object.fromEntries(Object.entries(record).filter(([key]) => !keys.has(of(key))))
  return {
    ...zero,
    gone: totalOf(zero, leaving),
    services: kept(zero.services, (key) => key),
    reals: kept(zero.reals, (key) => key.slice(0, key.indexOf(' > '))),
  }
}

/** No counter that is there has a zero of its own. */
export function isNone({ services, reals }: Zero): boolean {
  return Object.keys(services).length + Object.keys(reals).length === 0
}

/** A counter below its zero is another's, who took over the name and began from nothing. */
export function withoutPast(zero: Zero, snapshot: Snapshot): Zero {
  const past = new Set<string>()
  const anyReal = Object.keys(zero.reals).length > 0
  const judge = (zeros: Readonly<Record<string, Counts>>, key: string, counters: RealCounters) => {
    const from = zeros[key]
    if (from !== undefined && less(countsOf(counters), from).some((n) => n < 0)) past.add(key)
  }
  for (const service of snapshot.services) {
    judge(zero.services, service.key, service)
    for (const real of anyReal ? service.reals : []) judge(zero.reals, realKeyOf(service, real), real)
  }
  if (past.size === 0) return zero
  const kept = (zeros: Readonly<Record<string, Counts>>) =>
    Object.fromEntries(Object.entries(zeros).filter(([key]) => !past.has(key)))
  return { ...zero, services: kept(zero.services), reals: kept(zero.reals) }
}

/** A port belongs to the name in services of a mark only. */
export function realKeyOf({ key, match }: ServiceSnapshot, real: RealSnapshot): RealKey {
  return realKey(key, match.mark === undefined ? real.address : real)
}

export function sinceZero(counters: RealCounters, from: Counts = NOTHING): SinceZero {
  const counts = countsOf(counters)
  const [connections, packets, bytes] = less(counts, from).some((n) => n < 0) ? counts : less(counts, from)
  return { connections, packets, bytes }
}

/** Of all services together, the removed ones too. */
export function totalSinceZero(zero: Zero, services: readonly RealCounters[]): SinceZero {
  const [connections, packets, bytes] = less(totalOf(zero, services), zero.total)
  return { connections: Math.max(0, connections), packets: Math.max(0, packets), bytes: Math.max(0, bytes) }
}

function totalOf(zero: Zero, services: readonly RealCounters[]): Counts {
  return services.map(countsOf).reduce<Counts>(plus, zero.gone)
}

function countsOf({ connections, packets, bytes }: RealCounters): Counts {
  return [Number(connections), Number(packets), Number(bytes)]
}

function plus(a: Counts, b: Counts): Counts {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

function less(a: Counts, b: Counts): Counts {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

/** Who has counted nothing needs no zero of its own. */
function counted(zeros: Readonly<Record<string, Counts>>): Record<string, Counts> {
  return Object.fromEntries(Object.entries(zeros).filter(([, counts]) => counts.some((n) => n > 0)))
}

function isCounts(value: unknown): value is Counts {
  return Array.isArray(value) && value.length === 3 && value.every((n) => Number.isFinite(n) && n >= 0)
}

function isRecordOfCounts(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every(isCounts)
  )
}
