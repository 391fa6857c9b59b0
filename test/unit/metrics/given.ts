// SPDX-License-Identifier: Apache-2.0
// Snapshots for tests: small by default, as large as asked for.
import type { RealSnapshot, ServiceSnapshot, Snapshot } from '../../../src/datapath/types.js'
import { metricsPage, type PageInput } from '../../../src/metrics/page.js'
import { controlMetrics } from '../../../src/metrics/process.js'

export function realOf(given: Partial<RealSnapshot> = {}): RealSnapshot {
  const address = given.address ?? '192.0.2.21'
  return {
    id: 1,
    address,
    port: 80,
    weight: 1,
    effectiveWeight: 1,
    upper: 0,
    lower: 0,
    overloaded: false,
    active: 0,
    inactive: 0,
    persistent: 0,
    packets: 0n,
    bytes: 0n,
    connections: 0n,
    nexthop: { address, state: 'up', mac: '02:00:00:00:00:21', interface: 'eth0' },
    ...given,
  }
}

export function serviceOf(given: Partial<ServiceSnapshot> = {}): ServiceSnapshot {
  return {
    id: 1,
    key: 'tcp 192.0.2.10:80',
    match: { vip: '192.0.2.10', port: 80, protocol: 'tcp' },
    scheduler: 'wlc',
    packets: 0n,
    bytes: 0n,
    connections: 0n,
    active: 0,
    inactive: 0,
    persistent: 0,
    reasons: {},
    reals: [],
    ...given,
  }
}

export function snapshotOf(given: Partial<Snapshot> = {}): Snapshot {
  const table = { entries: 0, capacity: 1024 }
  return {
    at: 0,
    services: [],
    interfaces: [],
    reasons: {},
    totals: {
      connsCreated: 0n,
      connsExpired: 0n,
      connsEvicted: 0n,
      connsUnstored: 0n,
      templatesCreated: 0n,
      templatesExpired: 0n,
      templatesEvicted: 0n,
      templatesUnstored: 0n,
    },
    tables: { conn4: table, conn6: table, template: table },
    ...given,
  }
}

export function interfaceOf(name = 'eth0'): Snapshot['interfaces'][number] {
  const count = (packets: bigint) => ({ packets, bytes: packets * 100n })
  return {
    attachment: {
      interface: name,
      ifindex: 2,
      mac: '02:00:00:00:00:01',
      mode: 'native',
      slot: 0,
      linkId: 7,
      programId: 9,
      driver: 'veth',
    },
    actions: { pass: count(1n), tx: count(2n), redirect: count(3n), drop: count(4n) },
    reasons: {},
  }
}

/** As many services with as many real servers each, all counters moving. */
export function largeSnapshot(services: number, realsEach: number): Snapshot {
  return snapshotOf({
    services: Array.from({ length: services }, (_, s) => {
      const vip = `198.18.${s >> 8}.${s & 255}`
      const reals = Array.from({ length: realsEach }, (_, r) =>
        realOf({
          id: s * realsEach + r + 1,
          address: `10.${s & 255}.${r >> 8}.${r & 255}`,
          packets: 12345678901n + BigInt(r),
          bytes: 9876543210123n + BigInt(r),
          connections: 123456n,
          active: r,
          inactive: s,
        }),
      )
      return serviceOf({ id: s + 1, key: `tcp ${vip}:80`, match: { vip, port: 80, protocol: 'tcp' }, reals })
    }),
  })
}

const NOTHING_GONE = { packets: 0n, bytes: 0n, connections: 0n }

export async function pageText(
  snapshot: Snapshot,
  given: Partial<PageInput> = {},
  control = controlMetrics('0.1.0'),
): Promise<string> {
  const input = { snapshot, wished: [], health: [], view: {}, gone: NOTHING_GONE, ...given }
  let text = ''
  for await (const piece of metricsPage(input, control)) text += piece
  return text
}

/** The samples of a page: what stands before the value -> the value. */
export function samplesOf(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), line.slice(line.lastIndexOf(' ') + 1)]),
  )
}
