// SPDX-License-Identifier: Apache-2.0
// Moments as people write them, in the time zone of the command line.
import { quote, succeed } from '../model/describe.js'
import { refuse } from '../model/rules.js'
import type { Outcome } from '../model/types.js'
import { parseDuration } from './durations.js'

const CLOCK = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/
const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/
const DAY_MS = 86_400_000
const FIX = 'write it like 12:03, 12:03:10, 2026-11-21T12:03:10 or -10m'

/** ms since the epoch: '12:03:10' of the last 24 hours, '2026-11-21T12:03', '-10m'. Never later than `now`. */
export function parseMoment(text: string, now: number, subject: string): Outcome<number> {
  const word = text.trim()
  const at = word.startsWith('-') ? before(word.slice(1), now) : (clock(word, now) ?? date(word))
  if (at === undefined) return refuse({ reason: `${quote(text)} is no moment`, fix: FIX }, subject)
  if (at <= now) return succeed(at)
  return refuse({ reason: `${quote(text)} is in the future`, fix: 'name a moment that is gone' }, subject)
}

/** As parseMoment, and '1h' is an hour ago. */
export function parseSince(text: string, now: number, subject: string): Outcome<number> {
  const ago = before(text.trim(), now)
  if (ago !== undefined) return succeed(ago)
  const moment = parseMoment(text, now, subject)
  if (moment.ok || !moment.problems.some(({ fix }) => fix === FIX)) return moment
  const fix = 'write it like 1h, 90s, 12:03 or 2026-11-21T12:03:10'
  return refuse({ reason: `${quote(text)} is no moment`, fix }, subject)
}

/** '2026-11-21 12:03:10' */
export function momentText(ms: number): string {
  const at = new Date(ms)
  const two = (n: number) => String(n).padStart(2, '0')
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-')
  return `${day} ${[at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':')}`
}

function before(text: string, now: number): number | undefined {
  const ago = parseDuration(text)
  return ago.ok && now - ago.value * 1_000 >= 0 ? now - ago.value * 1_000 : undefined
}

/** Today, or yesterday when it is still to come. */
function clock(text: string, now: number): number | undefined {
  const [, hours, minutes, seconds = '0'] = CLOCK.exec(text) ?? []
  if (hours === undefined) return undefined
  const at = new Date(now).setHours(Number(hours), Number(minutes), Number(seconds), 0)
  if (at <= now) return at
  return new Date(at - DAY_MS).setHours(Number(hours), Number(minutes), Number(seconds), 0)
}

function date(text: string): number | undefined {
  const match = ISO.exec(text)
  if (match === null) return undefined
  const [year, month, day, hours = 0, minutes = 0, seconds = 0] = match
    .slice(1, 7)
    .map((digits) => (digits === undefined ? undefined : Number(digits))) as number[]
  const real = new Date(Date.UTC(year ?? 0, (month ?? 0) - 1, day, hours, minutes, seconds))
  const same = real.getUTCMonth() + 1 === month && real.getUTCDate() === day && real.getUTCHours() === hours
  if (!same || minutes > 59 || seconds > 59) return undefined
  const at = Date.parse(match[4] === undefined ? `${text}T00:00` : text.replace(' ', 'T'))
  return Number.isNaN(at) || at < 0 ? undefined : at
}
