// SPDX-License-Identifier: Apache-2.0
// Actual, read back from the maps: all a controller knows after a restart, and all it needs.
import type { BpfMap } from 'libbpf-ts'
import { formatAddress, formatMac } from '../abi/address.js'
import {
  Family,
  Limit,
  Mac_SIZE,
  Proto,
  Real_SIZE,
  RealInfo_OFFSETS,
  RealInfo_SIZE,
  readDir,
  readService,
  Scheduler,
  ServiceRef_SIZE,
  Settings_OFFSETS,
  Vip_OFFSETS,
  Vip_SIZE,
} from '../abi/generated.js'
import { serviceKey } from '../model/keys.js'
import type { AddressText, Limits, MacText, SchedulerName, ServiceKey } from '../model/types.js'
import type { Actual, ActualReal, ActualService, ActualVip, DirectoryName } from '../plan/actual.js'
import { readDirectory } from '../plan/directory.js'
import { persistenceOf, regionMatches } from '../plan/region.js'
import type { Maps } from './maps.js'
import { readTimeouts } from './settings.js'

/** Where each directory's {line, mask} stands in the settings. */
export const DIRECTORY_OFFSET: Readonly<Record<DirectoryName, number>> = {
  vips4: Settings_OFFSETS.vips + 8 * Family.IPV4,
  vips6: Settings_OFFSETS.vips + 8 * Family.IPV6,
  tcp: Settings_OFFSETS.services + 8 * Proto.TCP,
  udp: Settings_OFFSETS.services + 8 * Proto.UDP,
}

export const REAL_FREE = 0
export const REAL_LINKED = 1
export const REAL_TRASH = 2

const LINE = Limit.LINE_BYTES
const SCHEDULER_NAME: Readonly<Record<number, SchedulerName>> = {
  [Scheduler.SCHED_RR]: 'rr',
  [Scheduler.SCHED_WRR]: 'wrr',
  [Scheduler.SCHED_WLC]: 'wlc',
  [Scheduler.SCHED_SH]: 'sh',
}

/** `verify`: compare every published region with its list, as after another controller's death. */
export function readActual(maps: Maps, limits: Limits, verify: boolean): Actual {
  const directories = {
    vips4: directoryIn(maps, 'vips4'),
    vips6: directoryIn(maps, 'vips6'),
    tcp: directoryIn(maps, 'tcp'),
    udp: directoryIn(maps, 'udp'),
  }
  const vips = readVips(maps)
  const byService = realsByService(maps)
  const services = new Map<ServiceKey, ActualService>()
  for (let id = 1; id < maps.sizes.services; id++) {
    const line = maps.services.getUint32(id * ServiceRef_SIZE, true)
    if (line === 0) continue
    const service = readOne(maps, line, vips, byService.get(id) ?? [])
    byService.delete(id)
    const listed = directories[service.protocol].has(id)
    const stale = verify && listed && !isTrue(maps, line, service)
    services.set(service.key, { ...service, listed, stale })
  }
  return {
    limits,
    vips,
    services,
    orphans: [...byService.values()].flat(),
    directories,
    nextOrder: maps.settings.getUint32(Settings_OFFSETS.nextOrder, true),
    timeouts: readTimeouts(maps.settings),
    peers: readPeers(maps.handles.peers),
  }
}

function directoryIn(maps: Maps, name: DirectoryName) {
  const { line, mask } = readDir(maps.settings, DIRECTORY_OFFSET[name])
  if (line === 0) return new Map<number, number>()
  return readDirectory(new Uint32Array(maps.tables.buffer, line * LINE, ((mask + 1) * LINE) / 4))
}

function readVips(maps: Maps): Map<number, ActualVip> {
  const vips = new Map<number, ActualVip>()
  for (let id = 1; id < maps.sizes.vips; id++) {
    const at = id * Vip_SIZE
    if (maps.vips.getUint8(at + Vip_OFFSETS.used) === 0) continue
    vips.set(id, { id, address: addressAt(maps.vips, at, maps.vips.getUint8(at + Vip_OFFSETS.family)) })
  }
  return vips
}

export function addressAt(view: DataView, offset: number, family: number): AddressText {
  return formatAddress(
    new Uint8Array(view.buffer, view.byteOffset + offset, 16),
    family === Family.IPV4 ? 4 : 6,
  )
}

function realsByService(maps: Maps): Map<number, ActualReal[]> {
  const byService = new Map<number, ActualReal[]>()
  for (let id = 1; id < maps.sizes.reals; id++) {
    if (maps.realInfo.getUint8(id * RealInfo_SIZE + RealInfo_OFFSETS.used) === REAL_FREE) continue
    const real = readReal(maps, id)
    const same = byService.get(real.service)
    if (same === undefined) byService.set(real.service, [real])
    else same.push(real)
  }
  return byService
}

function readReal(maps: Maps, id: number): ActualReal {
  const info = maps.realInfo
  const at = id * RealInfo_SIZE
  return {
    id,
    address: addressAt(info, at + RealInfo_OFFSETS.addr, info.getUint8(at + RealInfo_OFFSETS.family)),
    service: info.getUint32(at + RealInfo_OFFSETS.service, true),
    weight: info.getUint32(at + RealInfo_OFFSETS.weight, true),
    lastWeight: info.getUint32(at + RealInfo_OFFSETS.lastWeight, true),
    order: Number(info.getBigUint64(at + RealInfo_OFFSETS.order, true)),
    nexthop: maps.reals.getUint32(id * Real_SIZE, true),
    state: info.getUint8(at + RealInfo_OFFSETS.used) === REAL_LINKED ? 'linked' : 'trash',
    referenced:
      maps.loads.getBigUint64(id * 8, true) !== 0n || maps.persistents.getUint32(id * 8, true) !== 0,
    trashSince: Number(info.getBigUint64(at + RealInfo_OFFSETS.trashSince, true)),
  }
}

function readOne(maps: Maps, line: number, vips: ReadonlyMap<number, ActualVip>, all: readonly ActualReal[]) {
  const header = readService(maps.tables, line * LINE)
  const persistence = persistenceOf(header)
  const id = {
    vip: vips.get(header.vip)?.address ?? '',
    port: header.port,
    protocol: header.proto === Proto.UDP ? ('udp' as const) : ('tcp' as const),
  }
  return {
    ...id,
    id: header.id,
    key: serviceKey(id),
    vipId: header.vip,
    scheduler: SCHEDULER_NAME[header.scheduler] ?? 'wlc',
    ...(persistence && { persistence }),
    generation: header.generation,
    reals: all.filter((real) => real.state === 'linked').sort((a, b) => b.order - a.order),
    trash: all.filter((real) => real.state === 'trash'),
  }
}

function isTrue(maps: Maps, line: number, service: Omit<ActualService, 'listed' | 'stale'>): boolean {
  return regionMatches(maps.tables, line * LINE, service, service.reals)
}

function readPeers(peers: BpfMap): MacText[] {
  const found: MacText[] = []
  for (let key = peers.nextKey(); key !== undefined; key = peers.nextKey(key)) {
    if (key.length === Mac_SIZE) found.push(formatMac(key))
  }
  return found.sort()
}
