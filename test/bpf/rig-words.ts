// SPDX-License-Identifier: Apache-2.0
// What a test says to a rig, and what it hears.
import {
  type AddressMatch,
  DEFAULT_LIMITS,
  DEFAULT_TIMEOUTS,
  DEFAULT_TUNABLES,
  type Desired,
  type Family,
  type Limits,
  type MarkRule,
  type Outcome,
  type PortRange,
  type Real,
  type Service,
  type ServiceBody,
  type Tunables,
} from '../../src/model/types.js'

export const ACTIONS = ['aborted', 'drop', 'pass', 'tx', 'redirect'] as const
export type ActionName = (typeof ACTIONS)[number]

/** 0.268 s of datapath time. */
export const TICK_SECONDS = 2 ** 28 / 1e9

export interface HopWords {
  readonly mac?: string
  readonly ifindex?: number
  readonly kind?: 'ethernet' | 'local' | 'unresolved'
  /** largest IP packet; without it none is too large */
  readonly mtu?: number
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

type BodyWords = Partial<Omit<ServiceBody, 'reals'>> & { readonly reals: readonly (string | Real)[] }
export type AddressWords = BodyWords & Partial<AddressMatch> & { readonly vip: string }
export type MarkWords = BodyWords & {
  readonly mark: number
  readonly family?: Family
  readonly vip?: undefined
  readonly port?: undefined
  readonly protocol?: undefined
}
/** tcp, port 80, rr, every weight 1; of a mark: IPv4. */
export type ServiceWords = AddressWords | MarkWords

/** tcp; a port alone is a range of one. */
export type RuleWords = Pick<MarkRule, 'vip' | 'mark'> &
  Partial<Pick<MarkRule, 'protocol' | 'owner'>> & { readonly ports: readonly (number | PortRange)[] }

/** Besides services: what carries marks, and the kernel's tunables where they are not the rig's. */
export interface RestWords {
  readonly marks?: readonly RuleWords[]
  readonly tunables?: Partial<Tunables>
}

/** The kernel's, but that the director always answers. */
export const RIG_TUNABLES: Tunables = { ...DEFAULT_TUNABLES, icmp_ratelimit: 0, icmp_msgs_per_sec: 0 }

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

function serviceOf(words: ServiceWords): Service {
  const [body, reals] = [{ scheduler: 'rr', owner: 'file' } as const, words.reals.map(realOf)]
  if (words.mark !== undefined) return { ...body, family: 4, ...words, reals }
  return { ...body, port: 80, protocol: 'tcp', ...words, reals }
}

function ruleOf(words: RuleWords): MarkRule {
  const ports = words.ports.map((port) => (typeof port === 'number' ? ([port, port] as const) : port))
  return { protocol: 'tcp', owner: 'file', ...words, ports }
}

export function desired(
  services: readonly ServiceWords[],
  limits: Partial<Limits> = {},
  { marks = [], tunables }: RestWords = {},
): Desired {
  return {
    interfaces: [],
    services: services.map(serviceOf),
    marks: marks.map(ruleOf),
    peers: [],
    timeouts: DEFAULT_TIMEOUTS,
    tunables: { ...RIG_TUNABLES, ...tunables },
    limits: { ...DEFAULT_LIMITS, ...limits },
  }
}
