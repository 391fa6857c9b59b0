// SPDX-License-Identifier: Apache-2.0
// A service version as the arena holds it (abi.h): header line, cursor line, then what its scheduler needs.
import { formatAddress, maskBytes, maskToPrefix } from '../abi/address.js'
import {
  Family,
  type Service as Header,
  Proto,
  readCursor,
  readSegment,
  readService,
  Scheduler,
  Segment_SIZE,
  ServiceFlag,
  writeService,
} from '../abi/generated.js'
import { serviceFamily } from '../model/keys.js'
import type { Persistence, Protocol, SchedulerFlag, SchedulerName } from '../model/types.js'
import type { Listed, ServicePublish, ServiceShape } from './ops.js'
import { type Segment, wrrWeightAt } from './sequence.js'
import { HEAD_LINES, LINE, type Table, tableOf } from './table.js'
import { applyEdits, freshWalk, type Schedule, type Walk } from './walk.js'

export const SCHEDULER_NUMBER: Readonly<Record<SchedulerName, number>> = {
  none: Scheduler.SCHED_NONE,
  rr: Scheduler.SCHED_RR,
  wrr: Scheduler.SCHED_WRR,
  lc: Scheduler.SCHED_LC,
  wlc: Scheduler.SCHED_WLC,
  lblc: Scheduler.SCHED_LBLC,
  lblcr: Scheduler.SCHED_LBLCR,
  dh: Scheduler.SCHED_DH,
  sh: Scheduler.SCHED_SH,
  sed: Scheduler.SCHED_SED,
  nq: Scheduler.SCHED_NQ,
  fo: Scheduler.SCHED_FO,
  ovf: Scheduler.SCHED_OVF,
  mh: Scheduler.SCHED_MH,
  twos: Scheduler.SCHED_TWOS,
}
export const PROTOCOL_NUMBER: Readonly<Record<Protocol, number>> = {
  tcp: Proto.TCP,
  udp: Proto.UDP,
  sctp: Proto.SCTP,
}
const FLAG_BIT: Readonly<Record<SchedulerFlag, number>> = {
  1: ServiceFlag.SERVICE_SCHED1,
  2: ServiceFlag.SERVICE_SCHED2,
  3: ServiceFlag.SERVICE_SCHED3,
}

/** Which of the versions of a service this is. */
export interface Version {
  /** of the publications of this service id */
  readonly generation: number
  /** of its scheduler's beginnings, over all services; 0: withdrawn, no packet is scheduled by it */
  readonly epoch: number
}

/** The next version of a service; `walk` is where the published one stands (readWalk), undefined when there is none. */
export function publish(op: ServicePublish, walk: Walk | undefined, version: Version): Uint8Array {
  const from = op.fresh || walk === undefined ? freshWalk(op.service.scheduler, op.was) : walk
  return buildRegion(op.service, applyEdits({ list: op.was, walk: from }, op.edits), version)
}

/** Nobody is in it and nothing leads to it: it keeps the id while connections may point at its trash. */
export function withdrawn(shape: ServiceShape, generation: number): Uint8Array {
  return buildRegion(shape, { list: [], walk: { kind: 'none' } }, { generation, epoch: 0 })
}

export function buildRegion(shape: ServiceShape, schedule: Schedule, version: Version): Uint8Array {
  const table = tableOf(shape.scheduler, schedule)
  const bytes = new Uint8Array(table.lines * LINE)
  writeService(new DataView(bytes.buffer), 0, headerOf(shape, table, version))
  table.write(bytes)
  return bytes
}

/** Where rr or wrr stands in a published region that starts at `offset`. */
export function readWalk(view: DataView, offset: number): Walk {
  const header = readService(view, offset)
  const cursor = readCursor(view, offset + LINE)
  const moved = cursor.next !== cursor.start && header.period > 0n
  const last = moved ? (cursor.next - 1n) % header.period : 0n
  if (header.scheduler === Scheduler.SCHED_RR) {
    const ids = offset + header.ids * LINE
    return { kind: 'rr', position: moved ? view.getUint32(ids + 4 * Number(last), true) : cursor.position }
  }
  if (header.scheduler !== Scheduler.SCHED_WRR) return { kind: 'none' }
  const { maxWeight, step } = cursor
  return {
    kind: 'wrr',
    currentWeight: moved
      ? wrrWeightAt(readSegments(view, offset, header.count), last, maxWeight, step)
      : cursor.currentWeight,
    maxWeight,
    step,
    resume: { next: cursor.next, start: cursor.start, startWeight: cursor.currentWeight },
  }
}

