// SPDX-License-Identifier: Apache-2.0
// Op: one change to the maps. A list of them, in order, leads from Actual to Desired without a packet seeing half of it.
import type {
  AddressText,
  MacText,
  Persistence,
  Protocol,
  SchedulerName,
  ServiceKey,
  Timeouts,
} from '../model/types.js'
import type { DirectoryName } from './actual.js'

/** A real server as schedulers see it. Lists of them run from the head. */
export interface Listed {
  readonly id: number
  readonly weight: number
}

/** What happens to one real server in a service's list; schedulers are told of each, one at a time, as in IPVS. */
export type ListEdit =
  | { readonly edit: 'add'; readonly id: number; readonly weight: number }
  | { readonly edit: 'weight'; readonly id: number; readonly weight: number }
  | { readonly edit: 'remove'; readonly id: number }

/** Everything in a region's header that does not follow from its list. */
export interface ServiceShape {
  readonly id: number
  readonly vipId: number
  readonly vip: AddressText
  readonly port: number
  readonly protocol: Protocol
  readonly scheduler: SchedulerName
  readonly persistence?: Persistence
}

/** A new version of a service: the list as it was, and what happened to it since. */
export interface ServicePublish {
  readonly op: 'service-publish'
  readonly key: ServiceKey
  readonly service: ServiceShape
  readonly was: readonly Listed[]
  readonly edits: readonly ListEdit[]
  /** the scheduler begins anew: a new service, or another scheduler */
  readonly fresh: boolean
}

export interface DirectoryEntry {
  readonly key: number
  readonly value: number
}

export type Op =
  | { readonly op: 'vip-add'; readonly id: number; readonly address: AddressText }
  | RealPlaced<'real-add'>
  | RealPlaced<'real-revive'>
  | {
      readonly op: 'real-edit'
      readonly id: number
      readonly address: AddressText
      readonly weight: number
      readonly lastWeight: number
    }
  | ServicePublish
  | {
      readonly op: 'directory-publish'
      readonly directory: DirectoryName
      readonly entries: readonly DirectoryEntry[]
    }
  | { readonly op: 'service-withdraw'; readonly key: ServiceKey; readonly service: ServiceShape }
  | { readonly op: 'real-trash'; readonly id: number; readonly address: AddressText; readonly since: number }
  /** since: CLOCK_BOOTTIME seconds when first seen unreferenced, 0 = referenced again */
  | { readonly op: 'real-stamp'; readonly id: number; readonly since: number }
  | { readonly op: 'real-free'; readonly id: number; readonly service: number }
  | { readonly op: 'service-free'; readonly id: number; readonly key: ServiceKey }
  | { readonly op: 'vip-free'; readonly id: number; readonly address: AddressText }
  | { readonly op: 'timeouts'; readonly timeouts: Timeouts }
  | { readonly op: 'peers'; readonly peers: readonly MacText[] }

interface RealPlaced<Name extends string> {
  readonly op: Name
  readonly id: number
  readonly address: AddressText
  /** service id */
  readonly service: number
  readonly port: number
  readonly weight: number
  readonly lastWeight: number
  readonly order: number
}
