// SPDX-License-Identifier: Apache-2.0
// One look without a screen: rates over one interval, as text for people or as JSON. Pure.
import type { ServiceKey } from '../../model/types.js'
import { page } from './frame.js'
import { handshakes } from './handshakes.js'
import type { ScreenLook } from './look.js'
import { ordered } from './order.js'
import type { Speed } from './sample.js'
import type { State } from './state.js'

/** Into a pipe there is no width: all columns, and lines that a screen of today shows whole. */
const WIDE = 160

export function onceLines(state: State, columns: number, look: ScreenLook): readonly string[] {
  return page(state, Number.isFinite(columns) ? Math.max(40, columns) : WIDE, look)
}

/** Rates are per second over `seconds`, handshake times microseconds with the client's path in them. */
export function onceJson(state: State, seconds: number): object {
  const { data, service } = state
  if (!data) return {}
  const { sample } = data
  return {
    at: sample.time,
    seconds,
    total: { ...rates(data.total), drops: data.dropRate },
    tables: sample.status.tables,
    services: ordered(state, 'services').map(({ key, row, speed, drops }) => ({
      service: key,
      ...(row.name !== undefined && { name: row.name }),
      scheduler: row.scheduler,
      reals: row.reals,
      down: row.down,
      drained: row.drained,
      quiesced: row.quiesced,
      active: row.active,
      inactive: row.inactive,
      rates: { ...rates(speed), drops },
    })),
    drops: ordered(state, 'drops').map(({ row, rate }) => ({
      reason: row.reason,
      ...(row.service !== undefined && { service: row.service }),
      packets: row.packets,
      rate,
    })),
    ...(service !== undefined && { reals: realsOf(state, service) }),
  }
}

function realsOf(state: State, service: ServiceKey): readonly object[] {
  return ordered(state, 'reals').map(({ row, speed, share, wanted }) => {
    const times = handshakes(row.latency, undefined)
    return {
      real: row.real.slice(`${service} > `.length),
      ...(row.name !== undefined && { name: row.name }),
      weight: row.weight,
      effectiveWeight: row.effectiveWeight,
      ...(share !== undefined && { share }),
      ...(wanted !== undefined && { shareOfWeight: wanted }),
      active: row.active,
      inactive: row.inactive,
      rates: rates(speed),
      ...(row.standing && { standing: row.standing }),
      nexthop: row.nexthop,
      ...(times && { handshakeUs: { p50: times.p50, p99: times.p99, count: times.count } }),
    }
  })
}

function rates({ conns, packets, bytes }: Speed): object {
  return { connections: conns, packets, bytes }
}
