// SPDX-License-Identifier: Apache-2.0
// What a scheduler needs behind a region's header and cursor (abi.h): segments and ids, buckets, slots or shares.
import { Limit, Segment_SIZE, Share_SIZE, writeCursor, writeSegment, writeShare } from '../abi/generated.js'
import type { SchedulerName } from '../model/types.js'
import { maglevSlots } from './maglev.js'
import type { Listed } from './ops.js'
import { periodOf, rrSequence, rrStart, type Sequence, wrrSequence, wrrStart } from './sequence.js'
import type { Schedule } from './walk.js'

export const LINE = Limit.LINE_BYTES
export const HEAD_LINES = 2

/** The lines of a region behind its header, which tells the first three numbers of them. */
export interface Table {
  /** entries: ids, segments or shares; 0 = nobody is usable */
  readonly count: number
  /** rr, wrr: line of the first id, relative to the region */
  readonly ids: number
  /** rr, wrr: picks until the sequence repeats */
  readonly period: bigint
  readonly lines: number
  /** into the region's bytes */
  readonly write: (bytes: Uint8Array) => void
}

export function tableOf(scheduler: SchedulerName, schedule: Schedule): Table {
  const { list, walk } = schedule
  if (walk.kind === 'rr') return sequenceTable(schedule, rrSequence(list))
  if (walk.kind === 'wrr') return sequenceTable(schedule, wrrSequence(list, walk.step))
  const slots = slotsOf(scheduler, list)
  if (slots !== undefined) return idTable(list, slots)
  switch (scheduler) {
    case 'fo':
    case 'ovf':
      return shareTable([...list].sort((a, b) => b.weight - a.weight))
    case 'none':
      return shareTable([])
    default:
      return shareTable(list)
  }
}

/** Ids of real servers by bucket or slot, 0 = refuses; undefined for schedulers that do not hash. */
export function slotsOf(scheduler: SchedulerName, list: readonly Listed[]): Uint32Array | undefined {
  switch (scheduler) {
    case 'sh':
      return sourceBuckets(list)
    case 'dh':
      return destinationBuckets(list)
    case 'mh':
      return maglevSlots(list)
    default:
      return undefined
  }
}

function sequenceTable(schedule: Schedule, sequence: Sequence): Table {
  const ids = HEAD_LINES + Math.ceil(sequence.segments.length / Limit.SEGMENTS_PER_LINE)
  return {
    count: sequence.segments.length,
    ids,
    period: periodOf(sequence),
    lines: ids + Math.ceil(sequence.ids.length / Limit.IDS_PER_LINE),
    write: ({ buffer }) => {
      const view = new DataView(buffer)
      writeCursor(view, LINE, cursorOf(schedule, sequence))
      for (const [i, segment] of sequence.segments.entries()) {
        writeSegment(view, HEAD_LINES * LINE + i * Segment_SIZE, segment)
      }
      new Uint32Array(buffer, ids * LINE, sequence.ids.length).set(sequence.ids)
    },
  }
}

function cursorOf({ list, walk }: Schedule, sequence: Sequence) {
  if (walk.kind === 'rr') {
    const start = rrStart(list, walk.position)
    return { next: start, start, position: walk.position, currentWeight: 0, maxWeight: 0, step: 0 }
  }
  if (walk.kind === 'none') throw new TypeError('only rr and wrr walk')
  const { maxWeight, step, resume } = walk
  if (resume !== undefined) {
    const { next, start, startWeight: currentWeight } = resume
    return { next, start, position: 0, currentWeight, maxWeight, step }
  }
  const start = wrrStart(sequence, walk)
  return { next: start, start, position: 0, currentWeight: walk.currentWeight, maxWeight, step }
}

/** Weight > 0 only, in the order given. */
function shareTable(order: readonly Listed[]): Table {
  const usable = order.filter((member) => member.weight > 0)
  return {
    count: usable.length,
    ids: 0,
    period: 0n,
    lines: HEAD_LINES + Math.ceil(usable.length / Limit.SHARES_PER_LINE),
    write: ({ buffer }) => {
      const view = new DataView(buffer)
      for (const [i, { id, weight }] of usable.entries()) {
        writeShare(view, HEAD_LINES * LINE + i * Share_SIZE, { real: id, weight })
      }
    },
  }
}

function idTable(list: readonly Listed[], ids: Uint32Array): Table {
  return {
    count: list.some((member) => member.weight > 0) ? ids.length : 0,
    ids: HEAD_LINES,
    period: 0n,
    lines: HEAD_LINES + Math.ceil(ids.length / Limit.IDS_PER_LINE),
    write: ({ buffer }) => new Uint32Array(buffer, HEAD_LINES * LINE, ids.length).set(ids),
  }
}

/**
 * sh: round the list, everyone fills max(1, weight) consecutive buckets. A server of weight 0 keeps its
 * bucket, which refuses (0), as in IPVS.
 */
function sourceBuckets(list: readonly Listed[]): Uint32Array {
  const buckets = new Uint32Array(Limit.SH_BUCKETS)
  for (let at = 0, next = 0; at < buckets.length && list.length > 0; next++) {
    const { id, weight } = list[next % list.length] as Listed
    const end = Math.min(buckets.length, at + Math.max(1, weight))
    buckets.fill(weight > 0 ? id : 0, at, end)
    at = end
  }
  return buckets
}

/** dh: one bucket each, round the list, whatever the weights; one of weight 0 refuses. */
function destinationBuckets(list: readonly Listed[]): Uint32Array {
  return Uint32Array.from({ length: Limit.SH_BUCKETS }, (_, bucket) => {
    const member = list[bucket % list.length]
    return member !== undefined && member.weight > 0 ? member.id : 0
  })
}
