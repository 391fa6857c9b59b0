// SPDX-License-Identifier: Apache-2.0
// The figures for people: a table for the terminal.
import type { Measured, PerReal, Row } from './figures.js'

const COLUMNS: readonly Measured[] = ['xlvs', 'floor', 'parsed', 'control', 'untraced']

export function tableOf(rows: readonly Row[], perReal: readonly PerReal[]): string {
  const shown = COLUMNS.filter((column) => rows.some(({ cells }) => cells[column] !== undefined))
  const lines = [
    ['case', ...shown],
    ...rows.map(({ id, cells }) => [id, ...shown.map((column) => cells[column]?.toFixed(1) ?? '')]),
    ...perReal.map(({ scheduler, instructions }) => [
      `per real server, ${scheduler}`,
      instructions.toFixed(1),
    ]),
  ]
  const width = Math.max(...lines.map(([name]) => name?.length ?? 0)) + 2
  return lines
    .map(([name = '', ...cells]) =>
      (name.padEnd(width) + cells.map((cell) => cell.padStart(10)).join('')).trimEnd(),
    )
    .join('\n')
}
