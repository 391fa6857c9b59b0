// SPDX-License-Identifier: Apache-2.0
// What the control plane promises, and whether the figures say that it keeps it. Pure.
import { summary } from '../statistics.js'
import type { Row, Unit } from './rows.js'

interface Target {
  readonly says: string
  /** all rows that it matches are judged together, by the worst */
  readonly of: RegExp
  readonly figure: string
  /** of a row's rounds */
  readonly by: 'median' | 'most'
  /** figures below it, or at most it when it is 0 */
  readonly limit: number
  /** a promise: the run fails with it */
  readonly promised?: true
}

export interface Judged {
  readonly says: string
  readonly limit: number
  readonly unit: Unit
  readonly value: number
  /** id of the row that has it */
  readonly worst: string
  readonly verdict: 'met' | 'missed'
  readonly promised: boolean
}

export const TARGETS: readonly Target[] = [
  {
    says: 'packets of known flows disturbed',
    of: /^(reload|restart)\//,
    figure: 'disturbed',
    by: 'most',
    limit: 0,
    promised: true,
  },
  {
    says: 'first packets of flows not forwarded',
    of: /^(reload|restart)\//,
    figure: 'refused',
    by: 'most',
    limit: 0,
    promised: true,
  },
  {
    says: 'reload of 10,000 real servers',
    of: /^reload\/1000x10\//,
    figure: 'wall',
    by: 'median',
    limit: 1000,
  },
  { says: 'IPv4 table for 4M connections', of: /^memory\/4M$/, figure: 'conns4', by: 'most', limit: 100 },
  {
    says: 'cold start of a command',
    of: /^cli\/(xlvs-status|xlvsadm--Ln)$/,
    figure: 'wall',
    by: 'median',
    limit: 120,
  },
  { says: 'idle at 10,000 real servers', of: /^idle\/10000$/, figure: 'CPU', by: 'most', limit: 1 },
  { says: 'daemon at 10,000 real servers', of: /^idle\/10000$/, figure: 'RSS', by: 'most', limit: 120 },
]

/** Those whose rows are there. */
export function judge(rows: readonly Row[], targets: readonly Target[] = TARGETS): readonly Judged[] {
  return targets.flatMap(({ says, of, figure: name, by, limit, promised = false }) => {
    const found = rows.flatMap(({ id, figures }) => {
      const figure = of.test(id) ? figures[name] : undefined
      if (!figure) return []
      const value = by === 'most' ? Math.max(...figure.values) : summary(figure.values).median
      return [{ id, value, unit: figure.unit }]
    })
    const [worst] = found.sort((a, b) => b.value - a.value)
    if (!worst) return []
    const met = limit === 0 ? worst.value === 0 : worst.value < limit
    const { id, value, unit } = worst
    return [{ says, limit, unit, value, worst: id, verdict: met ? 'met' : 'missed', promised } as const]
  })
}

export function failed(judged: readonly Judged[]): boolean {
  return judged.some(({ verdict, promised }) => promised && verdict === 'missed')
}
