// SPDX-License-Identifier: Apache-2.0
// Actual, read back from the maps: all a controller knows after a restart, and all it needs.
import type { BpfMap } from 'libbpf-ts'
import { formatMac } from '../abi/address.js'
import {
  Family,
  Limit,
  Mac_SIZE,
  Proto,
  readDir,
  readService,
  Scheduler,
  type Service,
  Service_SIZE,
  ServiceRef_SIZE,
  Settings_OFFSETS,
  Vip_OFFSETS,
  Vip_SIZE,
} from '../abi/generated.js'
import { serviceKey } from '../model/keys.js'
import type { Limits, MacText, SchedulerName, ServiceKey } from '../model/types.js'
import type { Actual, ActualService, ActualVip, DirectoryName } from '../plan/actual.js'
import { readDirectory } from '../plan/directory.js'
import { persistenceOf, regionMatches } from '../plan/region.js'
import type { Maps } from './maps.js'
import { addressAt, RealReader } from './reals.js'
import { readTimeouts } from './settings.js'

/** Where each directory's {line, mask} stands in the settings. */
export const DIRECTORY_OFFSET: Readonly<Record<DirectoryName, number>> = {
  vips4: Settings_OFFSETS.vips + 8 * Family.IPV4,
  vips6: Settings_OFFSETS.vips + 8 * Family.IPV6,
  tcp: Settings_OFFSETS.services + 8 * Proto.TCP,
  udp: Settings_OFFSETS.services + 8 * Proto.UDP,
}

const LINE = Limit.LINE_BYTES
const HEADER_WORDS = Service_SIZE / 4
const SCHEDULER_NAME: Readonly<Record<number, SchedulerName>> = {
  [Scheduler.SCHED_RR]: 'rr',
  [Scheduler.SCHED_WRR]: 'wrr',
  [Scheduler.SCHED_WLC]: 'wlc',
  [Scheduler.SCHED_SH]: 'sh',
}

/** What a region's header says. */
type Described = Omit<ActualService, 'listed' | 'stale' | 'reals' | 'trash'>

/** Reads again and again; a header with the same bytes as before is not decoded twice. */
export class ActualReader {
  readonly #maps: Maps
  readonly #limits: Limits
  readonly #reals: RealReader
  readonly #described: Described[] = []
  readonly #headers: Uint32Array

  constructor(maps: Maps, limits: Limits) {
    this.#maps = maps
    this.#limits = limits
    this.#reals = new RealReader(maps)
    this.#headers = new Uint32Array(HEADER_WORDS * maps.sizes.services)
  }

  /** `verify`: compare every published region with its list, as after another controller's death. */
  read(verify: boolean): Actual {
    const maps = this.#maps
    const directories = {
      vips4: directoryIn(maps, 'vips4'),
      vips6: directoryIn(maps, 'vips6'),
      tcp: directoryIn(maps, 'tcp'),
      udp: directoryIn(maps, 'udp'),
    }
    const vips = readVips(maps)
    const byService = this.#reals.byService()
    const services = new Map<ServiceKey, ActualService>()
    for (let id = 1; id < maps.sizes.services; id++) {
      const line = maps.services.getUint32(id * ServiceRef_SIZE, true)
      if (line === 0) continue
      const part = this.#describe(id, line, vips)
      const { linked: reals, trash } = byService.get(id) ?? NOBODY
      byService.delete(id)
      const listed = directories[part.protocol].has(id)
      const stale = verify && listed && !regionMatches(maps.tables, line * LINE, part, reals)
      services.set(part.key, { ...part, listed, stale, reals, trash })
    }
    return {
      limits: this.#limits,
      vips,
      services,
      orphans: [...byService.values()].flatMap(({ linked, trash }) => [...linked, ...trash]),
      directories,
      nextOrder: maps.settings.getUint32(Settings_OFFSETS.nextOrder, true),
      timeouts: readTimeouts(maps.settings),
      peers: readPeers(maps.handles.peers),
    }
  }

  #describe(id: number, line: number, vips: ReadonlyMap<number, ActualVip>): Described {
    let same = this.#described[id] !== undefined
    for (let word = 0; word < HEADER_WORDS; word++) {
      const value = this.#maps.tables.getUint32(line * LINE + 4 * word, true)
      same = same && this.#headers[id * HEADER_WORDS + word] === value
      this.#headers[id * HEADER_WORDS + word] = value
    }
    const known = this.#described[id]
    if (same && known !== undefined && vips.get(known.vipId)?.address === known.vip) return known
    const described = describe(readService(this.#maps.tables, line * LINE), vips)
    this.#described[id] = described
    return described
  }
}

const NOBODY = { linked: [], trash: [] }

function describe(header: Service, vips: ReadonlyMap<number, ActualVip>): Described {
  const persistence = persistenceOf(header)
  const name = {
    vip: vips.get(header.vip)?.address ?? '',
    port: header.port,
    protocol: header.proto === Proto.UDP ? ('udp' as const) : ('tcp' as const),
  }
  return {
    ...name,
    id: header.id,
    key: serviceKey(name),
    vipId: header.vip,
    scheduler: SCHEDULER_NAME[header.scheduler] ?? 'wlc',
    ...(persistence && { persistence }),
    generation: header.generation,
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

function readPeers(peers: BpfMap): MacText[] {
  const found: MacText[] = []
  for (let key = peers.nextKey(); key !== undefined; key = peers.nextKey(key)) {
    if (key.length === Mac_SIZE) found.push(formatMac(key))
  }
  return found.sort()
}
