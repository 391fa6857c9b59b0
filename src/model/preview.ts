// SPDX-License-Identifier: Apache-2.0
// Preview: what a reload of a file would change, in the words of the file, and what that means for live connections.
import type { AddressText, AttachMode, ServiceKey } from './types.js'

/** 'breaks': live connections would end. 'harmless': something changes and none would. */
export type Verdict = 'nothing' | 'harmless' | 'breaks'

/** One word of the file: 'scheduler' 'wrr' -> 'mh'; 'none' where there is nothing. */
export interface Facet {
  readonly what: string
  readonly from: string
  readonly to: string
}

export interface LiveCounts {
  /** now in the table, on real servers that serve */
  readonly live: number
  /** their real server gets another weight, 0 too; they stay with it */
  readonly touched: number
  /** their real server or service goes */
  readonly broken: number
}

export interface RealPreview {
  /** as in realText */
  readonly real: string
  readonly change: 'added' | 'removed' | 'changed'
  /** absent: it is not there before, or after */
  readonly weight: { readonly from?: number; readonly to?: number }
  /** thresholds, name and health checking */
  readonly facets: readonly Facet[]
  readonly connections: number
}

/** How much of what a scheduler chooses by leads to another real server afterwards, 0..1. */
export interface TableMove {
  /**
   * sh, dh, mh: slots of the table, or, where clients are hashed otherwise than before, clients; rr, wrr: picks; lc,
   * wlc, sed, nq, twos: what each gets by its weight in the long run
   */
  readonly of: 'slots' | 'clients' | 'picks' | 'weight'
  readonly share: number
}

export interface ServicePreview {
  readonly service: ServiceKey
  readonly change: 'added' | 'removed' | 'changed'
  readonly facets: readonly Facet[]
  /** those that change; of a service that comes or goes all */
  readonly reals: readonly RealPreview[]
  /** absent: nothing to compare: fo, ovf, lblc, lblcr, none, or from one that hashes to one that does not */
  readonly table?: TableMove
  readonly connections: LiveCounts
}

export interface InterfacePreview {
  readonly name: string
  readonly from?: AttachMode
  readonly to?: AttachMode
}

export interface UnresolvedHop {
  readonly address: AddressText
  readonly why: string
}

export interface Preview {
  readonly verdict: Verdict
  /** only those that change */
  readonly services: readonly ServicePreview[]
  readonly interfaces: readonly InterfacePreview[]
  /** 'tcp 192.0.2.10:80,443 = 6' */
  readonly marks: { readonly added: readonly string[]; readonly removed: readonly string[] }
  readonly peers: { readonly added: readonly string[]; readonly removed: readonly string[] }
  /** timeouts, tunables, metrics */
  readonly settings: readonly Facet[]
  /** sizes that only new maps can have */
  readonly limits: readonly Facet[]
  /** what requests at run time set, and the file's word ends */
  readonly ends: readonly string[]
  /** new real servers that wait for connections and whose next hop did not answer */
  readonly unresolved: readonly UnresolvedHop[]
  readonly connections: LiveCounts & {
    /** idle for longer than a timeout that becomes shorter allows */
    readonly outlived: number
  }
  readonly notices: readonly string[]
}
