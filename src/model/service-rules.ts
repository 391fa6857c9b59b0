// SPDX-License-Identifier: Apache-2.0
// What one service may be: each value of it, and what its values must be to each other.
import { canonicalAddress, familyOf } from '../abi/address.js'
import { checksFindings, healthFindings, notifyFindings } from './check-rules.js'
import { checksWithin, healthWithin, type SketchedChecks, serviceChecksWithin } from './check-within.js'
import type { HealthPolicy } from './checks.js'
import { type Finding, located, type Path, twice } from './findings.js'
import { flagsFault } from './flags.js'
import { realText, type ServiceId, serviceFamily, serviceKey } from './keys.js'
import { persistenceFaults } from './persistence.js'
import {
  choiceFault,
  type Fault,
  hostFault,
  kindOf,
  MARK,
  MAX_REALS_PER_SERVICE,
  nameFault,
  outOfRange,
  PORT,
  PROTOCOLS,
  rangeFault,
  SCHEDULERS,
  SERVICE_PORT,
  THRESHOLD,
  WEIGHT,
} from './rules.js'
import type { Family, Protocol, Real, Service } from './types.js'
import { samePort } from './words.js'

/** What is known so far about a service of which some parts may be wrong; wrong parts are absent. */
export interface SketchedService {
  readonly vip?: string | undefined
  readonly port?: number | undefined
  readonly protocol?: Protocol | undefined
  readonly mark?: number | undefined
  readonly family?: Family | undefined
  readonly persistence?: unknown
  readonly onePacket?: boolean | undefined
  readonly checks?: SketchedChecks | undefined
  readonly health?: HealthPolicy | undefined
  readonly reals: readonly SketchedReal[]
}

export interface SketchedReal {
  readonly address?: string | undefined
  readonly port?: number | undefined
  readonly upper?: number | undefined
  readonly lower?: number | undefined
  readonly checks?: SketchedChecks | undefined
}

/** What it matches, when all parts of that are known. */
export function sketchedMatch({ vip, port, protocol, mark, family }: SketchedService): ServiceId | undefined {
  if (mark !== undefined) return family === undefined ? undefined : { mark, family }
  return vip === undefined || port === undefined || protocol === undefined
    ? undefined
    : { vip, port, protocol }
}

/** Each value of a service that some program made. */
export function serviceFaults(service: Service, path: Path = []): Finding[] {
  const at = (key: string, fault: Fault | undefined) => located([...path, key], fault)
  const family = service.mark === undefined ? familyOf(String(service.vip)) : service.family
  return [
    ...matchFaults(service, path),
    ...at('scheduler', choiceFault('scheduler', service.scheduler, SCHEDULERS)),
    ...at('flags', service.flags === undefined ? undefined : flagsFault(service.flags)),
    ...at('onePacket', switchFault(service.onePacket)),
    ...at('name', service.name === undefined ? undefined : nameFault(String(service.name))),
    ...(service.persistence === undefined
      ? []
      : persistenceFaults(service.persistence, family).flatMap((fault) => at('persistence', fault))),
    ...(service.checks === undefined ? [] : checksFindings(service.checks, [...path, 'checks'], 1)),
    ...(service.health === undefined ? [] : healthFindings(service.health, [...path, 'health'])),
    ...service.reals.flatMap((real, i) => realFaults(real, [...path, 'reals', i])),
  ]
}

export function realFaults(real: Real, path: Path = []): Finding[] {
  const at = (key: string, fault: Fault | undefined) => located([...path, key], fault)
  return [
    ...at('address', addressFault('real', real.address)),
    ...at('port', real.port === undefined ? undefined : rangeFault('port', real.port, PORT)),
    ...at('weight', outOfRange(rangeFault('weight', real.weight, WEIGHT))),
    ...at('upper', thresholdFault('upper', real.upper)),
    ...at('lower', thresholdFault('lower', real.lower)),
    ...at('name', real.name === undefined ? undefined : nameFault(String(real.name))),
    ...(real.checks === undefined ? [] : checksFindings(real.checks, [...path, 'checks'])),
    ...at('passive', realPassiveFault(real.passive)),
    ...at('onDown', real.onDown === undefined ? undefined : choiceFault('on-down', real.onDown, ON_DOWN)),
    ...(real.notify === undefined ? [] : notifyFindings(real.notify, 'notify', [...path, 'notify'])),
  ]
}

/** Programs must hand over canonical text, or equal things would look different. */
export function addressFault(word: string, text: string): Fault | undefined {
  const canonical = canonicalAddress(String(text))
  if (canonical !== undefined && canonical !== text)
    return { reason: `${word} ${text} is not canonical`, fix: `write ${canonical}` }
  return hostFault(word, String(text))
}

/** What the parts of one service must be to each other. */
export function withinService(service: SketchedService, at: Path = []): Finding[] {
  const path = (i: number): Path => [...at, 'reals', i]
  const { reals } = service
  const names = reals.map(({ address, port }) =>
    address === undefined ? undefined : realText({ address, ...(port === undefined ? {} : { port }) }),
  )
  const found = [
    ...located([...at, 'vip'], anyPortFault(service)),
    ...located([...at, 'onePacket'], onePacketFault(service)),
    ...twice(names, path, 'real'),
    ...checkingWithin(service, at),
    ...reals.flatMap((real, i) => realWithin(service, real, path(i))),
  ]
  if (reals.length > MAX_REALS_PER_SERVICE) {
    const reason = `the service has ${reals.length} reals, more than ${MAX_REALS_PER_SERVICE}`
    found.push({ path: path(MAX_REALS_PER_SERVICE), reason, fix: 'take some away' })
  }
  return found
}

