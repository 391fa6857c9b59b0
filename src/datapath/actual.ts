// SPDX-License-Identifier: Apache-2.0
// Actual, read back from the maps: all a controller knows after a restart, and all it needs.
import type { BpfMap } from 'libbpf-ts'
import { formatMac } from '../abi/address.js'
import {
  Family,
  Limit,
  Mac_SIZE,
  readDir,
  readService,
  type Service,
  Service_SIZE,
  ServiceFlag,
  ServiceRef_SIZE,
  Settings_OFFSETS,
} from '../abi/generated.js'
import { serviceKey } from '../model/keys.js'
import type { Limits, MacText, Protocol, ServiceKey, ServiceMatch } from '../model/types.js'
import type { Actual, ActualService, ActualVip, DirectoryName, MarkRange } from '../plan/actual.js'
import { readDirectory } from '../plan/directory.js'
import { readMarks } from '../plan/marks.js'
import {
  PROTOCOL_NUMBER,
  persistenceOf,
  regionMatches,
  SCHEDULER_NUMBER,
  schedulerFlagsOf,
} from '../plan/region.js'
import type { Ledger } from './ledger.js'
import type { Maps } from './maps.js'
import { RealReader } from './reals.js'
import { DIRECTORY_OFFSET, MARKS_OFFSET, readTimeouts, readTunables } from './settings.js'
import { readVips, withMarked } from './vips.js'

const LINE = Limit.LINE_BYTES
const HEADER_WORDS = Service_SIZE / 4
const SCHEDULER_NAME = namesOf(SCHEDULER_NUMBER)
const PROTOCOL_NAME = namesOf(PROTOCOL_NUMBER)

/** What a region's header says. */
type Described = Omit<ActualService, 'listed' | 'stale' | 'reals' | 'trash'> & { readonly epoch: number }

export interface Look {
  /** compare every published region with its list, as after another controller's death */
  readonly verify?: boolean
  /** find out which VIPs without a service of their own marks need */
  readonly marked?: boolean
}

/** Reads again and again; a header with the same bytes as before is not decoded twice. */
export class ActualReader {
  readonly #maps: Maps
  readonly #limits: Limits
  readonly #ledger: Ledger
  readonly #reals: RealReader
  readonly #described: Described[] = []
  readonly #headers: Uint32Array

  constructor(maps: Maps, limits: Limits, ledger: Ledger) {
    this.#maps = maps
    this.#ledger = ledger
    this.#limits = limits
    this.#reals = new RealReader(maps, ledger)
    this.#headers = new Uint32Array(HEADER_WORDS * maps.sizes.services)
  }

  read({ verify = false, marked = false }: Look = {}): Actual {
    const maps = this.#maps
    const directories = readDirectories(maps)
    const marks = readAllMarks(maps)
    const vips = readVips(maps)
    const strange = { services: [] as number[], reals: [] as number[] }
    const byService = this.#reals.byService(strange.reals)
    const services = new Map<ServiceKey, ActualService>()
    for (let id = 1; id < maps.sizes.services; id++) {
      const line = maps.services.getUint32(id * ServiceRef_SIZE, true)
      if (line === 0) continue
      if (!this.#ledger.ownsService(id)) {
        strange.services.push(id)
        continue
      }
      const { epoch, ...part } = this.#describe(id, line, vips)
      const { linked: reals, trash } = byService.get(id) ?? NOBODY
      byService.delete(id)
      const { match } = part
      const listed = match.mark === undefined ? directories[match.protocol].has(id) : epoch !== 0
      const stale = verify && listed && !regionMatches(maps.tables, line * LINE, part, reals)
      services.set(part.key, { ...part, listed, stale, reals, trash })
    }
    return {
      limits: this.#limits,
      vips: marked ? withMarked(maps, vips, services.values(), marks) : vips,
      services,
      orphans: [...byService.values()].flatMap(({ linked, trash }) => [...linked, ...trash]),
      strange,
      directories,
      marks,
      nextOrder: maps.settings.getUint32(Settings_OFFSETS.nextOrder, true),
      timeouts: readTimeouts(maps.settings),
      tunables: readTunables(maps.settings),
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
    if (same && known !== undefined && vips.get(known.vipId)?.address === known.match.vip) return known
    const described = describe(readService(this.#maps.tables, line * LINE), vips)
    this.#described[id] = described
    return described
  }
}

const NOBODY = { linked: [], trash: [] }

function describe(header: Service, vips: ReadonlyMap<number, ActualVip>): Described {
  const persistence = persistenceOf(header)
  const flags = schedulerFlagsOf(header)
  const match = matchIn(header, vips)
  return {
    id: header.id,
    key: serviceKey(match),
    vipId: header.vip,
    match,
    scheduler: SCHEDULER_NAME.get(header.scheduler) ?? 'none',
    ...(flags.length > 0 && { flags }),
    ...(persistence && { persistence }),
    ...((header.flags & ServiceFlag.SERVICE_ONE_PACKET) !== 0 && { onePacket: true as const }),
    ...((header.flags & ServiceFlag.SERVICE_UNLIMITED) === 0 && { limited: true as const }),
    generation: header.generation,
    epoch: header.epoch,
  }
}

function matchIn(header: Service, vips: ReadonlyMap<number, ActualVip>): ServiceMatch {
  if (header.mark !== 0) return { mark: header.mark, family: header.family === Family.IPV4 ? 4 : 6 }
  const vip = vips.get(header.vip)?.address ?? ''
  return { vip, port: header.port, protocol: PROTOCOL_NAME.get(header.proto) ?? 'tcp' }
}

function namesOf<Name extends string>(numbers: Readonly<Record<Name, number>>): ReadonlyMap<number, Name> {
  return new Map(Object.entries<number>(numbers).map(([name, number]) => [number, name as Name]))
}

function readDirectories(maps: Maps): Actual['directories'] {
  const names = Object.keys(DIRECTORY_OFFSET) as DirectoryName[]
  return Object.fromEntries(names.map((name) => [name, directoryIn(maps, name)])) as Actual['directories']
}

function readAllMarks(maps: Maps): Readonly<Record<Protocol, readonly MarkRange[]>> {
  const of = (protocol: Protocol) => {
    const { line, mask: count } = readDir(maps.settings, MARKS_OFFSET[protocol])
    return line === 0 ? [] : readMarks(maps.tables, line * LINE, count)
  }
  return { tcp: of('tcp'), udp: of('udp'), sctp: of('sctp') }
}

function directoryIn(maps: Maps, name: DirectoryName) {
  const { line, mask } = readDir(maps.settings, DIRECTORY_OFFSET[name])
  if (line === 0) return new Map<number, number>()
  return readDirectory(new Uint32Array(maps.tables.buffer, line * LINE, ((mask + 1) * LINE) / 4))
}

function readPeers(peers: BpfMap): MacText[] {
  const found: MacText[] = []
  for (let key = peers.nextKey(); key !== undefined; key = peers.nextKey(key)) {
    if (key.length === Mac_SIZE) found.push(formatMac(key))
  }
  return found.sort()
}
