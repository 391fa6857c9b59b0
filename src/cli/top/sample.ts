// SPDX-License-Identifier: Apache-2.0
// What is asked of the daemon at one moment, and what follows from two of them: rates. Pure.

import type { RealRow, ServiceRow, Status } from '../../api/contract.js'
import type { DropRow } from '../../api/contract-sight.js'
import type { RealKey, ServiceKey } from '../../model/types.js'

/** Rows, and when they came. */
export interface Timed<Row> {
  /** ms of a clock that only goes forwards */
  readonly at: number
  readonly rows: readonly Row[]
}

export interface Sample {
  /** ms since the epoch */
  readonly time: number
  /** the same as people read it, in their time zone: '12:03:10' */
  readonly clock: string
  readonly status: Status
  readonly services: Timed<ServiceRow>
  readonly drops: Timed<DropRow>
  /** of the one service that is looked into */
  readonly reals?: Timed<RealRow> & { readonly of: ServiceKey }
}

/** Per second. */
export interface Speed {
  readonly conns: number
  readonly packets: number
  readonly bytes: number
}

export interface ServiceLine {
  readonly key: ServiceKey
  readonly row: ServiceRow
  readonly speed: Speed
  /** packets a second */
  readonly drops: number
}

export interface RealLine {
  readonly key: RealKey
  readonly row: RealRow
  readonly speed: Speed
  /** of 1: of the service's connections, and of its weight; absent while there is nothing to share */
  readonly share?: number
  readonly wanted?: number
}

export interface DropLine {
  /** its service and its reason */
  readonly key: string
  readonly row: DropRow
  readonly rate: number
  /** no loss, perhaps: left to this host's own stack */
  readonly left: boolean
}

interface Counted {
  readonly connections: number
  readonly packets: number
  readonly bytes: number
  readonly rates: { readonly cps: number; readonly inPps: number; readonly inBps: number }
}

export const STILL: Speed = { conns: 0, packets: 0, bytes: 0 }

/** Of each row by its key. Without an earlier one, or when a counter went back, the daemon's own smoothed rates. */
export function speeds<Row extends Counted>(
  now: Timed<Row>,
  before: Timed<Row> | undefined,
  keyOf: (row: Row) => string,
): ReadonlyMap<string, Speed> {
  const earlier = new Map(before?.rows.map((row) => [keyOf(row), row]))
  const elapsed = (now.at - (before?.at ?? now.at)) / 1_000
  return new Map(now.rows.map((row) => [keyOf(row), speed(row, earlier.get(keyOf(row)), elapsed)]))
}

function speed(now: Counted, before: Counted | undefined, elapsed: number): Speed {
  const wentBack =
    !before || elapsed <= 0 || now.packets < before.packets || now.connections < before.connections
  if (wentBack) return { conns: now.rates.cps, packets: now.rates.inPps, bytes: now.rates.inBps }
  return {
    conns: (now.connections - before.connections) / elapsed,
    packets: (now.packets - before.packets) / elapsed,
    bytes: Math.max(0, now.bytes - before.bytes) / elapsed,
  }
}

export function dropLines(now: Timed<DropRow>, before: Timed<DropRow> | undefined): readonly DropLine[] {
  const earlier = new Map(before?.rows.map((row) => [dropKey(row), row.packets]))
  const elapsed = (now.at - (before?.at ?? now.at)) / 1_000
  return now.rows.map((row) => {
    const key = dropKey(row)
    // A reason that was not there before was at 0: only what has been counted is listed.
    const gone = before === undefined ? undefined : row.packets - (earlier.get(key) ?? 0)
    const known = gone !== undefined && gone >= 0 && elapsed > 0
    return { key, row, rate: known ? gone / elapsed : row.rate, left: row.reason.startsWith('pass_') }
  })
}

export function serviceLines(
  { services }: Sample,
  before: Sample | undefined,
  drops: readonly DropLine[],
): readonly ServiceLine[] {
  const speedOf = speeds(services, before?.services, (row) => row.service)
  const dropped = new Map<string, number>()
  for (const { row, rate, left } of drops)
    if (row.service !== undefined && !left) dropped.set(row.service, (dropped.get(row.service) ?? 0) + rate)
  return services.rows.map((row) => ({
    key: row.service,
    row,
    speed: speedOf.get(row.service) ?? STILL,
    drops: dropped.get(row.service) ?? 0,
  }))
}

export function realLines({ reals }: Sample, before: Sample | undefined): readonly RealLine[] {
  if (!reals) return []
  const speedOf = speeds(reals, before?.reals?.of === reals.of ? before.reals : undefined, (row) => row.real)
  const lines = reals.rows.map((row) => ({ key: row.real, row, speed: speedOf.get(row.real) ?? STILL }))
  const weights = lines.reduce((sum, { row }) => sum + row.effectiveWeight, 0)
  const held = lines.reduce((sum, { row }) => sum + row.active + row.inactive, 0)
  const made = lines.reduce((sum, { speed }) => sum + speed.conns, 0)
  return lines.map((line) => {
    const { row, speed } = line
    const share = held > 0 ? (row.active + row.inactive) / held : made > 0 ? speed.conns / made : undefined
    return {
      ...line,
      ...(share !== undefined && { share }),
      ...(weights > 0 && { wanted: row.effectiveWeight / weights }),
    }
  })
}

export function total(lines: readonly ServiceLine[]): Speed {
  return lines.reduce(
    (sum, { speed }) => ({
      conns: sum.conns + speed.conns,
      packets: sum.packets + speed.packets,
      bytes: sum.bytes + speed.bytes,
    }),
    STILL,
  )
}

function dropKey({ service, reason }: DropRow): string {
  return `${service ?? ''} ${reason}`
}
