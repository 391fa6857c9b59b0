// SPDX-License-Identifier: Apache-2.0
// What was said -> the bodies of the daemon's requests. An edit says everything, since ipvsadm's edits do: what the
// command line does not give goes back to its default. Pure.
import type { Calls } from '../../api/routes.js'
import { realText, type ServiceId, serviceKey } from '../../model/keys.js'
import { DEFAULT_SCHEDULER } from '../../model/rules.js'
import type { AddressText, SchedulerFlag, SchedulerName } from '../../model/types.js'
import { type Draft, WHOLE_IPV4, WHOLE_IPV6 } from './draft.js'
import { readFlags } from './sched-flags.js'

type Order = Readonly<Draft>

export function matchOf({ mark, family = 4, address = '', port, protocol = 'tcp' }: Order): ServiceId {
  return mark === undefined ? { vip: address, port, protocol } : { mark, family }
}

export function keyOf(order: Order): string {
  return serviceKey(matchOf(order))
}

export function schedulerOf({ scheduler }: Order): string {
  return scheduler === '' ? DEFAULT_SCHEDULER : scheduler
}

export function serviceSpec(order: Order): Calls['addService']['body'] {
  const { flags, persistence } = bodyOf(order)
  return {
    ...matchOf(order),
    scheduler: schedulerOf(order) as SchedulerName,
    ...(flags.length === 0 ? {} : { flags }),
    ...(persistence === undefined ? {} : { persistence }),
    ...(order.onePacket ? { onePacket: true } : {}),
  }
}

export function serviceEdit(order: Order): Calls['setService']['body'] {
  const { flags, persistence } = bodyOf(order)
  return {
    scheduler: schedulerOf(order) as SchedulerName,
    flags: flags.length === 0 ? null : flags,
    persistence: persistence ?? null,
    onePacket: order.onePacket,
  }
}

/** Under direct routing the port of a real server is the service's, whatever was said. */
export function realOf({ mark, real }: Order): { readonly address: AddressText; readonly port?: number } {
  const address = real?.address ?? ''
  return mark === undefined ? { address } : { address, port: real?.port ?? 0 }
}

export function realName(order: Order): string {
  return realText(realOf(order))
}

export function realSpec(order: Order): Calls['addReal']['body'] {
  const { weight, upper, lower } = order
  return { ...realOf(order), weight, upper, lower }
}

export function realEdit({ weight, upper, lower }: Order): Calls['setReal']['body'] {
  return { weight, upper: upper === 0 ? null : upper, lower: lower === 0 ? null : lower }
}

/** IPVS takes 0 for: as it is. */
export function timeoutsEdit({ timeouts: [tcp, tcpfin, udp] }: Order): Calls['setTimeouts']['body'] {
  return Object.fromEntries(Object.entries({ tcp, tcpfin, udp }).filter(([, seconds]) => seconds !== 0))
}

function bodyOf({ flags: text, scheduler, persistent: timeout, netmask }: Order) {
  const read = readFlags(text, scheduler)
  const flags: readonly SchedulerFlag[] = 'flags' in read ? read.flags : []
  if (timeout === undefined) return { flags, persistence: undefined }
  if (netmask === WHOLE_IPV4 || netmask === WHOLE_IPV6) return { flags, persistence: { timeout } }
  const net = typeof netmask === 'number' ? { prefix: netmask } : { mask: netmask }
  return { flags, persistence: { timeout, ...net } }
}
