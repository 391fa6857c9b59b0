// SPDX-License-Identifier: Apache-2.0
// What is measured, as data: bundles of groups, a group being one datapath and what is sent through it. Groups of one
// bundle are live at the same time, so that their cases can be compared.

import type { TraceWish } from '../src/model/trace-wish.js'
import type { Limits } from '../src/model/types.js'
import type { ServiceWords } from '../test/bpf/rig.js'
import { FLOOD, LARGE, SIZES } from './cases-hit.js'
import { NEW, PERSISTENCE, SCHEDULERS } from './cases-new.js'
import { OTHER, SERVICES, TRACE } from './cases-other.js'

/** Entry points of bench/bpf; `empty` is the harness alone. */
export type ProgramName = 'empty' | 'xlvs' | 'untraced' | 'floor' | 'parsed' | 'control'
export type Kind = 'packet' | 'first fragment' | 'later fragment' | 'ICMP error'
export type Action = 'drop' | 'pass' | 'tx'

export interface Work {
  readonly to: string
  /** 80 */
  readonly port?: number
  /** tcp */
  readonly protocol?: 'tcp' | 'udp'
  /** another than a power of two is met unevenly: some flows twice as often as others */
  readonly flows: number
  readonly flags: 'syn' | 'ack'
  /** flows come as they were made, or in another order; a SYN makes them, an ACK meets them in another order */
  readonly order?: 'made' | 'met'
  readonly expected: Action
  readonly kind?: Kind
  /** VLAN */
  readonly tag?: number
}

export interface TraceLevel {
  /** undefined: nobody traces */
  readonly filter: string | undefined
  readonly how?: Partial<TraceWish>
}

export interface Case {
  readonly id: string
  readonly title: string
  readonly programs: readonly Exclude<ProgramName, 'empty'>[]
  readonly work: Work
  /** flows that were never seen, in every round others */
  readonly fresh?: true
  /** flows are known and established before the first round */
  readonly known?: true
  /** before each round every flow sends one of these */
  readonly lead?: Kind
  /** that flows are lost is what the case shows, not a fault of it */
  readonly lossy?: true
  readonly trace?: TraceLevel
  /** packets per slice at most */
  readonly most?: number
  /** cases of one heat are compared: their rounds are the same rounds; its id, if it is compared with none */
  readonly heat?: string
  /** another case of the heat that its figure is shown as a multiple of */
  readonly beside?: Beside
}

export interface Beside {
  readonly place: Place
  /** "1.25 × IPv4" */
  readonly says: string
}

/** A figure: of which case and which program. */
export type Place = readonly [id: string, program: ProgramName]

export function heatOf({ id, heat }: Pick<Case, 'id' | 'heat'>): string {
  return heat ?? id
}

export interface Group {
  readonly name: string
  readonly limits: Partial<Limits>
  readonly services: readonly ServiceWords[]
  /** real servers whose network wants frames with a tag */
  readonly tagged?: readonly string[]
  /** this many SYNs of flows that never come back, before anything is measured */
  readonly fill?: { readonly to: string; readonly packets: number }
  readonly cases: readonly Case[]
}

export interface Bundle {
  readonly groups: readonly Group[]
  /** with --full only */
  readonly full?: true
}

export const BUNDLES: readonly Bundle[] = [
  { groups: [SIZES] },
  { groups: [LARGE], full: true },
  { groups: [NEW] },
  { groups: [FLOOD] },
  { groups: [PERSISTENCE, OTHER] },
  { groups: SERVICES },
  { groups: [SCHEDULERS] },
  { groups: [TRACE] },
]
