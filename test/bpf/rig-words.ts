// SPDX-License-Identifier: Apache-2.0
// What a test says to a rig, and what it hears.
import {
  DEFAULT_LIMITS,
  DEFAULT_TIMEOUTS,
  type Desired,
  type Limits,
  type Outcome,
  type Real,
  type Service,
} from '../../src/model/types.js'

export const ACTIONS = ['aborted', 'drop', 'pass', 'tx', 'redirect'] as const
export type ActionName = (typeof ACTIONS)[number]

/** 0.268 s of datapath time. */
export const TICK_SECONDS = 2 ** 28 / 1e9

export interface HopWords {
  readonly mac?: string
  readonly ifindex?: number
  readonly kind?: 'ethernet' | 'local' | 'unresolved'
  readonly tags?: readonly { readonly tpid: number; readonly vid: number }[]
}

export interface Judgement {
  readonly action: ActionName
  /** as in abi.h, lower case; a redirected packet has the reason of a sent one */
  readonly reason: string
  readonly frame: Uint8Array
}

export interface Load {
  readonly active: number
  readonly inactive: number
  readonly persistent: number
}

export type ServiceWords = Omit<Partial<Service>, 'reals'> & {
  readonly vip: string
  readonly reals: readonly (string | Real)[]
}

export interface RigOptions {
  readonly limits?: Partial<Limits>
  readonly object?: string
  /** true: time stands still until advance() */
  readonly manualClock?: boolean
}

export function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value
  throw new Error(outcome.problems.map(({ reason, fix }) => `${reason}; ${fix ?? ''}`).join('\n'))
}

function realOf(real: string | Real): Real {
  return typeof real === 'string' ? { address: real, weight: 1 } : real
}

export function desired(services: readonly ServiceWords[], limits: Partial<Limits> = {}): Desired {
  const service = (words: ServiceWords): Service => ({
    port: 80,
    protocol: 'tcp',
    scheduler: 'rr',
    owner: 'file',
    ...words,
    reals: words.reals.map(realOf),
  })
  return {
    interfaces: [],
    services: services.map(service),
    peers: [],
    timeouts: DEFAULT_TIMEOUTS,
    limits: { ...DEFAULT_LIMITS, ...limits },
  }
}
