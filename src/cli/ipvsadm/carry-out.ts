// SPDX-License-Identifier: Apache-2.0
// One command that changes something: a call of the daemon, and what came of it as ipvsadm would have told it.
import type { Calls, RouteName } from '../../api/routes.js'
import { SCHEDULERS } from '../../model/rules.js'
import { call } from '../client.js'
import type { Draft } from './draft.js'
import { type Fault, refused } from './failure.js'
import { EXISTS, NO_DAEMON, NO_REAL, NO_SCHEDULER, NO_SERVICE, noService, sentenceOf } from './refusals.js'
import {
  keyOf,
  realEdit,
  realName,
  realOf,
  realSpec,
  schedulerOf,
  serviceEdit,
  serviceSpec,
  timeoutsEdit,
} from './specs.js'
import type { CommandName } from './words.js'

type Order = Readonly<Draft>
type Act = (order: Order, socket: string) => Promise<Fault>

/** Everything but the listings and -R. */
export const CHANGES: Partial<Readonly<Record<CommandName, Act>>> = {
  'add-service': async (order, socket) =>
    (await unknownFault(order, socket)) ?? ask(order, socket, 'addService', {}, serviceSpec(order)),
  'edit-service': async (order, socket) =>
    (await unknownFault(order, socket)) ??
    ask(order, socket, 'setService', { service: keyOf(order) }, serviceEdit(order)),
  'delete-service': (order, socket) => ask(order, socket, 'removeService', { service: keyOf(order) }),
  flush: (order, socket) => ask(order, socket, 'flush', {}),
  zero: (order, socket) =>
    ask(order, socket, 'zero', order.given.has('service-address') ? { service: keyOf(order) } : {}),
  'add-server': async (order, socket) =>
    methodFault(order) ?? ask(order, socket, 'addReal', { service: keyOf(order) }, realSpec(order)),
  'edit-server': async (order, socket) => methodFault(order) ?? editServer(order, socket),
  'delete-server': async (order, socket) =>
    (await portFault(order, socket)) ??
    ask(order, socket, 'removeReal', { service: keyOf(order), real: realName(order) }),
  set: (order, socket) => ask(order, socket, 'setTimeouts', {}, timeoutsEdit(order)),
  'start-daemon': async () =>
    refused('xlvsadm: there is no synchronisation of connections yet, so no daemon was started'),
  'stop-daemon': async () => refused(NO_DAEMON),
}

async function ask<Name extends RouteName>(
  { command }: Order,
  socket: string,
  route: Name,
  params: Calls[Name]['params'],
  body?: Calls[Name]['body'],
): Promise<Fault> {
  const outcome = await call(socket, route, params, body)
  return outcome.ok ? undefined : refused(sentenceOf(outcome.problems, command))
}

/** Of a real server in the file a request may change the weight, so one that says nothing else is let through. */
async function editServer(order: Order, socket: string): Promise<Fault> {
  const params = { service: keyOf(order), real: realName(order) }
  const edit = realEdit(order)
  const outcome = await call(socket, 'setReal', params, edit)
  if (outcome.ok) return undefined
  if (outcome.problems[0]?.code === 'of-the-file' && (await hasThresholds(order, socket)))
    return ask(order, socket, 'setReal', params, { weight: order.weight })
  return refused(sentenceOf(outcome.problems, order.command))
}

/** Whether they are already as the command line has them. */
async function hasThresholds(order: Order, socket: string): Promise<boolean> {
  const { address, port } = realOf(order)
  const outcome = await call(socket, 'reals', { service: keyOf(order), limit: 0 })
  if (!outcome.ok) return false
  const row = outcome.value.rows.find(
    (real) => real.address === address && (port === undefined || real.port === port),
  )
  return row !== undefined && row.upper === order.upper && row.lower === order.lower
}

/** The kernel looks for the service before it looks for what shall schedule it. */
async function unknownFault(order: Order, socket: string): Promise<Fault> {
  if ((SCHEDULERS as readonly string[]).includes(schedulerOf(order)) && order.engine === '') return undefined
  const there = await isThere(order, socket)
  if (typeof there !== 'boolean') return there
  const add = order.command === 'add-service'
  if (there === add) return refused(add ? EXISTS : NO_SERVICE)
  return refused(NO_SCHEDULER)
}

function methodFault({ forwarding }: Order): Fault {
  if (forwarding === 'route') return undefined
  const method = forwarding === 'masq' ? '-m (masquerading)' : '-i (tunneling)'
  return refused(`xlvsadm: ${method} is a forwarding method that xlvs does not have yet; use -g`)
}

/** A real server of an address has the service's port, so none with another port is there to be removed. */
async function portFault(order: Order, socket: string): Promise<Fault> {
  if (order.mark !== undefined || order.real?.port === order.port) return undefined
  const there = await isThere(order, socket)
  if (typeof there !== 'boolean') return there
  return refused(there ? NO_REAL : noService(order.command))
}

async function isThere(order: Order, socket: string): Promise<boolean | Fault> {
  const outcome = await call(socket, 'services', { service: keyOf(order), limit: 0 })
  if (!outcome.ok) return refused(sentenceOf(outcome.problems, order.command))
  return outcome.value.rows.length > 0
}
