// SPDX-License-Identifier: Apache-2.0
// Actual: what the maps hold, read back in the domain's words. The other half of every decision in this folder.
import type {
  AddressText,
  DrainStage,
  Limits,
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

export interface ActualReal {
  /** index into reals, real_info, loads, real_stats */
  readonly id: number
  readonly address: AddressText
  /** of a mark's service its own, 0 = that of the packet; elsewhere the service's */
  readonly port: number
  /** id of its service; kept while in the trash */
  readonly service: number
  readonly weight: number
  /** the latest weight that was not 0 */
  readonly lastWeight: number
  /** connection thresholds, 0 = none */
  readonly upper: number
  readonly lower: number
  readonly overloaded: boolean
  /** absent: it is not drained */
  readonly drain?: DrainStage
  /** larger = nearer the head of the list */
  readonly order: number
  /** index into nexthops, 0 = unresolved */
  readonly nexthop: number
  readonly state: 'linked' | 'trash'
  /** a connection or a persistence template points at it */
  readonly referenced: boolean
  /** CLOCK_BOOTTIME seconds when it was first seen unreferenced in the trash, 0 = not yet */
  readonly trashSince: number
}

export interface ActualService {
  readonly id: number
  readonly key: ServiceKey
  /** 0: the service of a mark */
  readonly vipId: number
  readonly match: ServiceMatch
  readonly scheduler: SchedulerName
  readonly flags?: readonly SchedulerFlag[]
  readonly persistence?: Persistence
  readonly onePacket?: true
  /** packets look for thresholds of its real servers */
  readonly limited?: true
  /** counts the publications of this service id */
  readonly generation: number
  /** of an address: packets find it. Of a mark: its region serves. False while only its trash lives */
  readonly listed: boolean
  /** the published region does not say what the list says: a controller died between two writes */
  readonly stale: boolean
  /** head of the list first */
  readonly reals: readonly ActualReal[]
  /** removed real servers that connections may still point at */
  readonly trash: readonly ActualReal[]
}

export interface ActualVip {
  readonly id: number
  readonly address: AddressText
  /** needed by marks: a published range leads to it, or, where it has no service to speak of, connections have it */
  readonly marked: boolean
}

export type DirectoryName = 'vips4' | 'vips6' | Protocol

/** value (VIP id or service id) -> key; the other way round would lose the equal folds that IPv6 addresses may have. */
export type DirectoryContents = ReadonlyMap<number, number>

/** Ports of a VIP whose packets belong to the service of a mark, as packets look them up. */
export interface MarkRange {
  readonly vipId: number
  /** first and last port, both included */
  readonly first: number
  readonly last: number
  /** service id */
  readonly service: number
  readonly mark: number
}

export interface Actual {
  readonly limits: Limits
  readonly vips: ReadonlyMap<number, ActualVip>
  readonly services: ReadonlyMap<ServiceKey, ActualService>
  /** of services that were never published: a controller died while it placed them */
  readonly orphans: readonly ActualReal[]
  /** ids that somebody else uses: they are neither read nor given out; absent = none */
  readonly strange?: { readonly services: readonly number[]; readonly reals: readonly number[] }
  /** as published */
  readonly directories: Readonly<Record<DirectoryName, DirectoryContents>>
  /** as published, in order */
  readonly marks: Readonly<Record<Protocol, readonly MarkRange[]>>
  readonly nextOrder: number
  readonly timeouts: Timeouts
  readonly tunables: Tunables
  readonly peers: readonly MacText[]
}
