// SPDX-License-Identifier: Apache-2.0
// Whether what was said goes together: ipvsadm's checks in ipvsadm's order, since only the first complaint is heard.
import type { Draft } from './draft.js'
import { type Fault, wrong } from './failure.js'
import { COMMANDS, type Rule, TUNNELS } from './rules.js'
import { readFlags } from './sched-flags.js'
import { OPTIONS, type OptionName } from './words.js'

export function checked(draft: Draft): Fault {
  return (
    flagsFault(draft) ??
    ruleFault(draft, COMMANDS[draft.command], OPTIONS, `'${draft.command}' command`) ??
    (draft.command === 'add-service' || draft.command === 'edit-service' ? serviceFault(draft) : undefined) ??
    (draft.command === 'add-server' || draft.command === 'edit-server' ? serverFault(draft) : undefined) ??
    (draft.command === 'list' ? listFault(draft) : undefined)
  )
}

function flagsFault({ flags, scheduler }: Draft): Fault {
  const read = readFlags(flags, scheduler)
  return 'fault' in read ? read.fault : undefined
}

function ruleFault({ given }: Draft, rule: Rule, among: readonly OptionName[], where: string): Fault {
  const { needs = [], allows = [], either = [] } = rule
  let first: OptionName | undefined
  for (const option of among) {
    if (!given.has(option)) {
      if (needs.includes(option)) return wrong(`You need to supply the '${option}' option for the ${where}`)
      continue
    }
    if (needs.includes(option) || allows.includes(option)) continue
    if (!either.includes(option)) return wrong(`Illegal '${option}' option with the ${where}`)
    if (first !== undefined)
      return wrong(`The option '${option}' conflicts with the '${first}' option in the ${where}`)
    first = option
  }
  return undefined
}

function serviceFault({ mark, port, persistent, onePacket, protocol }: Draft): Fault {
  if (mark === undefined && port === 0 && persistent === undefined)
    return wrong('Zero port specified for non-persistent service')
  if (onePacket && mark === undefined && protocol !== 'udp')
    return wrong('One-Packet Scheduling is only for UDP virtual services')
  return undefined
}

const TUNNEL_OPTIONS: readonly OptionName[] = OPTIONS.filter((option) =>
  /^tun-(type|port|.*csum)$/.test(option),
)

function serverFault(draft: Draft): Fault {
  if (draft.forwarding === 'tunnel')
    return ruleFault(draft, TUNNELS[draft.tunnel] ?? {}, TUNNEL_OPTIONS, `'${draft.tunnel}' tunnel type`)
  if (draft.real?.family !== draft.family)
    return wrong('Different address family is allowed only for tunneling servers')
  return TUNNEL_OPTIONS.some((option) => draft.given.has(option))
    ? wrong('Tunnel options conflict with forward method')
    : undefined
}

const OF_NO_TABLE: readonly OptionName[] = ['connection', 'timeout', 'daemon']
const OF_THE_TABLE: readonly OptionName[] = ['stats', 'persistent-conn', 'rate', 'thresholds']

/** --persistent-conn goes with -c: there it adds the columns of the persistence engine. */
function listFault({ given }: Draft): Fault {
  const clash = OF_THE_TABLE.some(
    (option) => given.has(option) && !(option === 'persistent-conn' && given.has('connection')),
  )
  return clash && OF_NO_TABLE.some((option) => given.has(option))
    ? wrong('options conflicts in the list command')
    : undefined
}
