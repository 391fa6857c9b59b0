// SPDX-License-Identifier: Apache-2.0
// Real servers that are being emptied, as people read them.
import type { DrainRow } from '../../api/contract.js'
import type { Look } from '../look.js'
import { count, duration } from '../numbers.js'
import { type Column, table } from '../table.js'

function columns(now: number): readonly Column<DrainRow>[] {
  return [
    { title: 'SERVICE', value: (d) => d.service, paint: (_, text, look) => look.bold(text) },
    { title: 'REAL', value: (d) => d.real.slice(`${d.service} > `.length) },
    { title: 'FOR', value: (d) => duration((now - d.since) / 1_000), right: true, spare: 2 },
    { title: 'ACTIVE', value: (d) => count(d.active), right: true },
    { title: 'INACT', value: (d) => count(d.inactive), right: true },
    { title: 'PERSIST', value: (d) => count(d.persistent), right: true, spare: 3 },
    { title: 'DEADLINE', value: (d) => deadlineText(d, now), paint: paintDeadline },
    { title: 'WHERE', value: (d) => (d.everywhere ? 'all services' : 'this service'), spare: 1 },
  ]
}

export function drainsLines(rows: readonly DrainRow[], look: Look, now: number): readonly string[] {
  return table(columns(now), rows, look)
}

/** 'none', 'in 9 min 3 s, then move', 'over: reset' */
function deadlineText({ deadline, end, stage }: DrainRow, now: number): string {
  if (deadline === undefined) return 'none'
  return stage === 'soft' ? `in ${duration((deadline - now) / 1_000)}, then ${end}` : `over: ${stage}`
}

function paintDeadline({ stage }: DrainRow, text: string, look: Look): string {
  return stage === 'soft' ? text : look.warn(text)
}
