// SPDX-License-Identifier: Apache-2.0
// The figures for programs: everything the other reports are made of, with no more digits than there are.
import type { Report } from '../results.js'

export function toJson(report: Report): string {
  const round = (_: string, value: unknown) =>
    typeof value === 'number' ? Number(value.toPrecision(5)) : value
  return `${JSON.stringify(report, round, 2)}\n`
}
