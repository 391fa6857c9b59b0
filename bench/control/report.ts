// SPDX-License-Identifier: Apache-2.0
// The figures for a terminal: a line per row, then the targets. Pure.
import type { Machine } from '../machine.js'
import { figureText, type Row } from './rows.js'
import type { Judged } from './targets.js'

export interface Report {
  readonly version: 1
  readonly header: Machine
  readonly rows: readonly Row[]
  readonly targets: readonly Judged[]
}

export function toText({ header, rows, targets }: Report): string {
  const width = Math.max(...rows.map(({ title }) => title.length))
  const lines = rows.map(({ title, figures }) => {
    const cells = Object.entries(figures).map(([name, figure]) => `${name} ${figureText(figure)}`)
    return `  ${title.padEnd(width)}  ${cells.join('  ')}`
  })
  return [
    `control plane: median (least to most); ${header.cpu}, ${header.kernel}, commit ${header.commit}`,
    ...lines,
    ...(targets.length > 0 ? ['', 'targets', ...targets.map(targetLine)] : []),
  ].join('\n')
}

function targetLine({ says, limit, unit, value, worst, verdict }: Judged): string {
  const bound = limit === 0 ? '0' : `under ${limit}`
  const figure = figureText({ unit, values: [value] })
  return `  ${verdict.padEnd(7)} ${says.padEnd(38)} ${figure.padEnd(12)} ${bound.padEnd(12)} ${worst}`
}
