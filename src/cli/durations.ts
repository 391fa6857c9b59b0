// SPDX-License-Identifier: Apache-2.0
// Times as people write them.
import { quote } from '../model/describe.js'
import { refuse } from '../model/rules.js'
import type { Outcome } from '../model/types.js'

const UNITS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const
const WORD = /^(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s?)?$/

/** Seconds: '90', '90s', '10m', '1h30m', '2d'. */
export function parseDuration(text: string, subject?: string): Outcome<number> {
  const match = WORD.exec(text.trim())
  if (text.trim() === '' || match === null)
    return refuse({ reason: `${quote(text)} is not a time`, fix: 'write it like 90s, 10m or 1h' }, subject)
  const [d, h, m, s] = match.slice(1).map((digits) => Number(digits ?? 0)) as [number, number, number, number]
  return { ok: true, value: d * UNITS.d + h * UNITS.h + m * UNITS.m + s }
}
