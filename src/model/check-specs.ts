// SPDX-License-Identifier: Apache-2.0
// What a file or a request may say of a check or a policy, the whole value that it stands for, and the way back:
// only what is not the default. Nothing is judged here, and nothing that is wrong can throw.
import { canonicalAddress } from '../abi/address.js'
import {
  type Check,
  type CheckKind,
  DEFAULT_HEALTH,
  DEFAULT_PASSIVE,
  DEFAULT_TIMING,
  type HealthPolicy,
  type PassivePolicy,
} from './checks.js'
import { isJsonMap, type JsonMap } from './judge.js'
import type { ServiceMatch } from './types.js'

/** All but the kind may be left out where there is a default; false is as if left out. */
export type CheckSpec = Check | ({ readonly kind: CheckKind } & JsonMap)

type Flag = 'sorryInhibit' | 'alpha' | 'omega' | 'failOpen'

export type HealthSpec = Partial<Omit<HealthPolicy, Flag | 'passive'>> & {
  readonly [K in Flag]?: boolean
} & {
  /** true: DEFAULT_PASSIVE */
  readonly passive?: boolean | Partial<PassivePolicy>
}

const ASK = { path: '/', method: 'GET' } as const
const HTTP = { asks: [ASK], version: '1.1' }
/** keepalived asks for SOA of '.', which every server can answer. */
const DEFAULTS: Readonly<Record<CheckKind, JsonMap>> = {
  tcp: {},
  http: HTTP,
  https: HTTP,
  tls: {},
  dns: { type: 'SOA', name: '.' },
  udp: {},
  icmp: {},
  grpc: { service: '' },
  script: {},
}
const HEX = ['payload', 'reply']
const ADDRESSES = ['address', 'bind']

export function completeCheck(spec: CheckSpec, of: ServiceMatch): Check {
  const said = Object.fromEntries(
    Object.entries(spec)
      .filter(([, value]) => value !== undefined && value !== false)
      .map(([key, value]) => [key, canonical(key, value)]),
  )
  return { ...defaultsOf(spec, of), ...said } as unknown as Check
}

/** The same check with what need not be said left out. */
export function briefCheck(check: Check, of: ServiceMatch): { readonly kind: CheckKind } & JsonMap {
  const { kind, ...rest } = check
  const brief = without(rest, defaultsOf(check, of))
  const asks = brief['asks'] as readonly JsonMap[] | undefined
  if (asks === undefined) return { kind, ...brief }
  return {
    kind,
    ...brief,
    asks: asks.map(({ path, ...ask }) => ({ path, ...without(ask, { method: 'GET' }) })),
  }
}

/** Way and times, and what belongs to the kind. */
function defaultsOf({ kind, address }: CheckSpec, of: ServiceMatch): JsonMap {
  const via = of.mark !== undefined || kind === 'script' || address !== undefined ? 'real' : 'vip'
  return { ...DEFAULT_TIMING, via, ...(Object.hasOwn(DEFAULTS, kind) ? DEFAULTS[kind] : {}) }
}

function canonical(key: string, value: unknown): unknown {
  if (key === 'asks' && Array.isArray(value))
    return value.map((ask) => (isJsonMap(ask) ? { ...ASK, ...ask, ...hex('digest', ask) } : ask))
  if (typeof value !== 'string') return value
  if (ADDRESSES.includes(key)) return canonicalAddress(value) ?? value
  return HEX.includes(key) ? value.toLowerCase() : value
}

function hex(key: string, { [key]: value }: JsonMap): JsonMap {
  return typeof value === 'string' ? { [key]: value.toLowerCase() } : {}
}

export function completeHealth(spec: HealthSpec, of: ServiceMatch): HealthPolicy {
  const { passive, sorry, ...rest } = spec
  const said = Object.entries(rest).filter(([, value]) => value !== undefined && value !== false)
  return {
    ...DEFAULT_HEALTH,
    ...Object.fromEntries(said),
    ...(sorry === undefined ? {} : { sorry: completeSorry(sorry, of) }),
    ...completePassive(passive),
  } as HealthPolicy
}

/** A longest pause that is not said is not shorter than the first. */
function completePassive(spec: HealthSpec['passive']): Pick<HealthPolicy, 'passive'> {
  if (spec === undefined || spec === false) return {}
  if (!isJsonMap(spec)) return { passive: spec === true ? DEFAULT_PASSIVE : (spec as never) }
  const all = { ...DEFAULT_PASSIVE, ...spec }
  const most = spec['most'] ?? Math.max(all.pause, DEFAULT_PASSIVE.most)
  return { passive: { ...all, most } as PassivePolicy }
}

/** A port is part of its name for a mark only, as of every real server. */
type Sorry = NonNullable<HealthPolicy['sorry']>

function completeSorry(sorry: Sorry, of: ServiceMatch): Sorry {
  if (!isJsonMap(sorry)) return sorry
  const { address, port, ...rest } = sorry
  return {
    ...rest,
    address: canonicalAddress(String(address)) ?? address,
    ...(port === undefined || port === 0 || port === of.port ? {} : { port }),
  }
}

/** Of `all`, what is not the same in `defaults`. */
function without(all: object, defaults: JsonMap): JsonMap {
  return Object.fromEntries(
    Object.entries(all).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(defaults[key])),
  )
}
