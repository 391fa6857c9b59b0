// SPDX-License-Identifier: Apache-2.0
// Services and real servers as they were: the views of now without what is counted, which nobody keeps.
import type { PastListing, PastReal, PastService } from '../../api/contract-sight.js'
import type { Look } from '../look.js'
import { momentText } from '../moments.js'
import { type Column, grouped, table } from '../table.js'
import { byService } from './by-service.js'
import {
  hopText,
  paintHop,
  paintWeight,
  persistenceText,
  realsText,
  schedulerText,
  weightText,
} from './services.js'
import { paintStanding, standingText } from './standing.js'

const SERVICES: readonly Column<PastService>[] = [
  { title: 'SERVICE', value: (s) => s.service, paint: (_, text, look) => look.bold(text) },
  { title: 'NAME', value: (s) => s.name ?? '-', spare: 2 },
  { title: 'SCHED', value: schedulerText },
  { title: 'PERSIST', value: (s) => persistenceText(s.persistence), spare: 1 },
  { title: 'OWNER', value: (s) => s.owner ?? '-', spare: 3 },
  { title: 'REALS', value: realsText, right: true },
]

const REALS: readonly Column<PastReal>[] = [
  { title: 'REAL', value: ({ service, real }) => real.slice(`${service} > `.length) },
  { title: 'NAME', value: (r) => r.name ?? '-', spare: 1 },
  { title: 'WEIGHT', value: weightText, right: true, paint: paintWeight },
  {
    title: 'STANDING',
    value: ({ standing }) => standingText(standing),
    paint: ({ standing }, text, look) => paintStanding(standing, text, look),
  },
  {
    title: 'NEXT HOP',
    value: ({ nexthop }) => hopText(nexthop),
    paint: ({ nexthop }, text, look) => paintHop(nexthop, text, look),
  },
]

export function pastServicesLines(found: PastListing<PastService>, look: Look): readonly string[] {
  return under(found, table(SERVICES, found.rows, look), 'services', look)
}

export function pastRealsLines(found: PastListing<PastReal>, look: Look): readonly string[] {
  const titled = [...byService(found.rows)].map(([service, rows]) => ({ title: look.bold(service), rows }))
  return under(found, grouped(REALS, titled, look, { indent: '  ' }), 'real servers', look)
}

function under({ at }: PastListing<unknown>, drawn: readonly string[], what: string, look: Look) {
  const title = look.dim(`as it was at ${momentText(at)}; counters are not kept`)
  return [title, ...(drawn.length > 0 ? drawn : [`no ${what}`])]
}
