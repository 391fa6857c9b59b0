// SPDX-License-Identifier: Apache-2.0
// Findings for people: one line each, under it the command that mends it, at the end how many of each.
import type { Finding, Level } from '../../doctor/finding.js'
import type { Look } from '../look.js'

const LEVELS: readonly Level[] = ['green', 'yellow', 'red']
const PAINT = { green: 'good', yellow: 'warn', red: 'bad' } as const

export function doctorLines(findings: readonly Finding[], look: Look): readonly string[] {
  const width = Math.max(0, ...findings.map(({ check }) => check.length))
  const indent = ' '.repeat('yellow'.length + 2 + width + 2)
  const lines = findings.flatMap(({ check, level, subject, says, fix, advice }) => [
    `${look[PAINT[level]](level.padEnd('yellow'.length))}  ${check.padEnd(width)}  ${subject ? `${subject}: ` : ''}${says}`,
    ...(fix ? [`${indent}fix: ${look.bold(fix)}`] : []),
    ...(advice ? [`${indent}${look.dim(advice)}`] : []),
  ])
  const counts = LEVELS.map((level) => `${findings.filter((one) => one.level === level).length} ${level}`)
  return [...lines, '', counts.join(', ')]
}
