// SPDX-License-Identifier: Apache-2.0
// -L and -S: what is asked of the daemon for each of them, and the lines that are made of it.
import type { Outcome } from '../../model/types.js'
import { call, isNoDaemon } from '../client.js'
import type { Draft } from './draft.js'
import { type Fault, refused, unlisted } from './failure.js'
import { addressesOf, connLines, connOf } from './list/conns.js'
import { endpointTexts } from './list/endpoints.js'
import { groupsOf, textsOf } from './list/rows.js'
import { saveLines } from './list/save.js'
import { sizeLine, tableLines } from './list/table.js'
import { viewOf } from './list/views.js'
import { NO_SERVICE, sentenceOf } from './refusals.js'
import { keyOf } from './specs.js'
import type { World } from './world.js'

type Order = Readonly<Draft>
type Listed = { readonly lines: readonly string[] } | { readonly fault: Fault }

/** Prints, or tells why it cannot. */
export async function list(order: Order, socket: string, world: World): Promise<Fault> {
  const listed = await listing(order)(order, socket, world)
  if ('fault' in listed) return listed.fault
  world.out(listed.lines.map((line) => `${line}\n`).join(''))
  return undefined
}

function listing({ command, given }: Order) {
  if (command === 'save') return saved
  if (given.has('connection')) return conns
  if (given.has('service-address')) return one
  if (given.has('timeout')) return timeouts
  return given.has('daemon') ? daemons : table
}

async function table({ given }: Order, socket: string, { names }: World): Promise<Listed> {
  const statistics = await call(socket, 'statistics')
  if (!statistics.ok) return failed(statistics)
  const groups = await groupsOf(socket, !given.has('nosort'))
  if (!groups.ok) return failed(groups)
  const text = await textsOf(groups.value, given.has('numeric'), names)
  return {
    lines: [sizeLine(statistics.value.size), ...tableLines(groups.value, viewOf(given), text)],
  }
}

async function one(order: Order, socket: string, { names }: World): Promise<Listed> {
  const { given } = order
  const groups = await groupsOf(socket, !given.has('nosort'), keyOf(order))
  if (!groups.ok) return failed(groups)
  if (groups.value.length === 0) return { fault: unlisted(NO_SERVICE) }
  const text = await textsOf(groups.value, given.has('numeric'), names)
  return { lines: tableLines(groups.value, viewOf(given), text) }
}

async function saved({ given }: Order, socket: string, { names }: World): Promise<Listed> {
  const groups = await groupsOf(socket, true)
  if (!groups.ok) return failed(groups)
  return { lines: saveLines(groups.value, await textsOf(groups.value, given.has('numeric'), names)) }
}

async function conns({ given }: Order, socket: string, { names }: World): Promise<Listed> {
  const flows = await call(socket, 'conns', { limit: 0 })
  if (!flows.ok) return failed(flows)
  const templates = await call(socket, 'templates', { limit: 0 })
  if (!templates.ok) return failed(templates)
  const rows = [...templates.value.rows.map(connOf), ...flows.value.rows]
  const text = await endpointTexts(addressesOf(rows), given.has('numeric'), names)
  return { lines: connLines(rows, given.has('persistent-conn'), text) }
}

async function timeouts(_: Order, socket: string): Promise<Listed> {
  const outcome = await call(socket, 'timeouts')
  if (!outcome.ok) return failed(outcome)
  const { tcp, tcpfin, udp } = outcome.value
  return { lines: [`Timeout (tcp tcpfin udp): ${tcp} ${tcpfin} ${udp}`] }
}

/** Nothing is printed when no synchronisation daemon runs. */
async function daemons(_: Order, socket: string): Promise<Listed> {
  const outcome = await call(socket, 'statistics')
  return outcome.ok ? { lines: [] } : failed(outcome)
}

function failed(outcome: Outcome<unknown> & { readonly ok: false }): Listed {
  const text = sentenceOf(outcome.problems, 'list')
  return { fault: isNoDaemon(outcome.problems) ? { ...refused(text), ends: true } : unlisted(text) }
}
