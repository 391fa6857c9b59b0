// SPDX-License-Identifier: Apache-2.0
// One word of the command line heard: what it changes in the draft, or why ipvsadm refuses it.
import type { Protocol } from '../../model/types.js'
import { type Draft, type Forwarding, WHOLE_IPV6 } from './draft.js'
import { readEndpoint } from './endpoint.js'
import { type Fault, wrong } from './failure.js'
import type { Names } from './names.js'
import { decimal, dottedQuad, leading } from './numbers.js'
import { TUNNELS } from './rules.js'

/** IPVS's largest time, seconds: 31 days */
const MAX_SECONDS = 2_678_400
const MAX_INT = 2_147_483_647
/** ipvsadm's, which its manual gives as 300 */
const DEFAULT_PERSISTENCE = 360

type Hear = (draft: Draft, value: string, names: Names) => Fault | Promise<Fault>

/** By long name; words that are not here only need to be there. `-p` alone is heard by `hearPersistent`. */
export const HEAR: Readonly<Record<string, Hear>> = {
  'tcp-service': service('tcp'),
  'udp-service': service('udp'),
  'sctp-service': service('sctp'),
  'fwmark-service': (draft, value) => {
    const mark = decimal(value, 1, 4_294_967_295)
    if (mark === undefined) return wrong(`invalid fwmark value \`${value}' specified`)
    Object.assign(draft, { mark, family: 4, protocol: 'tcp' })
    return undefined
  },
  scheduler: (draft, value) => set(draft, { scheduler: value }),
  netmask: hearNetmask,
  'real-server': hearReal,
  masquerading: forwarding('masq'),
  ipip: forwarding('tunnel'),
  gatewaying: forwarding('route'),
  weight: number('weight', 0, MAX_INT, 'weight'),
  'u-threshold': number('upper', 0, MAX_INT, 'u_threshold'),
  'l-threshold': number('lower', 0, MAX_INT, 'l_threshold'),
  ipv6: (draft) => {
    if (draft.mark === undefined) return wrong('-6 used before -f\n')
    return set(draft, { family: 6, netmask: WHOLE_IPV6 })
  },
  ops: (draft) => set(draft, { onePacket: true }),
  pe: (draft, value) => set(draft, { engine: value }),
  'sched-flags': (draft, value) => set(draft, { flags: value }),
  'tun-type': (draft, value) => {
    if (TUNNELS[value] === undefined) return wrong('illegal tunnel type specified')
    return set(draft, { tunnel: value })
  },
  'tun-port': number(undefined, 1, 65_535, 'tunnel port'),
  syncid: number(undefined, 0, 255, 'syncid'),
  'mcast-port': number(undefined, 1, 65_535, 'mcast-port'),
  'mcast-ttl': number(undefined, 1, 255, 'mcast-ttl'),
  'sync-maxlen': number(undefined, 1, 65_507, 'sync-maxlen'),
  'mcast-group': (_, value) => hearGroup(value),
}

export function hearPersistent(draft: Draft, value: string | undefined): Fault {
  const persistent = value === undefined ? DEFAULT_PERSISTENCE : decimal(value, 1, MAX_SECONDS)
  if (persistent === undefined) return wrong(`invalid timeout value \`${value}' specified`)
  return set(draft, { persistent })
}

/** The three numbers of --set, which are no values of it but arguments behind it. */
export function hearTimeouts(draft: Draft, values: readonly string[]): Fault {
  if (values.length < 3) return wrong('--set option requires 3 timeout values')
  const seconds = values.slice(0, 3).map((value) => decimal(value, 0, MAX_SECONDS))
  const bad = seconds.indexOf(undefined)
  if (bad >= 0) return wrong(`invalid timeout value \`${values[bad]}' specified`)
  return set(draft, { timeouts: seconds as unknown as Draft['timeouts'] })
}

function set(draft: Draft, values: Partial<Draft>): undefined {
  Object.assign(draft, values)
}

function service(protocol: Protocol): Hear {
  return async (draft, value, names) => {
    const endpoint = await readEndpoint(value, protocol, names)
    if (endpoint === undefined) return wrong('illegal virtual server address[:port] specified')
    const { family, address, port = 0 } = endpoint
    set(draft, { protocol, family, address, port })
    return family === 6 ? set(draft, { netmask: WHOLE_IPV6 }) : undefined
  }
}

async function hearReal(draft: Draft, value: string, names: Names): Promise<Fault> {
  const endpoint = await readEndpoint(value, draft.protocol, names)
  if (endpoint === undefined) return wrong('illegal real server address[:port] specified')
  return set(draft, { real: { ...endpoint, port: endpoint.port ?? draft.port } })
}

async function hearNetmask(draft: Draft, value: string, names: Names): Promise<Fault> {
  if (draft.family === 6) {
    const prefix = leading(value)
    if (prefix < 1 || prefix > 128) return wrong('illegal ipv6 netmask specified')
    return set(draft, { netmask: prefix })
  }
  const mask = dottedQuad(value) ?? (await names.address(value))
  if (mask === undefined) return wrong('illegal virtual server persistent mask specified')
  return set(draft, { netmask: mask })
}

/** IPv6 is told by its colons. */
function hearGroup(value: string): Fault {
  if (value.includes(':'))
    return /^ff/i.test(value) ? undefined : wrong(`invalid IPv6 mcast-group \`${value}'`)
  const first = Number(dottedQuad(value)?.split('.')[0] ?? 0)
  return first >= 224 && first <= 239 ? undefined : wrong(`invalid IPv4 mcast-group \`${value}'`)
}

function forwarding(method: Forwarding): Hear {
  return (draft) => set(draft, { forwarding: method })
}

function number(
  key: 'weight' | 'upper' | 'lower' | undefined,
  low: number,
  high: number,
  what: string,
): Hear {
  return (draft, value) => {
    const read = decimal(value, low, high)
    if (read === undefined) return wrong(`illegal ${what} specified`)
    return key === undefined ? undefined : set(draft, { [key]: read })
  }
}
