// SPDX-License-Identifier: Apache-2.0
// What can happen, how it is written down, and how much of it is kept. No I/O.
import { fail, quote, succeed } from './describe.js'
import type { Fault, Range } from './rules.js'
import type { Outcome } from './types.js'

/** What an event is about. */
export const EVENT_KINDS = [
  'real',
  'quorum',
  'service',
  'weight',
  'drain',
  'mark',
  'setting',
  'interface',
  'nexthop',
  'failover',
  'reload',
  'apply',
  'defence',
  'mended',
  'daemon',
] as const
export type EventKind = (typeof EVENT_KINDS)[number]

/** 'text': the sentence; 'keyvalue': event=real-down service="…"; 'json': one object a line. */
export const LOG_FORMATS = ['text', 'keyvalue', 'json'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]

/** bytes that the event log may take, its states included */
export const EVENTS_SIZE: Range = [65_536, 17_179_869_184]
export const DEFAULT_EVENTS_SIZE = 16_777_216

const UNITS: Readonly<Record<string, number>> = { KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 }
export const SIZE_PATTERN = '^[0-9]{1,6}(KiB|MiB|GiB)$'
const SIZE_FIX = 'write it like 16MiB, from 64KiB to 16GiB'

/** Bytes: '16MiB', '512KiB', '1GiB'. */
export function parseEventsSize(text: string): Outcome<number> {
  const [, digits, unit = ''] = /^([0-9]{1,6})(KiB|MiB|GiB)$/.exec(text) ?? []
  const bytes = Number(digits) * (UNITS[unit] ?? Number.NaN)
  if (Number.isNaN(bytes)) return fail({ reason: `size ${quote(text)} is not a size`, fix: SIZE_FIX })
  const [low, high] = EVENTS_SIZE
  if (bytes >= low && bytes <= high) return succeed(bytes)
  return fail({ reason: `size ${text} is ${bytes < low ? 'below 64KiB' : 'above 16GiB'}`, fix: SIZE_FIX })
}

export function sizeFault(text: string): Fault | undefined {
  const size = parseEventsSize(text)
  const wrong = size.ok ? undefined : size.problems[0]
  return wrong && { reason: wrong.reason, fix: SIZE_FIX }
}

/** As parseEventsSize reads it: in the largest unit that leaves no rest. */
export function sizeText(bytes: number): string {
  const whole = Object.entries(UNITS).filter(([, size]) => bytes % size === 0)
  const [unit, size] = whole.at(-1) ?? ['KiB', 1_024]
  return `${Math.max(1, Math.floor(bytes / size))}${unit}`
}
