// SPDX-License-Identifier: Apache-2.0
// Streams of datagrams, what was sent on each beside what arrived of it anywhere. Pure.
import type { Arrivals, ClientFigures, ServerFigures } from './traffic/figures.js'

export interface Streams {
  readonly count: number
  readonly sent: number
  /** of each real server: datagrams that did not arrive, of the streams that it served first */
  readonly lost: Readonly<Record<string, number>>
  /** datagrams that arrived twice or out of order */
  readonly again: number
  /** streams that arrived at more than one real server */
  readonly moved: number
  /** longest time between two arrivals on one, by the real server that served it first; ms */
  readonly gaps: Readonly<Record<string, number>>
}

interface Place {
  readonly name: string
  readonly arrivals: Arrivals
}

export function joinStreams(clients: readonly ClientFigures[], servers: readonly ServerFigures[]): Streams {
  const places = new Map<number, Place[]>()
  for (const { name, arrivals } of servers)
    for (const one of arrivals)
      places.set(one.stream, [...(places.get(one.stream) ?? []), { name, arrivals: one }])
  const sent = clients.flatMap(({ streams }) => streams)
  const lost: Record<string, number> = {}
  for (const [stream, count] of sent) {
    const at = byTime(places.get(stream) ?? [])
    const missing = count - at.reduce((sum, { arrivals }) => sum + arrivals.count, 0)
    const name = at[0]?.name ?? 'nowhere'
    if (missing !== 0) lost[name] = (lost[name] ?? 0) + missing
  }
  const all = [...places.values()].map(byTime)
  return {
    count: sent.length,
    sent: sent.reduce((sum, [, count]) => sum + count, 0),
    lost,
    again: all.flat().reduce((sum, { arrivals }) => sum + arrivals.again, 0),
    moved: all.filter(({ length }) => length > 1).length,
    gaps: longestOf(all.map((at) => ({ [at[0]?.name ?? '']: longestGap(at) }))),
  }
}

/** Of each name the highest. */
export function longestOf(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const longest: Record<string, number> = {}
  for (const [name, ms] of all.flatMap((one) => Object.entries(one)))
    longest[name] = Math.max(longest[name] ?? 0, ms)
  return longest
}

function byTime(places: readonly Place[]): readonly Place[] {
  return [...places].sort((a, b) => a.arrivals.last - b.arrivals.last)
}

function longestGap(places: readonly Place[]): number {
  const between = places.slice(1).map(({ arrivals }, i) => arrivals.first - (places[i]?.arrivals.last ?? 0))
  return Math.max(...places.map(({ arrivals }) => arrivals.gap), ...between)
}
