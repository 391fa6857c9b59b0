// SPDX-License-Identifier: Apache-2.0
// From limits to sizes of maps, and back from the sizes of adopted maps.
import { Limit } from '../abi/generated.js'
import type { Limits } from '../model/types.js'

/** Entries of every map whose size the operator's limits decide. */
export type Sizes = Readonly<Record<SizedMap, number>>
type SizedMap = (typeof SIZED)[number]

export const SIZED = [
  'ifaces',
  'vips',
  'reals',
  'nexthops',
  'services',
  'tables',
  'conns4',
  'conns6',
  'templates',
  'loads',
  'persistents',
  'verdicts',
  'real_stats',
  'totals',
  'service_reasons',
  'latencies',
  'real_info',
  'service_info',
  'tx_ports',
] as const

/** Flows fill a set-associative table up to here before sets overflow noticeably. */
const FILL = 0.66
const MAX_VIPS = 65_535
/**
 * 8 MiB for directories, marks and services of unusual size, 4 KiB for each service: two versions of an ordinary one,
 * or of a quarter of them with mh, whose table takes 258 lines (16 KiB) however few real servers there are.
 */
const ARENA_BASE = 131_072
const ARENA_PER_SERVICE = 64

export function sizesOf(limits: Limits, cpus: number): Sizes {
  const reals = limits.reals + 1
  const services = limits.services + 1
  return {
    ifaces: limits.ifindex + 1,
    vips: Math.min(MAX_VIPS, limits.services) + 1,
    reals,
    // a change is a new slot, and the old one rests for a while
    nexthops: 2 * limits.reals + 64,
    services,
    tables: ARENA_BASE + ARENA_PER_SERVICE * limits.services + limits.reals,
    conns4: setsFor(limits.connections, Limit.CONN4_WAYS),
    conns6: setsFor(limits.connections, Limit.CONN6_WAYS),
    templates: setsFor(limits.templates, Limit.TEMPLATE_WAYS),
    loads: reals,
    persistents: reals,
    verdicts: cpus * limits.interfaces * Limit.REASONS,
    real_stats: cpus * reals,
    totals: cpus,
    service_reasons: cpus * services,
    latencies: cpus * reals,
    real_info: reals,
    service_info: services,
    tx_ports: 256,
  }
}

/** The wish itself when it gives these sizes, otherwise limits that do. */
export function limitsOf(sizes: Sizes, cpus: number, wish: Limits): Limits {
  const wished = sizesOf(wish, cpus)
  if (SIZED.every((map) => wished[map] === sizes[map])) return wish
  return {
    connections: Math.floor(sizes.conns4 * Limit.CONN4_WAYS * FILL),
    templates: Math.floor(sizes.templates * Limit.TEMPLATE_WAYS * FILL),
    services: sizes.services - 1,
    reals: sizes.reals - 1,
    interfaces: sizes.verdicts / cpus / Limit.REASONS,
    ifindex: sizes.ifaces - 1,
  }
}

export function readSizes(entries: (map: SizedMap) => number): Sizes {
  return Object.fromEntries(SIZED.map((map) => [map, entries(map)])) as Sizes
}

function setsFor(entries: number, ways: number): number {
  return Math.max(1, Math.ceil(entries / ways / FILL))
}
