// SPDX-License-Identifier: Apache-2.0
// What travels over the control socket so that an operator can see: drops, explanations, traced packets, events.
import type { AddressText, MacText, Protocol, RealKey, ServiceKey } from '../model/types.js'
import type { Count, Listing, RealRow, ServiceRow } from './contract.js'

/** Handshake times: SYN to the client's first ACK, the client's path included. */
export interface LatencyRow {
  readonly count: Count
  /** us */
  readonly sumUs: Count
  /** by LATENCY_BOUNDS_US of model/latency.ts and one more; not cumulative */
  readonly buckets: readonly Count[]
}

/** What ended badly for a client: what was dropped or answered by the director, worst rate first, then by packets; then
 * in the same order what was left to this host's stack (pass_*). */
export interface DropRow {
  readonly reason: string
  /** absent: of packets that belong to no service */
  readonly service?: ServiceKey
  readonly packets: Count
  /** packets a second, smoothed as IPVS's rates are */
  readonly rate: number
  /** what it means and what to do: one line of docs/REASONS.md */
  readonly about: string
}

/** A packet to be explained: its addresses, or the whole frame (hex) as it arrived. */
export interface ExplainRequest {
  readonly client?: AddressText
  readonly clientPort?: number
  readonly vip?: AddressText
  readonly port?: number
  /** 'tcp' unless told */
  readonly protocol?: Protocol
  /** TCP: 'syn' unless told */
  readonly flags?: 'syn' | 'ack' | 'fin' | 'rst'
  /** where it arrives; absent = the first one attached */
  readonly interface?: string
  readonly frame?: string
  /** as if: a real server down, or of another weight */
  readonly whatIf?: readonly WhatIf[]
  /** without candidates and runner-up */
  readonly brief?: boolean
}

/** `down`, `real`: as in realText; absent service: in all services. */
export type WhatIf =
  | { readonly down: string; readonly service?: ServiceKey }
  | { readonly real: string; readonly weight: number; readonly service?: ServiceKey }

/** One step of the decision, in the datapath's order. */
export interface ExplainStep {
  readonly step:
    | 'interface'
    | 'packet'
    | 'vip'
    | 'connection'
    | 'service'
    | 'template'
    | 'scheduler'
    | 'real'
    | 'nexthop'
    | 'verdict'
  /** one line for people */
  readonly text: string
}

/** A candidate as the scheduler saw it. */
export interface Candidate {
  readonly real: RealKey
  readonly weight: number
  readonly active: Count
  readonly inactive: Count
  /** why it could not be chosen */
  readonly unusable?: string
  /** the scheduler's own measure, where it has one: lower wins */
  readonly score?: string
}

export interface Explanation {
  readonly steps: readonly ExplainStep[]
  /** lower case of abi.h without the prefix: 'forward_new' */
  readonly reason: string
  readonly action: 'pass' | 'tx' | 'redirect' | 'drop'
  readonly service?: ServiceKey
  readonly real?: RealKey
  readonly candidates?: readonly Candidate[]
  /** whom the packet would go to if that real server were down */
  readonly runnerUp?: RealKey
  /** as written into the frame */
  readonly macs?: { readonly destination: MacText; readonly source: MacText }
  readonly vlan?: readonly number[]
  readonly interface?: string
  readonly whatIf?: readonly WhatIf[]
}

/** One traced packet, a line of the stream. */
export interface TraceRecord {
  /** ms since the epoch, with fractions */
  readonly at: number
  readonly interface: string
  readonly cpu: number
  readonly reason: string
  readonly action: 'pass' | 'tx' | 'redirect' | 'drop'
  readonly service?: ServiceKey
  readonly real?: RealKey
  /** bytes of the frame on the wire */
  readonly length: number
  /** base64 of the beginning of the frame as it arrived */
  readonly head: string
}

/** Comes between records whenever it changes, and last of all. */
export interface TraceLoss {
  /** records that found no room, since the trace began */
  readonly lost: Count
  /** packets that matched, and were more than the limit of records a second lets through */
  readonly limited: Count
}

/** One change of state, old -> new, with its reason. */
export interface EventRow {
  /** in the order of happening, from 1, over restarts */
  readonly id: number
  /** ms since the epoch */
  readonly at: number
  /** 'real', 'service', 'reload', 'drain', 'failover', 'daemon', 'interface', 'nexthop', 'mended', ... */
  readonly kind: string
  readonly severity: 'info' | 'notice' | 'warning' | 'error'
  readonly service?: ServiceKey
  readonly real?: RealKey
  readonly from?: string
  readonly to?: string
  readonly reason?: string
  /** one line for people */
  readonly text: string
}

/** Stands between events of a stream whose reader was too slow for so many. */
export interface EventsSkipped {
  readonly skipped: Count
}

/** What is known of a service at a moment that is gone: all but what it has counted. */
export type PastService = Pick<
  ServiceRow,
  | 'service'
  | 'match'
  | 'scheduler'
  | 'flags'
  | 'onePacket'
  | 'persistence'
  | 'name'
  | 'owner'
  | 'reals'
  | 'drained'
  | 'down'
>

export type PastReal = Pick<
  RealRow,
  'service' | 'real' | 'address' | 'name' | 'weight' | 'effectiveWeight' | 'upper' | 'lower' | 'standing'
> & { readonly nexthop: Pick<RealRow['nexthop'], 'state' | 'why' | 'interface'> }

/** The answer to services and reals with `at`. */
export interface PastListing<Row> extends Listing<Row> {
  /** ms since the epoch */
  readonly at: number
}