/** A real server against its service, and its thresholds against each other. */
export function realWithin(service: SketchedService, real: SketchedReal, path: Path = []): Finding[] {
  const { address, upper = 0, lower = 0 } = real
  const match = sketchedMatch(service)
  return [
    ...(address === undefined || match === undefined
      ? []
      : [...located(path, familyFault(address, match)), ...located(path, portFault(address, real, match))]),
    ...located([...path, 'lower'], lower > upper ? thresholdsFault(upper, lower) : undefined),
    ...(match === undefined ? [] : checksWithin(match, real.checks ?? [], [real], [...path, 'checks'])),
  ]
}

function checkingWithin(service: SketchedService, at: Path): Finding[] {
  const { checks = [], health, reals } = service
  const match = sketchedMatch(service)
  if (match === undefined) return []
  return [
    ...serviceChecksWithin(match, checks, reals, [...at, 'checks']),
    ...(health === undefined ? [] : healthWithin(match, health, reals, [...at, 'health'])),
  ]
}

/** All that packets can be sent to: real servers and the sorry server. */
export function serversOf({ reals, health }: Service): readonly Pick<Real, 'address'>[] {
  return health?.sorry === undefined ? reals : [...reals, health.sorry]
}

export function vipIsRealFault(address: string): Fault {
  return {
    reason: `real ${address} is also a VIP`,
    fix: "use the real server's own address; a VIP would lead its packets back to the director",
  }
}

function matchFaults(service: Service, path: Path): Finding[] {
  const at = (key: string, fault: Fault | undefined) => located([...path, key], fault)
  if (service.mark !== undefined) {
    const known = service.family === 4 || service.family === 6
    const family = { reason: `family ${String(service.family)} is not one of IP`, fix: 'use 4 or 6' }
    return [
      ...at('mark', rangeFault('mark', service.mark, MARK)),
      ...at('family', known ? undefined : family),
    ]
  }
  return [
    ...at('vip', addressFault('VIP', service.vip)),
    ...at('port', rangeFault('port', service.port, SERVICE_PORT)),
    ...at('protocol', choiceFault('protocol', service.protocol, PROTOCOLS)),
  ]
}

/** Templates are what leads all ports of a client to one real server; without them IPVS serves no such port. */
function anyPortFault({ mark, port, persistence }: SketchedService): Fault | undefined {
  if (mark !== undefined || port !== 0 || persistence !== undefined) return undefined
  return {
    reason: 'port 0 stands for all ports, which only a persistent service can have',
    fix: 'give persistence, or one port',
  }
}

function onePacketFault({ mark, protocol, onePacket }: SketchedService): Fault | undefined {
  if (onePacket !== true || mark !== undefined || protocol === undefined || protocol === 'udp')
    return undefined
  return {
    reason: `one-packet scheduling is for UDP and for marks, not for ${protocol}`,
    fix: 'leave it out, or use protocol udp',
  }
}

function familyFault(address: string, service: ServiceId): Fault | undefined {
  const family = serviceFamily(service)
  if (familyOf(address) === family) return undefined
  const what = service.mark === undefined ? `VIP ${service.vip}` : serviceKey(service)
  return {
    reason: `real ${address} is IPv${familyOf(address)} but ${what} is IPv${family}; direct routing cannot translate`,
    fix: `use an IPv${family} address of the real server`,
  }
}

function portFault(address: string, { port }: SketchedReal, service: ServiceId): Fault | undefined {
  if (port === undefined || service.mark !== undefined) return undefined
  const same = { reason: `port ${port} of real ${address} is the service's own`, fix: 'leave it out' }
  return samePort(address, port, service.port) ?? same
}

function thresholdsFault(upper: number, lower: number): Fault {
  const fix = upper === 0 ? 'give upper too' : `use 0..${upper}, or raise upper`
  return { code: 'range', reason: `lower threshold ${lower} is above upper threshold ${upper}`, fix }
}

function thresholdFault(word: string, value: number | undefined): Fault | undefined {
  if (value === undefined) return undefined
  if (value === 0) return { reason: `${word} threshold 0 is no threshold`, fix: 'leave it out' }
  return outOfRange(rangeFault(`${word} threshold`, value, THRESHOLD))
}

const ON_DOWN = ['quiesce', 'remove']

function realPassiveFault(value: unknown): Fault | undefined {
  if (value === undefined || value === false) return undefined
  const fix = 'give false, or leave it out: it is for all real servers of the service'
  return { reason: `passive of a real server is ${kindOf(value)}`, fix }
}

function switchFault(value: unknown): Fault | undefined {
  if (value === undefined || value === true) return undefined
  return { reason: `one-packet scheduling is ${String(value)}`, fix: 'give true, or leave it out' }
}
