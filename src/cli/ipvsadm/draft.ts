// SPDX-License-Identifier: Apache-2.0
// What a command line has said so far. Words are heard one after the other, and some mean what the words before make
// of them: -M is read for the family that is known by then, -r takes the port of the service if that is said already.
import type { AddressText, Family, Protocol } from '../../model/types.js'
import type { CommandName, OptionName } from './words.js'

export type Forwarding = 'route' | 'tunnel' | 'masq'

export interface Draft {
  command: CommandName
  readonly given: Set<OptionName>
  family: Family | undefined
  protocol: Protocol | undefined
  address: AddressText | undefined
  port: number
  mark: number | undefined
  /** as given: '' is no scheduler */
  scheduler: string
  flags: string
  /** seconds */
  persistent: number | undefined
  /** dotted quad, or prefix length of an IPv6 service */
  netmask: string | number
  onePacket: boolean
  engine: string
  real: { readonly family: Family; readonly address: AddressText; readonly port: number } | undefined
  forwarding: Forwarding
  weight: number
  upper: number
  lower: number
  tunnel: string
  timeouts: readonly [tcp: number, tcpfin: number, udp: number]
}

export const WHOLE_IPV4 = '255.255.255.255'
export const WHOLE_IPV6 = 128

export function emptyDraft(command: CommandName): Draft {
  return {
    command,
    given: new Set(),
    family: undefined,
    protocol: undefined,
    address: undefined,
    port: 0,
    mark: undefined,
    scheduler: '',
    flags: '',
    persistent: undefined,
    netmask: WHOLE_IPV4,
    onePacket: false,
    engine: '',
    real: undefined,
    forwarding: 'route',
    weight: 1,
    upper: 0,
    lower: 0,
    tunnel: 'ipip',
    timeouts: [0, 0, 0],
  }
}
