// SPDX-License-Identifier: Apache-2.0
// Op: one change to the maps. A list of them, in order, leads from Actual to Desired without a packet seeing half of it.
import type {
  AddressText,
  DrainStage,
  MacText,
  Persistence,
  Protocol,
  SchedulerFlag,
  SchedulerName,
  ServiceKey,
  ServiceMatch,
  Timeouts,
  Tunables,
} from '../model/types.js'
import type { DirectoryName, MarkRange } from './actual.js'

/** A real server as schedulers see it. Lists of them run from the head. */
export interface Listed {
  readonly id: number
  readonly weight: number
  /** the latest weight that was not 0; that at its addition, even when that was 0 */
  readonly lastWeight: number
  readonly address: AddressText
  /** of a mark's service its own; elsewhere the service's */
  readonly port: number
}

/**
 * What happens to one real server in a service's list; schedulers are told of each, one at a time, as in IPVS. An
 * edit of something else than the weight is an edit to the weight it has.
 */
export type ListEdit =
  | {
      readonly edit: 'add'
      readonly id: number
      readonly weight: number
      readonly address: AddressText
      readonly port: number
    }
  | { readonly edit: 'weight'; readonly id: number; readonly weight: number }
  | { readonly edit: 'remove'; readonly id: number }

/** Everything in a region's header that does not follow from its list. */
export interface ServiceShape {
  readonly id: number
  /** 0: the service of a mark */
  readonly vipId: number
  readonly match: ServiceMatch
  readonly scheduler: SchedulerName
  readonly flags?: readonly SchedulerFlag[]
  readonly persistence?: Persistence
  readonly onePacket?: true
  /** one of its real servers has connection thresholds */
  readonly limited?: true
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
  | ({
      readonly op: 'real-edit'
      readonly id: number
      readonly address: AddressText
    } & RealTerms)
  | ServicePublish
  | {
      readonly op: 'directory-publish'
      readonly directory: DirectoryName
      readonly entries: readonly DirectoryEntry[]
    }
  | { readonly op: 'marks-publish'; readonly protocol: Protocol; readonly ranges: readonly MarkRange[] }
  | { readonly op: 'service-withdraw'; readonly key: ServiceKey; readonly service: ServiceShape }
  | { readonly op: 'real-trash'; readonly id: number; readonly address: AddressText; readonly since: number }
  /** since: CLOCK_BOOTTIME seconds when first seen unreferenced, 0 = referenced again */
  | { readonly op: 'real-stamp'; readonly id: number; readonly since: number }
  /** a service that was deleted is there again: it counts from zero, and so do its real servers in the trash (IPVS) */
  | { readonly op: 'service-anew'; readonly id: number; readonly reals: readonly number[] }
  | { readonly op: 'real-free'; readonly id: number; readonly service: number }
  | { readonly op: 'service-free'; readonly id: number; readonly key: ServiceKey }
  | { readonly op: 'vip-free'; readonly id: number; readonly address: AddressText }
  | { readonly op: 'timeouts'; readonly timeouts: Timeouts }
  | { readonly op: 'tunables'; readonly tunables: Tunables }
  | { readonly op: 'peers'; readonly peers: readonly MacText[] }

/** What an edit may change about a real server. */
export interface RealTerms {
  readonly weight: number
  readonly lastWeight: number
  /** connection thresholds, 0 = none */
  readonly upper: number
  readonly lower: number
  /** absent: it is not drained */
  readonly drain?: DrainStage
}

interface RealPlaced<Name extends string> extends RealTerms {
  readonly op: Name
  readonly id: number
  readonly address: AddressText
  /** service id */
  readonly service: number
  readonly port: number
  readonly order: number
}
