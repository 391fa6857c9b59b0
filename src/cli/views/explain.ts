// SPDX-License-Identifier: Apache-2.0
// A packet's way as people read it: a line for each step, and the scheduler's candidates under its own.
import type { Candidate, ExplainStep, Explanation, WhatIf } from '../../api/contract-sight.js'
import type { Look } from '../look.js'
import { type Column, table } from '../table.js'

const WIDTH = 12
const INDENT = ' '.repeat(WIDTH)

export function explainLines(explanation: Explanation, look: Look): readonly string[] {
  const { steps, whatIf = [] } = explanation
  return [
    ...(whatIf.length > 0 ? [line('as if', whatIf.map(whatIfText).join(', '), look)] : []),
    ...steps.flatMap((step) => [
      line(step.step, painted(step, explanation, look), look),
      ...(step.step === 'scheduler' ? candidateLines(explanation, look) : []),
    ]),
  ]
}

/** One packet of a capture; a problem when it cannot be explained. */
export interface PacketRow {
  readonly number: number
  readonly explanation?: Explanation
  readonly problem?: string
}

const ROWS: readonly Column<PacketRow>[] = [
  { title: '#', value: ({ number }) => String(number), right: true },
  { title: 'REASON', value: ({ explanation }) => explanation?.reason ?? '-', paint: paintReason },
  { title: 'REAL', value: ({ explanation }) => shortName(explanation?.real) },
  {
    title: 'PACKET',
    value: ({ explanation, problem }) => (explanation ? packetOf(explanation) : (problem ?? '')),
  },
]

export function packetLines(rows: readonly PacketRow[], look: Look): readonly string[] {
  return table(ROWS, rows, look)
}

function packetOf({ steps }: Explanation): string {
  return steps.find(({ step }) => step === 'packet')?.text ?? ''
}

function line(title: string, text: string, look: Look): string {
  return `${look.bold(title.padEnd(WIDTH))}${text}`
}

function painted({ step, text }: ExplainStep, { reason }: Explanation, look: Look): string {
  return step === 'verdict' ? paintOf(reason, look)(text) : text
}

function paintOf(reason: string, look: Look) {
  if (reason.startsWith('forward_')) return look.good
  return reason.startsWith('pass_') ? look.warn : look.bad
}

function paintReason({ explanation }: PacketRow, text: string, look: Look): string {
  return paintOf(explanation?.reason ?? '', look)(text)
}

function whatIfText(one: WhatIf): string {
  const of = one.service === undefined ? '' : ` of ${one.service}`
  return 'down' in one ? `${one.down}${of} were down` : `${one.real}${of} had weight ${one.weight}`
}

function candidateLines({ candidates = [], real, runnerUp }: Explanation, look: Look): readonly string[] {
  const note = ({ real: name, unusable }: Candidate) =>
    unusable ?? (name === real ? 'chosen' : name === runnerUp ? 'next' : '')
  const columns: readonly Column<Candidate>[] = [
    { title: 'REAL', value: (c) => shortName(c.real) },
    { title: 'WEIGHT', value: (c) => String(c.weight), right: true },
    { title: 'ACTIVE', value: (c) => String(c.active), right: true },
    { title: 'INACTIVE', value: (c) => String(c.inactive), right: true },
    ...(candidates.some(({ score }) => score !== undefined)
      ? [{ title: 'SCORE', value: (c: Candidate) => c.score ?? '-', right: true }]
      : []),
    {
      title: '',
      value: note,
      paint: (c, text) => (c.unusable === undefined ? look.good(text) : look.warn(text)),
    },
  ]
  return table(columns, candidates, look, { indent: INDENT })
}

function shortName(real: string | undefined): string {
  return real?.split(' > ')[1] ?? '-'
}
