// SPDX-License-Identifier: Apache-2.0
// What a terminal sees: a line per case, then the targets.
import type { ProgramName } from '../cases.js'
import type { Report, Row } from '../results.js'
import { cellText, comparison, notes } from './markdown.js'

const SHOWN: readonly (readonly [ProgramName, string])[] = [
  ['xlvs', ''],
  ['untraced', ''],
  ['floor', 'floor '],
  ['parsed', 'parse '],
  ['control', 'LRU_HASH '],
]

export function toText({ header, rows, targets, faults }: Report): string {
  const title = Math.max(...rows.map((row) => row.title.length), 0)
  const lines = rows.map((row) => `  ${row.title.padEnd(title)}  ${figures(row)}`)
  const judged = targets.map(({ says, sense, limit, unit, value, low, high, verdict, close }) => {
    const figure = `${value.toFixed(2)} [${low.toFixed(2)}–${high.toFixed(2)}] ${unit}`
    const sure = close ? ', too close to tell' : ''
    return `  ${verdict.padEnd(7)} ${says.padEnd(44)} ${figure.padEnd(22)} ${sense} ${limit}${sure}`
  })
  return [
    `ns per packet beyond the harness: median [95 % interval]; ${header.cpu}, ${header.kernel}, commit ${header.commit}`,
    ...lines,
    ...(judged.length > 0 ? ['', 'targets', ...judged] : []),
    ...faults.map((fault) => `\nnot to be relied on: ${fault}`),
  ].join('\n')
}

function figures(row: Row): string {
  const cells = SHOWN.flatMap(([name, label]) => {
    const cell = row.cells[name]
    return cell ? [`${label}${cellText(cell)}`.padEnd(24)] : []
  })
  const rest = [comparison(row), notes(row)].filter((part) => part !== '')
  return [...cells, ...rest].join('  ').trimEnd()
}
