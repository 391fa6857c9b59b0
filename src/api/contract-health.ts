// SPDX-License-Identifier: Apache-2.0
// What travels over the control socket about drains and health.
import type { StandingReason } from '../model/checks.js'
import type { AddressText, DrainStage, RealKey, ServiceKey } from '../model/types.js'
import type { CheckRow, Count } from './contract.js'

/** Whether a real server may get new connections, and why. */
export interface Standing {
  readonly up: boolean
  readonly reason: StandingReason
  /** ms since the epoch, where it is known */
  readonly since?: number
  /** for people */
  readonly detail?: string
}

/** One real server that was asked for. */
export interface HealthRow {
  readonly service: ServiceKey
  readonly real: RealKey
  readonly address: AddressText
  readonly standing: Standing
  /** wished, by the file or by request */
  readonly weight: number
  /** 0: it gets no new connections */
  readonly effectiveWeight: number
  /** its service has one; absent: nobody asked */
  readonly quorum?: boolean
  /** clients' unanswered SYNs are looked at too */
  readonly passive: boolean
  readonly checks: readonly Omit<CheckRow, 'service' | 'real'>[]
}

export interface DrainRequest {
  /** as in realText: '192.0.2.21', of a mark's service perhaps '192.0.2.21:8080' */
  readonly real: string
  /** absent = in all services */
  readonly service?: string
  /** seconds until what is left of it is ended; absent = it waits for the last connection */
  readonly within?: number
  /** how: its flows choose another real server, or TCP's are reset; 'move' unless told */
  readonly end?: 'move' | 'reset'
}

/** One for each service in which a real server is drained. */
export interface DrainRow {
  readonly service: ServiceKey
  readonly real: RealKey
  readonly address: AddressText
  /** it is drained in all services */
  readonly everywhere: boolean
  /** ms since the epoch, both */
  readonly since: number
  readonly deadline?: number
  readonly end: 'move' | 'reset'
  /** 'soft' until the deadline */
  readonly stage: DrainStage
  readonly active: Count
  readonly inactive: Count
  readonly persistent: Count
}
