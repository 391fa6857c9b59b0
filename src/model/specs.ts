// SPDX-License-Identifier: Apache-2.0
// What a request may say of a service, a real server or a mark, and the whole value that it stands for: defaults
// filled in, canonical text, owner 'api'. Nothing is judged here.
import { canonicalAddress, familyOf } from '../abi/address.js'
import { type CheckSpec, completeCheck, completeHealth, type HealthSpec } from './check-specs.js'
import type { HealthPolicy, Notify } from './checks.js'
import { canonicalFlags } from './flags.js'
import { serviceFamily } from './keys.js'
import { parseNetmask, wholeAddress } from './persistence.js'
import { parsePorts, portsFault, unitePorts } from './ports.js'
import { DEFAULT_PROTOCOL, DEFAULT_SCHEDULER, DEFAULT_WEIGHT } from './rules.js'
import type {
  AddressText,
  Family,
  MarkRule,
  Persistence,
  PortRange,
  Protocol,
  Real,
  SchedulerFlag,
  SchedulerName,
  Service,
  ServiceBody,
  ServiceMatch,
} from './types.js'

/** A port only in services of a mark; elsewhere the service's, or none. 0 = none for port and thresholds. */
export type RealSpec = Pick<Real, 'address'> &
  Partial<Omit<Real, 'checks' | 'passive'>> & {
    readonly checks?: readonly CheckSpec[]
    /** true is as if it were not said */
    readonly passive?: boolean
  }

interface BodySpec {
  readonly scheduler?: SchedulerName
  readonly flags?: readonly SchedulerFlag[]
  readonly persistence?: Partial<Persistence>
  readonly onePacket?: boolean
  readonly name?: string
  readonly checks?: readonly CheckSpec[]
  readonly health?: HealthSpec
  readonly reals?: readonly RealSpec[]
}

export interface AddressServiceSpec extends BodySpec {
  readonly vip: AddressText
  readonly port: number
  readonly protocol?: Protocol
  readonly mark?: undefined
  readonly family?: undefined
}

export interface MarkServiceSpec extends BodySpec {
  readonly mark: number
  /** 4 when absent */
  readonly family?: Family
  readonly vip?: undefined
  readonly port?: undefined
  readonly protocol?: undefined
}

export type ServiceSpec = AddressServiceSpec | MarkServiceSpec

/** Only what is given changes; null takes it away. */
export interface ServiceEdit {
  /** another scheduler begins without flags, unless the edit names some: they meant something to the old one */
  readonly scheduler?: SchedulerName
  readonly flags?: readonly SchedulerFlag[] | null
  readonly persistence?: Partial<Persistence> | null
  readonly onePacket?: boolean
  readonly name?: string | null
  /** all of them, as all of the policy: parts are not merged with what was */
  readonly checks?: readonly CheckSpec[] | null
  readonly health?: HealthSpec | null
}

/** Only what is given changes; null (of a threshold also 0) takes it away. */
export interface RealEdit {
  readonly weight?: number
  /** a lower threshold goes with it, unless the edit names one */
  readonly upper?: number | null
  readonly lower?: number | null
  readonly name?: string | null
  /** []: none; null: those of the service */
  readonly checks?: readonly CheckSpec[] | null
  readonly passive?: boolean | null
  readonly onDown?: HealthPolicy['onDown'] | null
  readonly notify?: Notify | null
}

/** Which ports of which VIP. */
export interface MarkName {
  readonly vip: AddressText
  readonly protocol?: Protocol
  /** text as in parsePorts: '80,443,1000:2000' */
  readonly ports: readonly PortRange[] | string
}

export interface MarkSpec extends MarkName {
  readonly mark: number
}

export function completeService(spec: ServiceSpec): Service {
  const match = completeMatch(spec)
  return { ...match, ...completeBody(spec, match) } as Service
}

export function completeReal(
  { address, port, weight, upper, lower, name, checks, passive, onDown, notify }: RealSpec,
  of: ServiceMatch,
): Real {
  return {
    address: canonicalAddress(address) ?? address,
    ...(port === undefined || port === 0 || port === of.port ? {} : { port }),
    weight: weight ?? DEFAULT_WEIGHT,
    ...(upper === undefined || upper === 0 ? {} : { upper }),
    ...(lower === undefined || lower === 0 ? {} : { lower }),
    ...(name === undefined ? {} : { name }),
    ...(checks === undefined ? {} : { checks: completeChecks(checks, of) }),
    ...(passive === undefined || passive ? {} : { passive: false }),
    ...(onDown === undefined ? {} : { onDown }),
    ...(notify === undefined ? {} : { notify }),
  }
}

export function completeChecks(checks: readonly CheckSpec[], of: ServiceMatch) {
  return checks.map((check) => completeCheck(check, of))
}

export function completePersistence(
  { timeout, prefix, mask }: Partial<Persistence>,
  family: Family,
): Persistence {
  const plain = { timeout: timeout as number, prefix: prefix ?? wholeAddress(family) }
  if (mask === undefined) return plain
  const net = parseNetmask(mask, family)
  return net.ok ? { timeout: plain.timeout, ...net.value } : { ...plain, mask }
}

/** Ports that are wrong stay as they are, for the judge to find. */
export function completeMark({ vip, protocol, ports, mark }: MarkSpec): MarkRule {
  const given = typeof ports === 'string' ? parsePorts(ports) : undefined
  const ranges = given?.ok ? given.value : (ports as readonly PortRange[])
  return {
    vip: canonicalAddress(vip) ?? vip,
    protocol: protocol ?? DEFAULT_PROTOCOL,
    ports: portsFault(ranges) === undefined ? unitePorts(ranges) : ranges,
    mark,
    owner: 'api',
  }
}

function completeMatch(spec: ServiceSpec): ServiceMatch {
  if (spec.mark !== undefined) return { mark: spec.mark, family: spec.family ?? 4 }
  const vip = canonicalAddress(spec.vip) ?? spec.vip
  return { vip, port: spec.port, protocol: spec.protocol ?? DEFAULT_PROTOCOL }
}

function completeBody(spec: BodySpec, match: ServiceMatch): ServiceBody {
  const { scheduler, flags = [], persistence, onePacket, name, checks = [], health, reals = [] } = spec
  const family = match.mark === undefined ? familyOf(match.vip) : serviceFamily(match)
  return {
    scheduler: scheduler ?? DEFAULT_SCHEDULER,
    ...(flags.length === 0 ? {} : { flags: canonicalFlags(flags) }),
    ...(persistence === undefined ? {} : { persistence: completePersistence(persistence, family) }),
    ...(onePacket === true ? { onePacket } : {}),
    ...(name === undefined ? {} : { name }),
    ...(checks.length === 0 ? {} : { checks: completeChecks(checks, match) }),
    ...(health === undefined ? {} : { health: completeHealth(health, match) }),
    owner: 'api',
    reals: reals.map((real) => completeReal(real, match)),
  }
}
