// SPDX-License-Identifier: Apache-2.0
// The figures for people: tables for the terminal.
import type { Measured } from './figures.js'
import type { Result } from './measure.js'

const COLUMNS: readonly Measured[] = ['xlvs', 'floor', 'parsed', 'control', 'untraced']

export function tableOf({ rows, perReal, programs, maps }: Result): string {
  const shown = COLUMNS.filter((column) => rows.some(({ cells }) => cells[column] !== undefined))
  const counted = [
    ['case', ...shown],
    ...rows.map(({ id, cells }) => [id, ...shown.map((column) => cells[column]?.toFixed(1) ?? '')]),
    ...perReal.map(({ scheduler, instructions }) => [
      `per real server, ${scheduler}`,
      instructions.toFixed(1),
    ]),
  ]
  const loaded = [
    ['program', 'verified', 'BPF bytes', 'x86 bytes'],
    ...programs.map(({ program, verified, translated, jited }) => [
      program,
      ...[verified, translated, jited].map(String),
    ]),
  ]
  const charged = [['map', 'bytes'], ...maps.map(({ map, bytes }) => [map, String(bytes)])]
  return [counted, loaded, charged]
    .filter((table) => table.length > 1)
    .map(aligned)
    .join('\n\n')
}

function aligned(lines: readonly (readonly string[])[]): string {
  const width = Math.max(...lines.map(([name]) => name?.length ?? 0)) + 2
  const line = ([name = '', ...cells]: readonly string[]) =>
    (name.padEnd(width) + cells.map((cell) => cell.padStart(11)).join('')).trimEnd()
  return lines.map(line).join('\n')
}
