// SPDX-License-Identifier: Apache-2.0
// Health as people read it: real servers under their services, each with the last answer of its checks.
import type { CheckRow, HealthRow } from '../../api/contract.js'
import { harmless } from '../../model/describe.js'
import type { Look } from '../look.js'
import { duration } from '../numbers.js'
import { type Column, grouped } from '../table.js'
import { byService } from './by-service.js'
import { paintStanding, standingText } from './standing.js'

type Check = HealthRow['checks'][number]

function columns(now: number): readonly Column<HealthRow>[] {
  return [
    { title: 'REAL', value: (r) => r.real.slice(`${r.service} > `.length) },
    {
      title: 'STANDING',
      value: ({ standing }) => standingText(standing),
      paint: ({ standing }, text, look) => paintStanding(standing, text, look),
    },
    { title: 'SINCE', value: ({ standing }) => sinceText(standing.since, now), right: true, spare: 2 },
    {
      title: 'WEIGHT',
      value: ({ weight, effectiveWeight: now }) => (weight === now ? `${weight}` : `${now} of ${weight}`),
      right: true,
    },
    { title: 'CHECKS', value: checksText, spare: 1 },
    { title: 'WHY', value: ({ standing }) => harmless(standing.detail ?? '') },
  ]
}

export function healthLines(rows: readonly HealthRow[], look: Look, now: number): readonly string[] {
  const groups = byService(rows)
  const titled = [...groups].map(([service, of]) => ({ title: titleText(service, of[0], look), rows: of }))
  return grouped(columns(now), titled, look, { indent: '  ' })
}

function titleText(service: string, row: HealthRow | undefined, look: Look): string {
  return row?.quorum === false ? `${look.bold(service)}  ${look.bad('quorum lost')}` : look.bold(service)
}

function sinceText(since: number | undefined, now: number): string {
  return since === undefined ? '-' : duration((now - since) / 1_000)
}

/** 'tcp 192.0.2.10:80 at 192.0.2.21 3 ms; passive', '-' */
function checksText({ checks, passive }: HealthRow): string {
  const words = [...checks.map(checkText), ...(passive ? ['passive'] : [])]
  return words.join('; ') || '-'
}

function checkText({ kind, target, last }: Check): string {
  return `${kind} ${harmless(target)} ${answerText(last)}`
}

function answerText(last: CheckRow['last']): string {
  if (last === undefined) return 'no answer yet'
  return last.good ? `${Math.round(last.took)} ms` : last.reason
}