/** The published region serves exactly this shape and list; where its scheduler stands does not matter. */
export function regionMatches(
  view: DataView,
  offset: number,
  shape: ServiceShape,
  list: readonly Listed[],
): boolean {
  const schedule = { list, walk: freshWalk(shape.scheduler, list) }
  const wanted = buildRegion(shape, schedule, readService(view, offset))
  const found = new Uint8Array(view.buffer, view.byteOffset + offset, wanted.length)
  for (let i = 0; i < LINE; i++) if (found[i] !== wanted[i]) return false
  for (let i = HEAD_LINES * LINE; i < wanted.length; i++) if (found[i] !== wanted[i]) return false
  return true
}

/** Persistence as a header keeps it, back in the model's words. */
export function persistenceOf(header: Header): Persistence | undefined {
  if ((header.flags & ServiceFlag.SERVICE_PERSISTENT) === 0) return undefined
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  for (const [i, word] of header.persistMask.entries()) view.setUint32(4 * i, word)
  const prefix = maskToPrefix(header.family === Family.IPV4 ? bytes.subarray(0, 4) : bytes)
  if (prefix !== undefined) return { timeout: header.persistSeconds, prefix }
  return { timeout: header.persistSeconds, prefix: 32, mask: formatAddress(bytes, 4) }
}

export function schedulerFlagsOf(header: Header): SchedulerFlag[] {
  return ([1, 2, 3] as const).filter((flag) => (header.flags & FLAG_BIT[flag]) !== 0)
}

/** Equal text means the same header but for id, VIP, match and scheduler. */
export function termsText({
  persistence,
  flags,
  onePacket,
  limited,
}: Pick<ServiceShape, 'persistence' | 'flags' | 'onePacket' | 'limited'>): string {
  const sticky = persistence === undefined ? '' : `${persistence.timeout}/${maskBytes(persistence).join('.')}`
  return `${sticky} ${[...(flags ?? [])].sort().join()} ${onePacket ?? false} ${limited ?? false}`
}

function headerOf(shape: ServiceShape, table: Table, { generation, epoch }: Version): Header {
  const { match, persistence } = shape
  const mask = new DataView((persistence ? maskBytes(persistence) : new Uint8Array(16)).buffer)
  return {
    id: shape.id,
    lines: table.lines,
    vip: shape.vipId,
    port: match.port ?? 0,
    proto: PROTOCOL_NUMBER[match.protocol ?? 'tcp'],
    scheduler: SCHEDULER_NUMBER[shape.scheduler],
    family: serviceFamily(match) === 4 ? Family.IPV4 : Family.IPV6,
    flags: flagBits(shape),
    count: table.count,
    ids: table.ids,
    persistSeconds: persistence?.timeout ?? 0,
    mark: match.mark ?? 0,
    period: table.period,
    persistMask: [0, 4, 8, 12].map((at) => mask.getUint32(at)),
    generation,
    epoch,
  }
}

function flagBits({ flags, persistence, onePacket, limited }: ServiceShape): number {
  let bits = persistence ? ServiceFlag.SERVICE_PERSISTENT : 0
  if (!limited) bits |= ServiceFlag.SERVICE_UNLIMITED
  if (onePacket) bits |= ServiceFlag.SERVICE_ONE_PACKET
  for (const flag of flags ?? []) bits |= FLAG_BIT[flag]
  return bits
}

function readSegments(view: DataView, offset: number, count: number): Segment[] {
  const from = offset + HEAD_LINES * LINE
  return Array.from({ length: count }, (_, i) => readSegment(view, from + i * Segment_SIZE))
}
