// SPDX-License-Identifier: Apache-2.0
// What becomes of a keepalived.conf, line by line, and in one sentence.
import { type Remark, VERDICTS, type Verdict } from '../../config/keepalived/remarks.js'
import { harmless } from '../../model/describe.js'
import type { Look } from '../look.js'
import { type Column, table } from '../table.js'

export type VerdictCounts = Readonly<Record<Verdict, number>>

export function verdictCounts(remarks: readonly Remark[]): VerdictCounts {
  const count = (wanted: Verdict) => remarks.filter(({ verdict }) => verdict === wanted).length
  return Object.fromEntries(VERDICTS.map((verdict) => [verdict, count(verdict)])) as unknown as VerdictCounts
}

/** 'lb.conf: 12 used, 1 adjusted, 3 ignored, 0 cannot; keepalived -t finds no fault (VRRP and scripts apart)' */
export function summaryLine(file: string, counts: VerdictCounts, taken?: boolean): string {
  const parts = VERDICTS.map((verdict) => `${counts[verdict]} ${verdict}`)
  const other =
    taken === undefined
      ? ''
      : `; keepalived -t finds ${taken ? 'no fault' : 'fault'} (VRRP and scripts apart)`
  return `${file}: ${parts.join(', ')}${other}`
}

export function reportLines(remarks: readonly Remark[], look: Look): readonly string[] {
  const files = new Set(remarks.map(({ place }) => place.file))
  const columns: readonly Column<Remark>[] = [
    { title: 'LINE', right: files.size < 2, value: (remark) => lineText(remark, files.size > 1) },
    { title: 'VERDICT', value: ({ verdict }) => verdict },
    { title: 'WORDS', value: ({ words }) => shortened(harmless(words)) },
    { title: 'WHY', value: whyText },
  ]
  return table(columns, remarks, { ...look, columns: Number.POSITIVE_INFINITY })
}

const MAX_WIDTH = 48

function shortened(words: string): string {
  return words.length > MAX_WIDTH ? `${words.slice(0, MAX_WIDTH - 1)}…` : words
}

function lineText({ place, endLine }: Remark, named: boolean): string {
  const lines = endLine === undefined ? `${place.line}` : `${place.line}-${endLine}`
  return named ? `${place.file}:${lines}` : lines
}

function whyText({ reason = '', fix, verdict }: Remark): string {
  return fix === undefined || verdict === 'ignored' ? reason : `${reason}; ${fix}`
}
