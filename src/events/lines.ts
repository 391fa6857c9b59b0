// SPDX-License-Identifier: Apache-2.0
// The lines of the event log. Each is one JSON object that begins with its moment: the head of a segment, an event, the
// facts as a whole, or what changed of them. Pure.
import type { EventRow } from '../api/contract-sight.js'
import type { FactChange, FactRow, Facts } from './facts.js'

export type Line =
  | { readonly kind: 'head'; readonly at: number; readonly next: number; readonly facts?: Facts }
  | { readonly kind: 'facts'; readonly at: number; readonly facts: Facts }
  | { readonly kind: 'change'; readonly at: number; readonly change: FactChange }
  | { readonly kind: 'event'; readonly at: number; readonly event: EventRow }

const EVENT = /^\{"at":\d+(?:\.\d+)?,"id":/
const MOMENT = /^\{"at":(\d+(?:\.\d+)?),/

/** `next`: the number of the first event that may stand in the segment. */
export function headLine(at: number, next: number, facts: Facts | undefined): string {
  return `{"at":${at},"next":${next}${facts === undefined ? '' : `,"facts":${rowsText(facts)}`}}\n`
}

export function factsLine(at: number, facts: Facts): string {
  return `{"at":${at},"facts":${rowsText(facts)}}\n`
}

export function changeLine(at: number, { set, gone }: FactChange): string {
  return `{"at":${at},"set":${rowsText(set)},"gone":${JSON.stringify(gone)}}\n`
}

export function eventLine({ at, id, ...rest }: EventRow): string {
  return `${JSON.stringify({ at, id, ...rest })}\n`
}

/** Without what stands after the last line end: a line that was being written when the power went. */
export function splitLines(text: string): readonly string[] {
  return text.split('\n').slice(0, -1)
}

/** ms since the epoch; undefined: no line of the event log. */
export function momentOf(line: string): number | undefined {
  const [, digits] = MOMENT.exec(line) ?? []
  return digits === undefined ? undefined : Number(digits)
}

export function isEventLine(line: string): boolean {
  return EVENT.test(line)
}

/** Undefined: it is damaged. */
export function parseLine(line: string): Line | undefined {
  const at = momentOf(line)
  const value = at === undefined ? undefined : parsed(line)
  if (at === undefined || value === undefined) return undefined
  if (isEvent(value)) return { kind: 'event', at, event: value }
  const { next, facts, set, gone } = value
  const rows = facts === undefined ? undefined : rowsOf(facts)
  if (facts !== undefined && rows === undefined) return undefined
  if (typeof next === 'number') return { kind: 'head', at, next, ...(rows && { facts: new Map(rows) }) }
  if (rows) return { kind: 'facts', at, facts: new Map(rows) }
  const some = rowsOf(set)
  if (!some || !isTexts(gone)) return undefined
  return { kind: 'change', at, change: { set: some, gone } }
}

function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return undefined
  }
}

function isEvent(value: object): value is EventRow {
  const { id, kind, severity, text } = value as Partial<EventRow>
  return (
    Number.isSafeInteger(id) &&
    typeof kind === 'string' &&
    typeof severity === 'string' &&
    typeof text === 'string'
  )
}

function rowsText(rows: Iterable<FactRow>): string {
  return `[${[...rows].map(([key, text]) => `[${JSON.stringify(key)},${text}]`).join(',')}]`
}

function rowsOf(value: unknown): readonly FactRow[] | undefined {
  if (!Array.isArray(value)) return undefined
  const rows = value.map((row: unknown): FactRow | undefined => {
    if (!Array.isArray(row) || row.length !== 2 || typeof row[0] !== 'string') return undefined
    return [row[0], JSON.stringify(row[1])]
  })
  return rows.includes(undefined) ? undefined : (rows as readonly FactRow[])
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}
