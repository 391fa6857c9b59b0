// SPDX-License-Identifier: Apache-2.0
// Services and their real servers, as people read them.
import type { RealRow, ServiceRow } from '../../api/contract.js'
import type { Persistence } from '../../model/types.js'
import type { Look } from '../look.js'
import { count } from '../numbers.js'
import { type Column, grouped, table } from '../table.js'

const SERVICES: readonly Column<ServiceRow>[] = [
  { title: 'SERVICE', value: (s) => s.service, paint: (_, text, look) => look.bold(text) },
  { title: 'NAME', value: (s) => s.name ?? '-', spare: 3 },
  { title: 'SCHED', value: (s) => s.scheduler },
  { title: 'PERSIST', value: (s) => persistenceText(s.persistence), spare: 2 },
  { title: 'OWNER', value: (s) => s.owner ?? '-', spare: 5 },
  { title: 'REALS', value: (s) => count(s.reals), right: true },
  { title: 'ACTIVE', value: (s) => count(s.active), right: true },
  { title: 'INACT', value: (s) => count(s.inactive), right: true },
  { title: 'CONNS', value: (s) => count(s.connections), right: true },
  { title: 'PACKETS', value: (s) => count(s.packets), right: true, spare: 4 },
  { title: 'BYTES', value: (s) => count(s.bytes), right: true },
]

const REALS: readonly Column<RealRow>[] = [
  { title: 'REAL', value: (r) => r.address },
  { title: 'NAME', value: (r) => r.name ?? '-', spare: 2 },
  { title: 'WEIGHT', value: weightText, right: true, paint: paintWeight },
  { title: 'ACTIVE', value: (r) => count(r.active), right: true },
  { title: 'INACT', value: (r) => count(r.inactive), right: true },
  { title: 'PERSIST', value: (r) => count(r.persistent), right: true, spare: 3 },
  { title: 'CONNS', value: (r) => count(r.connections), right: true },
  { title: 'PACKETS', value: (r) => count(r.packets), right: true, spare: 4 },
  { title: 'BYTES', value: (r) => count(r.bytes), right: true },
  {
    title: 'NEXT HOP',
    value: (r) => hopText(r.nexthop),
    paint: (r, text, look) => paintHop(r.nexthop, text, look),
  },
]

export function servicesLines(rows: readonly ServiceRow[], look: Look): readonly string[] {
  return table(SERVICES, rows, look)
}

/** Real servers under the service they belong to, in the order they are looked at. */
export function realsLines(rows: readonly RealRow[], look: Look): readonly string[] {
  const services = [...new Set(rows.map((row) => row.service))]
  const groups = services.map((service) => ({
    title: look.bold(service),
    rows: rows.filter((row) => row.service === service),
  }))
  return grouped(REALS, groups, look, { indent: '  ' })
}

/** '300 s', '300 s /24' */
export function persistenceText(persistence: Persistence | undefined): string {
  if (!persistence) return '-'
  const { timeout, prefix, mask } = persistence
  const whole = mask === undefined && (prefix === 32 || prefix === 128)
  return whole ? `${timeout} s` : `${timeout} s /${mask ?? prefix}`
}

type Hop = RealRow['nexthop']

export function hopText(hop: Hop): string {
  if (hop.state === 'local') return 'this host'
  if (hop.state === 'unresolved') return 'unresolved'
  return hop.interface ? `up, ${hop.interface}` : 'up'
}

export function paintHop(hop: Hop, text: string, look: Look): string {
  return hop.state === 'unresolved' ? look.bad(text) : look.good(text)
}

/** '3', or '0 of 3' while something keeps it below what was configured. */
function weightText({ weight, effectiveWeight }: RealRow): string {
  return weight === effectiveWeight ? String(weight) : `${effectiveWeight} of ${weight}`
}

function paintWeight(real: RealRow, text: string, look: Look): string {
  return real.effectiveWeight === 0 ? look.warn(text) : text
}
