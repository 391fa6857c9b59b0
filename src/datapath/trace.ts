// SPDX-License-Identifier: Apache-2.0
// Traces: the filter into its map, the ring buffer's records back in the domain's words, and an end that always comes:
// the datapath records nothing after the lease, whoever forgot to end it.
import { openRingBuffer, type RingBuffer } from 'libbpf-ts'
import { Settings_OFFSETS, TraceFilter_OFFSETS } from '../abi/generated.js'
import { succeed } from '../model/describe.js'
import type { TraceWish } from '../model/trace-wish.js'
import type { Outcome } from '../model/types.js'
import { type Maps, store32, store64 } from './maps.js'
import { type FilterWorld, placesOf, writeFilter } from './trace-filter.js'
import { namesOf, type RecordWorld, recordIn, type Traced } from './trace-record.js'

export interface TraceCounters {
  readonly recorded: bigint
  /** matched, and were more than the limit of records a second lets through */
  readonly limited: bigint
  /** found no room in the ring buffer */
  readonly lost: bigint
}

export interface Tracing {
  counters(): TraceCounters
  /** The lease is good again for LEASE_SECONDS. */
  renew(): void
  /** Records stay in the ring buffer until resume(); when it is full, the next ones are lost, and counted. */
  pause(): void
  resume(): void
  /** Nothing new is recorded; what the ring holds is handed over now, unless it is paused. */
  drain(): void
  /** No record comes after this; what packets pay ends. Again: nothing. */
  close(): void
}

/** Interfaces by name, and back. */
export function linkNames(links: ReadonlyMap<number, { readonly index: number; readonly name: string }>) {
  return {
    ifindexOf: (name: string) => [...links.values()].find((link) => link.name === name)?.index,
    nameOf: (ifindex: number) => links.get(ifindex)?.name ?? `interface ${ifindex}`,
  }
}

export interface TraceWorld extends FilterWorld, RecordWorld {
  readonly maps: Maps
  /** settings.trace, written so that its controller knows of it */
  readonly switchTo: (on: 0 | 1) => void
}

export const LEASE_SECONDS = 10
/** Handed over in one go, and so the most that comes after a pause(). */
export const MOST_AT_ONCE = 128

export function startTrace(
  world: TraceWorld,
  wish: TraceWish,
  onRecord: (record: Traced) => void,
): Outcome<Tracing> {
  const places = placesOf(world, wish.filter)
  if (!places.ok) return places
  const { maps, switchTo } = world
  const since = process.hrtime.bigint()
  const names = namesOf(world)
  const ring = openRingBuffer(
    maps.handles.trace_log,
    (bytes) => {
      const record = recordIn(bytes, world, names)
      if (record.at >= since) onRecord(record)
    },
    { maxRecords: MOST_AT_ONCE },
  )
  // what an earlier trace left there is not of this one, and takes its room
  while (ring.consume() > 0);
  writeFilter(maps.traceFilter, wish, places.value)
  renew(maps)
  switchTo(1)
  return succeed(tracing(world, ring))
}

function tracing({ maps, switchTo }: TraceWorld, ring: RingBuffer): Tracing {
  let open = true
  const stop = () => {
    switchTo(0)
    store64(maps.traceFilter, TraceFilter_OFFSETS.until, 0n)
  }
  const last = (offset: number) => maps.traceFilter.getBigUint64(offset, true)
  return {
    counters: () => ({
      recorded: last(TraceFilter_OFFSETS.recorded),
      limited: last(TraceFilter_OFFSETS.limited),
      lost: last(TraceFilter_OFFSETS.lost),
    }),
    renew: () => {
      if (open) renew(maps)
    },
    pause: () => {
      if (open) ring.pause()
    },
    resume: () => {
      if (open) ring.resume()
    },
    drain: () => {
      if (!open) return
      stop()
      while (open && ring.consume() > 0);
    },
    close: () => {
      if (!open) return
      open = false
      stop()
      ring.close()
    },
  }
}

/** A controller may have died while it traced. */
export function endTrace(maps: Maps): void {
  store32(maps.settings, Settings_OFFSETS.trace, 0)
}

function renew(maps: Maps): void {
  const until = process.hrtime.bigint() + BigInt(LEASE_SECONDS) * 1_000_000_000n
  store64(maps.traceFilter, TraceFilter_OFFSETS.until, until)
}
