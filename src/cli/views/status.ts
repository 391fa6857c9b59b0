// SPDX-License-Identifier: Apache-2.0
// The state at a glance: who runs since when, on what, with how much room left, and what needs attention.
import type { Status } from '../../api/contract.js'
import { formatProblems } from '../../model/describe.js'
import type { Look } from '../look.js'
import { duration, plural } from '../numbers.js'
import { appliedAttention } from './apply.js'
import { interfacesLines, tablesLines } from './listings.js'

export function statusLines(status: Status, look: Look, now: number): readonly string[] {
  return [
    `${look.bold('xlvs')} ${status.version} has been running for ${ago(now - status.startedAt)} (pid ${status.pid})`,
    ...fields(status, now),
    ...attention(status, now).map((line) => `${look.warn('attention')}  ${line}`),
    '',
    ...(status.interfaces.length > 0 ? [...interfacesLines(status.interfaces, look), ''] : []),
    ...tablesLines(status.tables, look),
  ]
}

function fields(status: Status, now: number): readonly string[] {
  const reload = status.reload
  const read = reload ? `, read ${ago(now - reload.at)} ago` : ''
  const rows: readonly (readonly [string, string])[] = [
    ['from', status.file ? `${status.file}${read}` : 'the command line'],
    [
      'serving',
      `${plural(status.services, 'service')}, ${plural(status.reals, 'real server')}${asides(status)}`,
    ],
    ['maps', `${status.pinRoot}${status.adopted ? ', taken over at the start' : ''}`],
    ...status.vrrp.map(
      ({ kind, name, state, since }) =>
        ['vrrp', `${kind} ${name} is ${state} since ${ago(now - since)}`] as const,
    ),
    ...(status.metrics ? [['metrics', status.metrics] as const] : []),
  ]
  return rows.map(([name, value]) => `${name.padEnd(9)}  ${value}`)
}

function asides({ quiesced, drained, down, unresolved }: Status): string {
  const said = [
    ...(down > 0 ? [`${down} down`] : []),
    ...(drained > 0 ? [`${drained} drained`] : []),
    ...(quiesced > 0 ? [`${quiesced} with weight 0`] : []),
    ...(unresolved > 0 ? [`${unresolved} not reachable`] : []),
  ]
  return said.length > 0 ? ` (${said.join(', ')})` : ''
}

/** What an operator should look at now, each with where to look. */
function attention(status: Status, now: number): readonly string[] {
  const lines: string[] = []
  if (status.interfaces.length === 0)
    lines.push('no interface is attached: nothing is balanced; xlvs attach IFACE')
  if (status.services === 0) lines.push('there is no service; xlvs add service VIP:PORT --to REALS')
  if (status.down > 0) lines.push('some real servers are down; xlvs show health')
  if (status.unresolved > 0) lines.push('some next hops are not resolved; xlvs show nexthops')
  for (const table of status.tables)
    if (table.entries > 0.9 * table.capacity)
      lines.push(`table ${table.name} is almost full; raise limits in the file`)
  if (status.applied) lines.push(...appliedAttention(status.applied, status.file ?? '', now))
  if (status.reload && !status.reload.ok)
    lines.push(`the last reload was refused: ${formatProblems(status.reload.problems, 1).split('\n')[0]}`)
  return lines
}

function ago(ms: number): string {
  return duration(ms / 1000)
}
