// SPDX-License-Identifier: Apache-2.0
// Services and their real servers, as people read them.
import type { RealRow, ServiceRow, Standing } from '../../api/contract.js'
import { flagWords } from '../../model/flags.js'
import type { Persistence } from '../../model/types.js'
import type { Look } from '../look.js'
import { count } from '../numbers.js'
import { type Column, grouped, table } from '../table.js'
import { byService } from './by-service.js'
import { paintStanding, standingText } from './standing.js'

const SERVICES: readonly Column<ServiceRow>[] = [
  { title: 'SERVICE', value: (s) => s.service, paint: (_, text, look) => look.bold(text) },
  { title: 'NAME', value: (s) => s.name ?? '-', spare: 3 },
  { title: 'SCHED', value: schedulerText },
  { title: 'PERSIST', value: (s) => persistenceText(s.persistence), spare: 2 },
  { title: 'OWNER', value: (s) => s.owner ?? '-', spare: 5 },
  { title: 'REALS', value: realsText, right: true },
  { title: 'ACTIVE', value: (s) => count(s.active), right: true },
  { title: 'INACT', value: (s) => count(s.inactive), right: true },
  { title: 'CONNS', value: (s) => count(s.connections), right: true },
  { title: 'PACKETS', value: (s) => count(s.packets), right: true, spare: 4 },
  { title: 'BYTES', value: (s) => count(s.bytes), right: true },
]

const REALS: readonly Column<RealRow>[] = [
  { title: 'REAL', value: nameText },
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

/** Only where somebody has thresholds. */
const LIMIT: Column<RealRow> = { title: 'LIMIT', value: limitText, paint: paintLimit, right: true, spare: 1 }

/** A weight of 0 is seen in its own column. */
const TELLING = ({ reason }: Standing) => reason !== 'unchecked' && reason !== 'quiesced'

/** Only where somebody is checked or drained. */
const STANDING: Column<RealRow> = {
  title: 'STANDING',
  value: ({ standing }) => standingText(standing),
  paint: ({ standing }, text, look) => paintStanding(standing, text, look),
}

const SERVICE_RATES: readonly Column<ServiceRow>[] = [
  { title: 'SERVICE', value: (s) => s.service, paint: (_, text, look) => look.bold(text) },
  { title: 'NAME', value: (s) => s.name ?? '-', spare: 1 },
  ...rateColumns(),
]

const REAL_RATES: readonly Column<RealRow>[] = [
  { title: 'REAL', value: nameText },
  { title: 'NAME', value: (r) => r.name ?? '-', spare: 1 },
  ...rateColumns(),
]

/** Replies bypass the director: there is only a way in. */
function rateColumns(): readonly Column<Pick<RealRow, 'rates'>>[] {
  return [
    { title: 'CONNS/S', value: ({ rates }) => count(rates.cps), right: true },
    { title: 'PACKETS/S', value: ({ rates }) => count(rates.inPps), right: true },
    { title: 'BYTES/S', value: ({ rates }) => count(rates.inBps), right: true },
  ]
}

export function serviceRatesLines(rows: readonly ServiceRow[], look: Look): readonly string[] {
  return table(SERVICE_RATES, rows, look)
}

export function realRatesLines(rows: readonly RealRow[], look: Look): readonly string[] {
  return underServices(REAL_RATES, rows, look)
}

export function servicesLines(rows: readonly ServiceRow[], look: Look): readonly string[] {
  return table(SERVICES, rows, look)
}

/** Real servers under the service they belong to, in the order they are looked at. */
export function realsLines(rows: readonly RealRow[], look: Look): readonly string[] {
  const limited = rows.some(({ upper, lower }) => upper > 0 || lower > 0)
  const told = rows.some(({ standing }) => standing && TELLING(standing))
  const more = [...(told ? [STANDING] : []), ...(limited ? [LIMIT] : [])]
  return underServices(REALS.toSpliced(3, 0, ...more), rows, look)
}

function underServices(
  columns: readonly Column<RealRow>[],
  rows: readonly RealRow[],
  look: Look,
): readonly string[] {
  const titled = [...byService(rows)].map(([service, of]) => ({ title: look.bold(service), rows: of }))
  return grouped(columns, titled, look, { indent: '  ' })
}

/** 'wrr', 'sh (sh-port)', 'rr, one packet' */
export function schedulerText({
  scheduler,
  flags,
  onePacket,
}: Pick<ServiceRow, 'scheduler' | 'flags' | 'onePacket'>): string {
  const words = flagWords(scheduler, flags)
  return `${scheduler}${words.length > 0 ? ` (${words.join(', ')})` : ''}${onePacket ? ', one packet' : ''}`
}

/** '3', '3 (1 drained)', '3 (1 drained, 1 down)' */
export function realsText({ reals, drained, down }: Pick<ServiceRow, 'reals' | 'drained' | 'down'>): string {
  const out = [...(drained > 0 ? [`${drained} drained`] : []), ...(down > 0 ? [`${down} down`] : [])]
  return out.length > 0 ? `${count(reals)} (${out.join(', ')})` : count(reals)
}

/** With its port where that belongs to its name. */
function nameText({ service, real }: RealRow): string {
  return real.slice(`${service} > `.length)
}

/** '-', '1000', '800..1000', and 'full' after it while it gets no new connections */
function limitText({ upper, lower, overloaded }: RealRow): string {
  if (upper === 0 && lower === 0) return '-'
  return `${lower === 0 ? upper : `${lower}..${upper}`}${overloaded ? ' full' : ''}`
}

function paintLimit({ overloaded }: RealRow, text: string, look: Look): string {
  return overloaded ? look.bad(text) : text
}

/** '300 s', '300 s /24' */
export function persistenceText(persistence: Persistence | undefined): string {
  if (!persistence) return '-'
  const { timeout, prefix, mask } = persistence
  const whole = mask === undefined && (prefix === 32 || prefix === 128)
  return whole ? `${timeout} s` : `${timeout} s /${mask ?? prefix}`
}

type Hop = Pick<RealRow['nexthop'], 'state' | 'interface'>

export function hopText(hop: Hop): string {
  if (hop.state === 'local') return 'this host'
  if (hop.state === 'unresolved') return 'unresolved'
  return hop.interface ? `up, ${hop.interface}` : 'up'
}

export function paintHop(hop: Hop, text: string, look: Look): string {
  return hop.state === 'unresolved' ? look.bad(text) : look.good(text)
}

type Weighed = Pick<RealRow, 'weight' | 'effectiveWeight'>

/** '3', or '0 of 3' while something keeps it below what was configured. */
export function weightText({ weight, effectiveWeight }: Weighed): string {
  return weight === effectiveWeight ? String(weight) : `${effectiveWeight} of ${weight}`
}

export function paintWeight(real: Weighed, text: string, look: Look): string {
  return real.effectiveWeight === 0 ? look.warn(text) : text
}
