// SPDX-License-Identifier: Apache-2.0
// What a reload would change, service by service, and at the end what it comes to.
import type { Facet, Preview, RealPreview, ServicePreview } from '../../model/preview.js'
import type { Look } from '../look.js'
import { count, plural, share } from '../numbers.js'

const INDENT = '    '

export function planLines(preview: Preview, look: Look): readonly string[] {
  const { services, unresolved, notices, ends } = preview
  return [
    ...services.flatMap((service) => serviceLines(service, look)),
    ...generalLines(preview, look),
    ...ends.map((what) => `ends: ${what}, set at run time until a reload`),
    ...unresolved.map(({ address, why }) =>
      look.warn(`real server ${address} cannot be reached yet: ${why}`),
    ),
    ...notices.map((notice) => `note: ${notice}`),
    summaryLine(preview, look),
  ]
}

function serviceLines(service: ServicePreview, look: Look): readonly string[] {
  const { facets, reals, table } = service
  return [
    `${sign(service.change, look)} ${look.bold(service.service)}${aside(service, look)}`,
    ...facets.map((facet) => `${INDENT}${facetText(facet)}`),
    ...reals.map((real) => `${INDENT}${realLine(real, look)}`),
    ...(table ? [`${INDENT}${share(table.share, 1)} of its ${table.of} ${MOVES[table.of]}`] : []),
    ...countsLines(service),
  ]
}

const MOVES = { slots: 'move', clients: 'move', picks: 'move', weight: 'moves' } as const

/** Of a service that goes or comes its title says all. */
function countsLines({ change, connections }: ServicePreview): readonly string[] {
  const { live: all, touched, broken } = connections
  if (change !== 'changed' || all === 0) return []
  return [`${INDENT}${live(all)}: ${count(touched)} touched, ${count(broken)} broken`]
}

/** Of a service that goes the sum; otherwise each real server says its own. */
function aside({ change, connections }: ServicePreview, look: Look): string {
  if (change !== 'removed') return ''
  return connections.broken > 0 ? `, ${look.bad(breaks(connections.broken))}` : ''
}

function realLine({ real, change, weight, facets, connections }: RealPreview, look: Look): string {
  const parts = [weightText(weight), ...facets.map(facetText)].filter((part) => part !== '')
  if (connections > 0 && change === 'removed') parts.push(look.bad(breaks(connections)))
  if (connections > 0 && change === 'changed')
    parts.push(`${live(connections)} ${connections === 1 ? 'stays' : 'stay'}`)
  return `${sign(change, look)} ${real}  ${parts.join(', ')}`
}

function weightText({ from, to }: RealPreview['weight']): string {
  if (from === to) return ''
  if (from === undefined || to === undefined) return `weight ${from ?? to}`
  return `weight ${from} → ${to}`
}

function facetText({ what, from, to }: Facet): string {
  return `${what} ${from} → ${to}`
}

function sign(change: ServicePreview['change'], look: Look): string {
  if (change === 'added') return look.good('+')
  return change === 'removed' ? look.bad('-') : look.warn('~')
}

function generalLines(preview: Preview, look: Look): readonly string[] {
  const { interfaces, marks, peers, settings, limits } = preview
  const listed = (what: string, { added, removed }: Preview['marks']) => [
    ...added.map((one) => `${sign('added', look)} ${what} ${one}`),
    ...removed.map((one) => `${sign('removed', look)} ${what} ${one}`),
  ]
  return [
    ...interfaces.map((one) => interfaceLine(one, look)),
    ...listed('mark', marks),
    ...listed('peer', peers),
    ...settings.map((facet) => `${sign('changed', look)} ${facetText(facet)}`),
    ...limits.map(
      ({ what, from, to }) =>
        `${look.warn('!')} ${what} stays ${from}: ${to} needs new maps (xlvs detach --all, and start again)`,
    ),
  ]
}

function interfaceLine({ name, from, to }: Preview['interfaces'][number], look: Look): string {
  if (from === undefined) return `${sign('added', look)} interface ${name}, ${to}`
  if (to !== undefined) return `${sign('changed', look)} interface ${name} ${from} → ${to}`
  return `${sign('removed', look)} interface ${name}: what arrives there is not balanced any more`
}

function summaryLine({ verdict, services, connections }: Preview, look: Look): string {
  if (verdict === 'nothing') return look.good('nothing would change')
  const { live: all, touched, broken, outlived } = connections
  const counts = [`${count(touched)} touched`, `${count(broken)} broken`]
  if (outlived > 0) counts.push(`${count(outlived)} ended by a shorter timeout`)
  const said = `${plural(services.length, 'service')} would change; of ${live(all)} ${counts.join(', ')}`
  return verdict === 'breaks' ? look.bad(`breaks connections: ${said}`) : look.good(`harmless: ${said}`)
}

function breaks(n: number): string {
  return `${live(n)} ${n === 1 ? 'breaks' : 'break'}`
}

function live(n: number): string {
  return plural(n, 'live connection')
}
