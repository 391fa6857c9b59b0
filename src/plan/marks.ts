// SPDX-License-Identifier: Apache-2.0
// Marks: which ports of which VIPs belong to the service of a mark, as one sorted table for each protocol (abi.h).
import { familyOf } from '../abi/address.js'
import { MarkRange_SIZE as ENTRY, Limit, readMarkRange, writeMarkRange } from '../abi/generated.js'
import { serviceKey } from '../model/keys.js'
import type { MarkRule, Protocol } from '../model/types.js'
import type { MarkRange } from './actual.js'
import { type Draft, vipIdOf } from './draft.js'
import type { Op } from './ops.js'

export const PROTOCOLS: readonly Protocol[] = ['tcp', 'udp', 'sctp']

/** Tables that change. Rules whose mark has no service are nobody's: IPVS ignores such marks. */
export function planMarks(
  draft: Draft,
  rules: readonly MarkRule[],
  services: ReadonlyMap<string, number>,
): Op[] {
  const wanted: Record<Protocol, MarkRange[]> = { tcp: [], udp: [], sctp: [] }
  for (const rule of rules) {
    const key = serviceKey({ mark: rule.mark, family: familyOf(rule.vip) })
    const service = services.get(key)
    const vipId = service === undefined ? undefined : vipIdOf(draft, rule.vip, key)
    if (service === undefined || vipId === undefined) continue
    draft.heldVips.add(vipId)
    for (const [first, last] of rule.ports)
      wanted[rule.protocol].push({ vipId, first, last, service, mark: rule.mark })
  }
  return PROTOCOLS.flatMap((protocol) => {
    const ranges = inOrder(draft, wanted[protocol], protocol)
    return same(ranges, draft.actual.marks[protocol])
      ? []
      : [{ op: 'marks-publish', protocol, ranges } as const]
  })
}

/** Lines of a table; none for no ranges. */
export function buildMarks(ranges: readonly MarkRange[]): Uint8Array {
  const bytes = new Uint8Array(linesOfMarks(ranges.length) * Limit.LINE_BYTES)
  const view = new DataView(bytes.buffer)
  for (const [i, { vipId, first, last, service, mark }] of ranges.entries()) {
    const vip = (vipId << 16) >>> 0
    writeMarkRange(view, i * ENTRY, { first: vip + first, last: vip + last, service, mark })
  }
  return bytes
}

export function linesOfMarks(ranges: number): number {
  return Math.ceil(ranges / Limit.MARKS_PER_LINE)
}

/** What stands in a table of `count` ranges. */
export function readMarks(view: DataView, offset: number, count: number): MarkRange[] {
  return Array.from({ length: count }, (_, i) => {
    const { first, last, service, mark } = readMarkRange(view, offset + i * ENTRY)
    return { vipId: first >>> 16, first: first & 0xffff, last: last & 0xffff, service, mark }
  })
}

/** Sorted; what touches and belongs to the same service is one range. */
function inOrder(draft: Draft, ranges: readonly MarkRange[], protocol: Protocol): MarkRange[] {
  const sorted = [...ranges].sort((a, b) => a.vipId - b.vipId || a.first - b.first)
  const found: MarkRange[] = []
  for (const range of sorted) {
    const before = found.at(-1)
    const together = before?.vipId === range.vipId && before.service === range.service
    if (before?.vipId === range.vipId && range.first <= before.last && !together) {
      draft.problems.push(torn(draft, protocol, before, range))
    } else if (together && range.first <= before.last + 1) {
      found[found.length - 1] = { ...before, last: Math.max(before.last, range.last) }
    } else found.push(range)
  }
  return found
}

function torn(draft: Draft, protocol: Protocol, a: MarkRange, b: MarkRange) {
  const vip = [...draft.vipIds].find(([, id]) => id === a.vipId)?.[0] ?? ''
  const last = Math.min(a.last, b.last)
  const ports = last === b.first ? `port ${last}` : `ports ${b.first} to ${last}`
  return {
    subject: `mark ${b.mark}`,
    reason: `${protocol} ${ports} of ${vip} carry mark ${a.mark} and mark ${b.mark}`,
    fix: 'take them out of one of the two rules',
  }
}

function same(a: readonly MarkRange[], b: readonly MarkRange[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, i) => {
      const other = b[i] as MarkRange
      return (['vipId', 'first', 'last', 'service', 'mark'] as const).every(
        (part) => one[part] === other[part],
      )
    })
  )
}
