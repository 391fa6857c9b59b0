// SPDX-License-Identifier: Apache-2.0
// Times of a file: seconds, with fractions, or a number and its unit.

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 }

export const DURATION_PATTERN = '^(?:0|[1-9][0-9]{0,8})(?:\\.[0-9]{1,6})?(?:ms|s|m|h)$'

/** '500ms' is 0.5, '2s' is 2, '1m' is 60; undefined for any other text. */
export function parseDuration(text: string): number | undefined {
  const match = /^([0-9.]+)(ms|s|m|h)$/.exec(text)
  if (match === null || !new RegExp(DURATION_PATTERN).test(text)) return undefined
  const value = Number(match[1])
  return match[2] === 'ms' ? value / 1_000 : value * (UNITS[match[2] as string] as number)
}
