// SPDX-License-Identifier: Apache-2.0
// Actual: what the maps hold, read back in the domain's words. The other half of every decision in this folder.
import type {
  AddressText,
  Limits,
  MacText,
  Persistence,
  Protocol,
  SchedulerName,
  ServiceKey,
  Timeouts,
} from '../model/types.js'

export interface ActualReal {
  /** index into reals, real_info, loads, real_stats */
  readonly id: number
  readonly address: AddressText
  /** id of its service; kept while in the trash */
  readonly service: number
  readonly weight: number
  /** the latest weight that was not 0 */
  readonly lastWeight: number
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
  readonly vipId: number
  readonly vip: AddressText
  readonly port: number
  readonly protocol: Protocol
  readonly scheduler: SchedulerName
  readonly persistence?: Persistence
  /** counts the publications of this service id */
  readonly generation: number
  /** packets find it; false while only its trash lives */
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
}

export type DirectoryName = 'vips4' | 'vips6' | 'tcp' | 'udp'

/** value (VIP id or service id) -> key; the other way round would lose the equal folds that IPv6 addresses may have. */
export type DirectoryContents = ReadonlyMap<number, number>

export interface Actual {
  readonly limits: Limits
  readonly vips: ReadonlyMap<number, ActualVip>
  readonly services: ReadonlyMap<ServiceKey, ActualService>
  /** of services that were never published: a controller died while it placed them */
  readonly orphans: readonly ActualReal[]
  /** as published */
  readonly directories: Readonly<Record<DirectoryName, DirectoryContents>>
  readonly nextOrder: number
  readonly timeouts: Timeouts
  readonly peers: readonly MacText[]
}
