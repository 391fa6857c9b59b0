// SPDX-License-Identifier: Apache-2.0
// A service version as the arena holds it (abi.h): header line, cursor line, then what its scheduler needs.
import { familyOf, formatAddress, maskBytes, maskToPrefix } from '../abi/address.js'
import {
  Family,
  type Service as Header,
  Limit,
  Proto,
  readCursor,
  readSegment,
  readService,
  Scheduler,
  Segment_SIZE,
  ServiceFlag,
  Share_SIZE,
  writeCursor,
  writeSegment,
  writeService,
  writeShare,
} from '../abi/generated.js'
import type { Persistence, Protocol, SchedulerName } from '../model/types.js'
import type { Listed, ServicePublish, ServiceShape } from './ops.js'
import {
  periodOf,
  rrSequence,
  rrStart,
  type Segment,
  type Sequence,
  wrrSequence,
  wrrStart,
  wrrWeightAt,
} from './sequence.js'
import { applyEdits, freshWalk, type Schedule, type Walk } from './walk.js'

export const SCHEDULER_NUMBER: Readonly<Record<SchedulerName, number>> = {
  rr: Scheduler.SCHED_RR,
  wrr: Scheduler.SCHED_WRR,
  wlc: Scheduler.SCHED_WLC,
  sh: Scheduler.SCHED_SH,
}
export const PROTOCOL_NUMBER: Readonly<Record<Protocol, number>> = { tcp: Proto.TCP, udp: Proto.UDP }

const LINE = Limit.LINE_BYTES
const HEAD_LINES = 2

/** The next version of a service; `walk` is where the published one stands (readWalk), undefined when there is none. */
export function publish(op: ServicePublish, walk: Walk | undefined, generation: number): Uint8Array {
  const from = op.fresh || walk === undefined ? freshWalk(op.service.scheduler, op.was) : walk
  return buildRegion(op.service, applyEdits({ list: op.was, walk: from }, op.edits), generation)
}

export function buildRegion(shape: ServiceShape, schedule: Schedule, generation: number): Uint8Array {
  switch (schedule.walk.kind) {
    case 'rr':
      return sequenceRegion(shape, schedule, rrSequence(schedule.list), generation)
    case 'wrr':
      return sequenceRegion(shape, schedule, wrrSequence(schedule.list, schedule.walk.step), generation)
    default:
      return shape.scheduler === 'sh'
        ? bucketRegion(shape, schedule.list, generation)
        : shareRegion(shape, schedule.list, generation)
  }
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
  const wanted = buildRegion(
    shape,
    { list, walk: freshWalk(shape.scheduler, list) },
    view.getUint32(offset + 56, true),
  )
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

/** Equal text means the same persistence. */
export function persistenceText(persistence: Persistence | undefined): string {
  if (persistence === undefined) return ''
  return `${persistence.timeout}/${maskBytes(persistence).join('.')}`
}

function sequenceRegion(
  shape: ServiceShape,
  schedule: Schedule,
  sequence: Sequence,
  generation: number,
): Uint8Array {
  const ids = HEAD_LINES + Math.ceil(sequence.segments.length / Limit.SEGMENTS_PER_LINE)
  const lines = ids + Math.ceil(sequence.ids.length / Limit.IDS_PER_LINE)
  const { bytes, view } = header(shape, generation, lines, {
    count: sequence.segments.length,
    ids,
    period: periodOf(sequence),
  })
  writeCursor(view, LINE, cursorOf(schedule, sequence))
  for (const [i, segment] of sequence.segments.entries()) {
    writeSegment(view, HEAD_LINES * LINE + i * Segment_SIZE, segment)
  }
  new Uint32Array(bytes.buffer, ids * LINE, sequence.ids.length).set(sequence.ids)
  return bytes
}

function cursorOf({ list, walk }: Schedule, sequence: Sequence) {
  if (walk.kind === 'rr') {
    const start = rrStart(list, walk.position)
    return { next: start, start, position: walk.position, currentWeight: 0, maxWeight: 0, step: 0 }
  }
  if (walk.kind === 'none') throw new TypeError('only rr and wrr walk')
  const { maxWeight, step, resume } = walk
  if (resume !== undefined) {
    return {
      next: resume.next,
      start: resume.start,
      position: 0,
      currentWeight: resume.startWeight,
      maxWeight,
      step,
    }
  }
  const start = wrrStart(sequence, walk)
  return { next: start, start, position: 0, currentWeight: walk.currentWeight, maxWeight, step }
}

/** wlc: weight > 0 only, in list order. */
function shareRegion(shape: ServiceShape, list: readonly Listed[], generation: number): Uint8Array {
  const usable = list.filter((member) => member.weight > 0)
  const lines = HEAD_LINES + Math.ceil(usable.length / Limit.SHARES_PER_LINE)
  const { bytes, view } = header(shape, generation, lines, { count: usable.length, ids: 0, period: 0n })
  for (const [i, { id, weight }] of usable.entries()) {
    writeShare(view, HEAD_LINES * LINE + i * Share_SIZE, { real: id, weight })
  }
  return bytes
}

/**
 * sh: round the list, everyone fills max(1, weight) consecutive buckets. A server of weight 0 keeps its
 * bucket, which refuses (0), as IPVS without sh-fallback does.
 */
function bucketRegion(shape: ServiceShape, list: readonly Listed[], generation: number): Uint8Array {
  const lines = HEAD_LINES + Limit.SH_BUCKETS / Limit.IDS_PER_LINE
  const count = list.some((member) => member.weight > 0) ? Limit.SH_BUCKETS : 0
  const { bytes } = header(shape, generation, lines, { count, ids: HEAD_LINES, period: 0n })
  const buckets = new Uint32Array(bytes.buffer, HEAD_LINES * LINE, Limit.SH_BUCKETS)
  for (let at = 0, next = 0; at < buckets.length && list.length > 0; next++) {
    const { id, weight } = list[next % list.length] as Listed
    const end = Math.min(buckets.length, at + Math.max(1, weight))
    buckets.fill(weight > 0 ? id : 0, at, end)
    at = end
  }
  return bytes
}

interface Table {
  readonly count: number
  readonly ids: number
  readonly period: bigint
}

function header(shape: ServiceShape, generation: number, lines: number, table: Table) {
  const bytes = new Uint8Array(lines * LINE)
  const view = new DataView(bytes.buffer)
  const mask = new DataView((shape.persistence ? maskBytes(shape.persistence) : new Uint8Array(16)).buffer)
  writeService(view, 0, {
    ...table,
    id: shape.id,
    lines,
    vip: shape.vipId,
    port: shape.port,
    proto: PROTOCOL_NUMBER[shape.protocol],
    scheduler: SCHEDULER_NUMBER[shape.scheduler],
    family: familyOf(shape.vip) === 4 ? Family.IPV4 : Family.IPV6,
    flags: shape.persistence ? ServiceFlag.SERVICE_PERSISTENT : 0,
    persistSeconds: shape.persistence?.timeout ?? 0,
    persistMask: [0, 4, 8, 12].map((at) => mask.getUint32(at)),
    generation,
  })
  return { bytes, view }
}

function readSegments(view: DataView, offset: number, count: number): Segment[] {
  const from = offset + HEAD_LINES * LINE
  return Array.from({ length: count }, (_, i) => readSegment(view, from + i * Segment_SIZE))
}
