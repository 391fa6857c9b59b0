// SPDX-License-Identifier: Apache-2.0
// The lines of a segment, read again up to a moment: how things stood then. Pure.
import { changed, type Facts } from './facts.js'
import { isEventLine, momentOf, parseLine } from './lines.js'

export interface Replayed {
  /** undefined: nothing was known then, or a damaged line stands where it was said */
  readonly facts: Facts | undefined
  /** the last line of all is not later than the moment that was asked for */
  readonly toEnd: boolean
  /** no line of the event log */
  readonly damaged: number
}

/** Facts after the last line that is not later than `at` (ms since the epoch). */
export function replay(lines: readonly string[], at = Number.POSITIVE_INFINITY): Replayed {
  const moments = lines.map(momentOf)
  const asked = moments.findLastIndex((moment) => moment !== undefined && moment <= at)
  const last = at === Number.POSITIVE_INFINITY ? lines.length - 1 : asked
  let facts: Facts | undefined
  let damaged = 0
  for (const line of lines.slice(0, last + 1)) {
    if (isEventLine(line)) continue
    const read = parseLine(line)
    if (read?.kind === 'head' || read?.kind === 'facts') facts = read.facts
    else if (read?.kind === 'change') facts = facts && changed(facts, read.change)
    else facts = undefined
    if (read === undefined) damaged++
  }
  return { facts, damaged, toEnd: last === lines.length - 1 }
}

/** When facts are known first; undefined: never in these lines. */
export function firstFacts(lines: readonly string[]): number | undefined {
  for (const line of lines) {
    if (isEventLine(line)) continue
    const read = parseLine(line)
    if (read?.kind === 'facts' || (read?.kind === 'head' && read.facts)) return read.at
  }
  return undefined
}
