// SPDX-License-Identifier: Apache-2.0
// Events as people read them: when, how grave, what.
import type { EventRow, EventsSkipped } from '../../api/contract-sight.js'
import type { Look } from '../look.js'
import { momentText } from '../moments.js'
import { grouped } from '../numbers.js'

const PAINT: Readonly<Record<EventRow['severity'], keyof Look & ('dim' | 'good' | 'warn' | 'bad' | 'bold')>> =
  {
    info: 'dim',
    notice: 'bold',
    warning: 'warn',
    error: 'bad',
  }
const WIDEST = 'warning'.length

export function eventLine(event: EventRow, look: Look): string {
  const { at, severity, text, reason } = event
  const why = reason === undefined || text.includes(reason) ? '' : ` (${reason})`
  const grave = look[PAINT[severity]](severity) + ' '.repeat(WIDEST - severity.length)
  return `${look.dim(momentText(at))}  ${grave}  ${text}${why}`
}

export function skippedLine({ skipped }: EventsSkipped, look: Look): string {
  return look.warn(`${grouped(skipped)} events are left out here: they came faster than they were read`)
}
