// SPDX-License-Identifier: Apache-2.0
// How much of what a filter lets through is recorded: one of how many, how many a second, how much of each, until when.
import { succeed } from './describe.js'
import { type Range, rangeFault, refuse, wholeNumber } from './rules.js'
import { parseTraceFilter, type TraceFilter, traceText } from './trace.js'
import type { Outcome } from './types.js'

export interface TraceWish {
  readonly filter: TraceFilter
  /** one of so many packets that match but for real, service and reason */
  readonly sample: number
  /** records a second at most, 0 = no limit */
  readonly limit: number
  /** bytes kept of each frame */
  readonly head: number
  /** ends after so many records */
  readonly count?: number
  /** ms after which it ends */
  readonly last?: number
}

type NumberName = 'sample' | 'limit' | 'head' | 'count' | 'last'

export const TRACE_RANGES: Readonly<Record<NumberName, Range>> = {
  sample: [1, 1_000_000],
  limit: [0, 1_000_000],
  head: [14, 256],
  count: [1, 1_000_000_000],
  last: [1, 7 * 86_400_000],
}

/** Enough for every header and the beginning of a request; too few records to slow the director down. */
export const TRACE_DEFAULTS = { sample: 1, limit: 1_000, head: 128 } as const

/** As words of a command line or of a query have it; `filter` may be one text. */
export type TraceWords = { readonly filter?: string | readonly string[] | undefined } & {
  readonly [Name in NumberName]?: string | undefined
}

/** `subjectOf`: what a number is called where it stood, '--head'. */
export function parseTraceWish(
  words: TraceWords,
  subjectOf: (name: NumberName) => string = (name) => name,
): Outcome<TraceWish> {
  const { filter: said = [] } = words
  const filter = parseTraceFilter(typeof said === 'string' ? [said] : said, 'filter')
  const numbers = (Object.keys(TRACE_RANGES) as NumberName[]).map((name) => {
    const text = words[name]
    if (text === undefined) return succeed<TraceNumbers>({})
    const number = wholeNumber(text)
    const wrong = rangeFault(name === 'last' ? 'time in ms' : name, number, TRACE_RANGES[name])
    return wrong ? refuse<TraceNumbers>(wrong, subjectOf(name)) : succeed<TraceNumbers>({ [name]: number })
  })
  const problems = [filter, ...numbers].flatMap((one) => (one.ok ? [] : one.problems))
  if (!filter.ok || problems.length > 0) return { ok: false, problems }
  const all = Object.assign({}, ...numbers.map((one) => (one.ok ? one.value : {}))) as TraceNumbers
  return succeed({ ...TRACE_DEFAULTS, ...all, filter: filter.value })
}

type TraceNumbers = Partial<Omit<TraceWish, 'filter'>>

/** For a query: what is as usual is left out. */
export function traceQuery({ filter, ...numbers }: TraceWish): Readonly<Record<string, string>> {
  const text = traceText(filter)
  return {
    ...(text !== '' && { filter: text }),
    ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, String(value)])),
  }
}

/** 'client 198.51.100.0/24 port 80, 1 of 1000', or 'every packet'. */
export function wishText({ filter, sample }: TraceWish): string {
  const text = traceText(filter) || 'every packet'
  return sample > 1 ? `${text}, 1 of ${sample}` : text
}
