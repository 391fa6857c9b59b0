// SPDX-License-Identifier: Apache-2.0
// Handshake times as Prometheus's histograms. The client's path is in them: from its SYN to its ACK, replies bypassing
// the director.
import { addLatency, LATENCY_BOUNDS_US, type Latency, NO_LATENCY } from '../model/latency.js'
import { PIECE, type Row, type Rows, type Tally } from './columns.js'
import { type Family, header, number } from './exposition.js'

export interface TimedRow extends Row {
  readonly latency: Latency | undefined
}

/** A histogram's series: its buckets, the one of all, sum and count. */
export const HISTOGRAM_SERIES = LATENCY_BOUNDS_US.length + 3

const ENDS: readonly string[] = [...LATENCY_BOUNDS_US.map((us) => number(us / 1e6)), '+Inf'].map(
  (le) => `,le="${le}"} `,
)

/** A histogram is there whole or not at all. */
export function* histogramTexts(family: Family, of: Rows<TimedRow>, tally: Tally): Generator<string> {
  yield header(family)
  const step = Math.ceil(PIECE / HISTOGRAM_SERIES)
  for (let from = 0; from < of.shown; from += step) {
    let text = ''
    for (let i = from; i < Math.min(from + step, of.shown); i++)
      text += histogram(family, of.rows[i] as TimedRow)
    yield text
  }
  const rest = of.rows.slice(of.shown)
  if (rest.length === 0) return
  tally.dropped += rest.length * HISTOGRAM_SERIES
  const latency = rest.reduce((sum, row) => (row.latency ? addLatency(sum, row.latency) : sum), NO_LATENCY)
  yield histogram(family, { labels: of.overflow, latency })
}

function histogram({ name }: Family, { labels, latency = NO_LATENCY }: TimedRow): string {
  const bucket = `${name}_bucket{${labels}`
  let text = ''
  let below = 0
  for (let i = 0; i < ENDS.length; i++) {
    below += latency.buckets[i] ?? 0
    text += `${bucket}${ENDS[i]}${below}\n`
  }
  return `${text}${name}_sum{${labels}} ${seconds(latency.sumUs)}\n${name}_count{${labels}} ${below}\n`
}

/** us -> s with every digit */
function seconds(us: bigint): string {
  const rest = us % 1_000_000n
  if (rest === 0n) return String(us / 1_000_000n)
  return `${us / 1_000_000n}.${String(rest).padStart(6, '0').replace(/0+$/, '')}`
}
