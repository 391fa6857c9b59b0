// SPDX-License-Identifier: Apache-2.0
// The domain of keepalived's load balancing, read but not yet turned into xlvs's.
import type { AddressText, Family, Protocol, SchedulerFlag, SchedulerName } from '../../model/types.js'
import type { Spot } from './remarks.js'
import type { Statement } from './tree.js'

export type Method = 'DR' | 'NAT' | 'TUN'

export interface Said<T> {
  readonly value: T
  readonly spot: Spot
}

export interface RealServer {
  readonly spot: Spot
  readonly address: AddressText
  readonly family: Family
  /** 0 = not said: the virtual server's */
  readonly port: number
  readonly weight: number
  readonly method?: Said<Method>
  readonly upper?: Said<number>
  readonly lower?: Said<number>
  /** checkers and what goes with them, well formed, for whoever carries them out */
  readonly health: readonly Statement[]
}

export interface AddressTarget {
  readonly kind: 'address'
  readonly spot: Spot
  readonly family: Family
  readonly first: bigint
  readonly last: bigint
  /** 0 = every port */
  readonly port: number
}

export interface MarkTarget {
  readonly kind: 'mark'
  readonly spot: Spot
  readonly mark: number
  readonly family?: Family
}

/** global_defs: whom scripts run as that do not say it themselves. */
export interface ScriptUser {
  readonly user: string
  readonly group?: string
}

/** What a virtual server answers to. */
export type Target = AddressTarget | MarkTarget

export interface VirtualServer {
  readonly spot: Spot
  /** when its target is a group */
  readonly group?: string
  readonly targets: readonly Target[]
  readonly scheduler?: SchedulerName
  readonly flags: readonly SchedulerFlag[]
  readonly method?: Said<Method>
  readonly protocol?: Said<Protocol>
  /** seconds */
  readonly timeout?: Said<number>
  readonly granularity?: Said<string>
  readonly onePacket?: Spot
  readonly family?: Family
  readonly reals: readonly RealServer[]
  /** quorum, sorry server, times, notify scripts, well formed, for whoever carries them out */
  readonly health: readonly Statement[]
}
