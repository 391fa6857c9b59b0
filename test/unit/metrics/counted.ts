// SPDX-License-Identifier: Apache-2.0
// The counters of a snapshot as a datapath tells them alone.
import { COUNT_WORDS, type Counts } from '../../../src/datapath/counts.js'
import type { RealCounters, Snapshot } from '../../../src/datapath/types.js'

export function countsOf(snapshot: Snapshot): Counts {
  const { services, reasons } = snapshot
  return {
    services: services.map(({ id, key, reasons: mine, reals }) => ({
      ...{ id, key, reasons: mine },
      reals: reals.map((real) => real.id),
    })),
    ofReals: rowsOf(services.flatMap(({ reals }) => reals)),
    ofServices: rowsOf(services),
    reasons,
  }
}

function rowsOf(counted: readonly (RealCounters & { readonly id: number })[]): Uint32Array {
  const most = counted.reduce((max, { id }) => Math.max(max, id), 0)
  const rows = new BigUint64Array(((most + 1) * COUNT_WORDS) / 2)
  for (const { id, connections, packets, bytes } of counted)
    rows.set([connections, packets, bytes], (id * COUNT_WORDS) / 2)
  return new Uint32Array(rows.buffer)
}
