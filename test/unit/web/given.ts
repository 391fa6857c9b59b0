// SPDX-License-Identifier: Apache-2.0
// A scene as the daemon would tell it.
import type { ServiceRow, Status } from '../../../src/api/contract.js'
import type { Scene } from '../../../src/web/frame.js'

/** Packets a second by service. */
export type Told = Readonly<Record<string, number>>

const NO_RATES = { cps: 0, inPps: 0, inBps: 0 }

export function told(services: Told): Scene {
  return {
    at: 1_000,
    status: { version: '0', interfaces: [], tables: [] } as unknown as Status,
    statistics: { sinceZero: { connections: 0, packets: 0, bytes: 0 }, rates: NO_RATES, size: 0 },
    services: Object.entries(services).map(([service, inPps]) => row(service, inPps)),
    drops: [],
    writable: false,
  }
}

function row(service: string, inPps: number): ServiceRow {
  return {
    service,
    match: { vip: '192.0.2.10', port: 80, protocol: 'tcp' },
    scheduler: 'rr',
    rates: { ...NO_RATES, inPps },
    sinceZero: { connections: 0, packets: 0, bytes: 0 },
    reals: 1,
    ...{ drained: 0, down: 0, quiesced: 0, active: 0, inactive: 0, persistent: 0 },
    ...{ connections: 0, packets: 0, bytes: 0 },
  }
}
