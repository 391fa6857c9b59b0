// SPDX-License-Identifier: Apache-2.0
// What the page hears every two seconds: the totals, and of services only those that changed since the last frame. Pure.
import type { RealRow, ServiceRow, Statistics, Status } from '../api/contract.js'
import type { DropRow, LatencyRow } from '../api/contract-sight.js'
import { toJson } from '../api/json.js'
import { STANDING_REASONS } from '../model/health-words.js'
import { addLatency, LATENCY_BOUNDS_US, NO_LATENCY, quantileUs } from '../model/latency.js'

/** What a frame is made of. */
export interface Scene {
  /** ms since the epoch */
  readonly at: number
  readonly status: Status
  readonly statistics: Statistics
  readonly services: readonly ServiceRow[]
  readonly drops: readonly DropRow[]
  /** the console takes a token */
  readonly writable: boolean
}

/** Text of each service's line, by its key. */
export type Lines = ReadonlyMap<string, string>

const DROPS = 20

export function linesOf(services: readonly ServiceRow[]): Lines {
  return new Map(services.map((row) => [row.service, serviceLine(row)]))
}

/** JSON of a frame that needs none before it. */
export function fullFrame(scene: Scene, lines: Lines): string {
  return frame(scene, [...lines.values()], [])
}

/** JSON of a frame for who has all of the frame before. */
export function deltaFrame(scene: Scene, before: Lines, now: Lines): string {
  const changed = [...now].flatMap(([key, text]) => (before.get(key) === text ? [] : [text]))
  return frame(
    scene,
    changed,
    [...before.keys()].filter((key) => !now.has(key)),
  )
}

/** JSON of what the view of one service shows. */
export function realsFrame(service: string, rows: readonly RealRow[]): string {
  const reals = rows.map(({ sinceZero: _, service: __, ...row }) => ({
    ...row,
    ...(row.standing && { says: STANDING_REASONS[row.standing.reason] }),
    ...(row.latency && { latency: timed([row.latency]) }),
  }))
  const latencies = rows.flatMap(({ latency }) => (latency ? [latency] : []))
  return toJson({ service, reals, boundsUs: LATENCY_BOUNDS_US, latency: timed(latencies) })
}

/** One event of a stream; `data` has no line ends. */
export function eventText(event: string, data: string, id?: string): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`
}

function frame(scene: Scene, services: readonly string[], gone: readonly string[]): string {
  const { at, status, statistics, drops, writable } = scene
  const { version, startedAt, generation, interfaces, tables } = status
  const { quiesced, drained, down, unresolved, reals } = status
  const rest = {
    ...{ at, version, startedAt, generation, writable, rates: statistics.rates },
    ...{ reals, quiesced, drained, down, unresolved, tables, interfaces },
    drops: drops.slice(0, DROPS),
    gone,
  }
  return `${toJson(rest).slice(0, -1)},"services":[${services.join(',')}]}`
}

/** us, with the client's path. */
function timed(latencies: readonly LatencyRow[]) {
  const all = latencies.map((row) => ({ ...row, sumUs: BigInt(row.sumUs) })).reduce(addLatency, NO_LATENCY)
  const [p50, p99] = [quantileUs(all, 0.5), quantileUs(all, 0.99)]
  return { count: all.count, buckets: all.buckets, ...(p50 !== undefined && { p50, p99 }) }
}

/** In this order: key, name, scheduler, reals, drained, down, active, inactive, connections/s, packets/s, bytes/s, quiesced. */
function serviceLine(row: ServiceRow): string {
  const { service, name, scheduler, reals, drained, down, active, inactive, rates, quiesced } = row
  const counts = [reals, drained, down, active, inactive, rates.cps, rates.inPps, rates.inBps, quiesced]
  return toJson([service, name ?? '', scheduler, ...counts])
}
