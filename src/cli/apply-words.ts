// SPDX-License-Identifier: Apache-2.0
// What stands behind the options of xlvs apply: times and numbers. Pure.
import { MAX_WATCH } from '../api/apply.js'
import { fail, quote, succeed } from '../model/describe.js'
import type { Outcome } from '../model/types.js'

const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600 }

/** '10s', '2m', '500ms', '0' -> seconds. */
export function parseWatch(text: string): Outcome<number> {
  const [, digits = '', unit = 's'] = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|min|h)?$/.exec(text) ?? []
  const seconds = Number(digits) * (SECONDS[unit] ?? 1)
  if (digits !== '' && seconds <= MAX_WATCH) return succeed(seconds)
  const reason = digits === '' ? `${quote(text)} is no time` : `${quote(text)} is more than a day`
  return fail({ subject: '--watch', reason, fix: 'use 10s, 2m, 1h, or 0 for no watch' })
}

/** A number of packets, or of packets a second. */
export function parsePackets(text: string, option: string, whole: boolean): Outcome<number> {
  const fits = whole ? /^[0-9]{1,15}$/ : /^[0-9]{1,15}(?:\.[0-9]+)?$/
  if (fits.test(text)) return succeed(Number(text))
  const fix = whole ? 'use a whole number of packets' : 'use packets a second'
  return fail({ subject: option, reason: `${quote(text)} is no such number`, fix })
}
