// SPDX-License-Identifier: Apache-2.0
// What clients miss, worst first, each with what to conclude; apart from it what this host's stack got instead.
import type { DropRow } from '../../api/contract-sight.js'
import { badEnd } from '../../model/reasons.js'
import type { Look } from '../look.js'
import { grouped as digits } from '../numbers.js'
import { type Column, grouped } from '../table.js'

const COLUMNS: readonly Column<DropRow>[] = [
  {
    title: 'REASON',
    value: (d) => d.reason,
    paint: (d, text, look) => (d.rate > 0 && badEnd(d.reason) === 'lost' ? look.bad(text) : text),
  },
  { title: 'SERVICE', value: (d) => d.service ?? '-', paint: (_, text, look) => look.bold(text) },
  { title: 'RATE/S', value: (d) => rateText(d.rate), right: true },
  { title: 'PACKETS', value: (d) => digits(d.packets), right: true },
  { title: 'WHAT IT MEANS', value: (d) => d.about },
]
const UNSERVED = "not dropped, left to this host's stack:"

export function dropsLines(rows: readonly DropRow[], look: Look): readonly string[] {
  const of = (end: 'lost' | 'unserved') => rows.filter(({ reason }) => badEnd(reason) === end)
  const [lost, unserved] = [of('lost'), of('unserved')]
  return grouped(
    COLUMNS,
    [
      ...(lost.length > 0 ? [{ rows: lost }] : []),
      ...(unserved.length > 0 ? [{ title: look.dim(UNSERVED), rows: unserved }] : []),
    ],
    look,
  )
}

/** A tenth is what is told of a few. */
function rateText(rate: number): string {
  return rate >= 10 ? digits(Math.round(rate)) : rate.toFixed(1)
}
