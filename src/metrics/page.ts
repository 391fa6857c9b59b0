// SPDX-License-Identifier: Apache-2.0
// The whole /metrics page: what the snapshot says and what is known of health, from the level that was asked for down and
// under the cap; then what the daemon says about itself.
import type { RealCounters } from '../datapath/types.js'
import { DEFAULT_SERIES, type MetricsView } from '../model/metrics.js'
import { columnTexts, type Tally } from './columns.js'
import { type Family, header, labels, sample, type Value } from './exposition.js'
import { SNAPSHOT_FAMILIES, snapshotText } from './families.js'
import { HISTOGRAM_SERIES, histogramTexts, type TimedRow } from './histograms.js'
import { backendRows, IPVS_BACKENDS, IPVS_OVERFLOW, IPVS_TOTALS, totalsText } from './ipvs.js'
import type { ControlMetrics } from './process.js'
import { REAL_COLUMNS, REAL_HANDSHAKES } from './reals.js'
import { type Room, roomFor } from './room.js'
import { isTimed, type Tables, type Told, tablesOf } from './rows.js'
import { SERVICE_COLUMNS, SERVICE_HANDSHAKES } from './services.js'

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export interface PageInput extends Told {
  readonly view: MetricsView
  /** what services that are gone have counted */
  readonly gone: RealCounters
}

const LIMIT: Family = {
  name: 'xlvs_metrics_series_limit',
  type: 'gauge',
  help: 'Series that this page has at most.',
}
const DROPPED: Family = {
  name: 'xlvs_metrics_series_dropped',
  type: 'gauge',
  help: 'Series over the cap, summed into those called overflow.',
}

/** Every family but those of the process and of node_exporter's names. */
export const FAMILIES: readonly Family[] = [
  ...SNAPSHOT_FAMILIES,
  ...SERVICE_COLUMNS,
  SERVICE_HANDSHAKES,
  ...REAL_COLUMNS,
  REAL_HANDSHAKES,
  LIMIT,
  DROPPED,
]
export const IPVS_FAMILIES: readonly Family[] = [...IPVS_TOTALS, ...IPVS_BACKENDS]

const SERVICE_OVERFLOW = labels({ vip: 'overflow', port: '', proto: '' })
const REAL_OVERFLOW = `${SERVICE_OVERFLOW},${labels({ real: 'overflow' })}`

/** In pieces, so that other work can run between them. */
export async function* metricsPage(input: PageInput, control: ControlMetrics): AsyncGenerator<string> {
  const { level = 'real', series = DEFAULT_SERIES, names = [] } = input.view
  const tables = tablesOf(input)
  const ipvs = names.includes('node_ipvs')
  const each = {
    service: SERVICE_COLUMNS.length + HISTOGRAM_SERIES,
    real: REAL_COLUMNS.length + (ipvs ? IPVS_BACKENDS.length : 0),
  }
  const { services, reals } = tables
  const room = roomFor({ level, cap: series, services: services.length, reals: reals.length, each })
  const tally: Tally = { dropped: 0 }
  yield snapshotText(input.snapshot)
  if (ipvs) yield totalsText(services, input.gone)
  if (level !== 'interface') yield* serviceTexts(tables, room, tally)
  if (level === 'real') {
    yield* realTexts(tables, room, tally)
    if (ipvs) yield* backendTexts(tables, room, tally)
  }
  yield await control.text()
  yield one(LIMIT, series) + one(DROPPED, tally.dropped)
}

function* serviceTexts({ services: rows }: Tables, room: Room, tally: Tally): Generator<string> {
  const of = { rows, shown: room.services, overflow: SERVICE_OVERFLOW }
  yield* columnTexts(SERVICE_COLUMNS, of, tally)
  const timed = rows.map((row) =>
    isTimed(row) && row.counted ? { labels: row.labels, latency: row.counted.latency } : undefined,
  )
  yield* histogramTexts(SERVICE_HANDSHAKES, { ...of, ...split(timed, room.services) }, tally)
}

function* realTexts({ reals: rows }: Tables, room: Room, tally: Tally): Generator<string> {
  const of = { rows, shown: room.reals, overflow: REAL_OVERFLOW }
  yield* columnTexts(REAL_COLUMNS, of, tally)
  const timed = rows.map((row) =>
    isTimed(row.of) && row.counted ? { labels: row.labels, latency: row.counted.latency } : undefined,
  )
  yield* histogramTexts(REAL_HANDSHAKES, { ...of, ...split(timed, room.histograms) }, tally)
}

function* backendTexts({ reals }: Tables, room: Room, tally: Tally): Generator<string> {
  const of = { rows: backendRows(reals), shown: room.reals, overflow: IPVS_OVERFLOW }
  yield* columnTexts(IPVS_BACKENDS, of, tally)
}

/** Those that have times, with how many of the first `room` rows are among them. */
function split(timed: readonly (TimedRow | undefined)[], room: number) {
  const isThere = (row: TimedRow | undefined): row is TimedRow => row !== undefined
  return { rows: timed.filter(isThere), shown: timed.slice(0, room).filter(isThere).length }
}

function one(family: Family, value: Value): string {
  return header(family) + sample(family.name, '', value)
}
