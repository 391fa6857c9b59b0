// SPDX-License-Identifier: Apache-2.0
// What the packet path does with a region: bpf/sched_table.h in a few lines, on the very bytes.
import {
  Limit,
  readCursor,
  readSegment,
  readService,
  readShare,
  writeCursor,
} from '../../../src/abi/generated.js'

const LINE = Limit.LINE_BYTES

/** The next pick of rr or wrr; moves the region's cursor. 0 = no usable real server. */
export function pickNext(region: Uint8Array): number {
  const view = viewOf(region)
  const head = readService(view, 0)
  if (head.count === 0 || head.period === 0n) return 0
  const cursor = readCursor(view, LINE)
  writeCursor(view, LINE, { ...cursor, next: cursor.next + 1n })
  const n = cursor.next % head.period
  let start = 0n
  for (let i = 0; i < head.count; i++) {
    const segment = readSegment(view, 2 * LINE + 16 * i)
    if (n < segment.until) {
      const index = segment.first + Number((n - start) % BigInt(segment.count))
      return view.getUint32(head.ids * LINE + 4 * index, true)
    }
    start = segment.until
  }
  return 0
}

export function sharesOf(region: Uint8Array): { real: number; weight: number }[] {
  const view = viewOf(region)
  return Array.from({ length: readService(view, 0).count }, (_, i) => readShare(view, 2 * LINE + 8 * i))
}

export function bucketsOf(region: Uint8Array): number[] {
  const view = viewOf(region)
  return Array.from({ length: Limit.SH_BUCKETS }, (_, i) => view.getUint32(2 * LINE + 4 * i, true))
}

/** Ids by bucket or slot. */
export function idsOf(region: Uint8Array): number[] {
  const { count, ids } = readService(viewOf(region), 0)
  return Array.from({ length: count }, (_, i) => viewOf(region).getUint32(ids * LINE + 4 * i, true))
}

/** Everyone the region can choose. */
export function membersOf(region: Uint8Array): Set<number> {
  const head = readService(viewOf(region), 0)
  if (head.count === 0) return new Set()
  if (head.ids === 0) return new Set(sharesOf(region).map((share) => share.real))
  return new Set(new Uint32Array(region.buffer, region.byteOffset + head.ids * LINE).filter((id) => id !== 0))
}

export function viewOf(region: Uint8Array): DataView {
  return new DataView(region.buffer, region.byteOffset, region.byteLength)
}
