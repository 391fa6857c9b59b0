// SPDX-License-Identifier: Apache-2.0
// Everything that must hold between values, and, for a Desired that some program made, of each value too.
// Findings name a path, so that a file can turn it into line and column and everyone else into words.
import { canonicalAddress, canonicalMac, familyOf } from '../abi/address.js'
import { quote } from './describe.js'
import { serviceKey } from './keys.js'
import { persistenceFaults } from './persistence.js'
import {
  choiceFault,
  type Fault,
  hostFault,
  interfaceFault,
  LIMIT_RANGES,
  MAX_REALS_PER_SERVICE,
  macFault,
  nameFault,
  PORT,
  PROTOCOLS,
  rangeFault,
  SCHEDULERS,
  SECONDS,
  WEIGHT,
} from './rules.js'
import type { Desired, Limits, Problem, Real, Service } from './types.js'

export type Path = readonly (string | number)[]

export interface Finding extends Fault {
  readonly path: Path
  /** where the same thing stands for the first time */
  readonly first?: Path
}

/** What is known so far about services of which some parts may be wrong; wrong parts are absent. */
export interface Sketch {
  readonly interfaces: readonly { readonly name?: string | undefined }[]
  readonly peers: readonly (string | undefined)[]
  readonly services: readonly SketchedService[]
  readonly limits: Pick<Limits, 'services' | 'reals' | 'interfaces'>
}

export type SketchedService = {
  readonly [K in 'vip' | 'port' | 'protocol']?: Service[K] | undefined
} & { readonly reals: readonly { readonly address?: string | undefined }[] }

/** All problems of a Desired; none for one that parseYaml gave. */
export function validateDesired(desired: Desired): Problem[] {
  return [...valueFindings(desired), ...crossFindings(desired)].map(({ path, first, reason, fix }) => ({
    subject: pathText(path),
    reason: first === undefined ? reason : `${reason}, first as ${pathText(first)}`,
    fix,
  }))
}

/** 'services[0].reals[1].weight' */
export function pathText(path: Path): string {
  return path
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`))
    .join('')
}

/** What only shows when several values are seen together. */
export function crossFindings(sketch: Sketch): Finding[] {
  return [
    ...twice(
      sketch.interfaces.map((wish) => wish.name),
      (i) => ['interfaces', i],
      'interface',
    ),
    ...twice(sketch.peers, (i) => ['peers', i], 'peer'),
    ...twiceServices(sketch.services),
    ...vipsThatAreReals(sketch.services),
    ...sketch.services.flatMap(withinService),
    ...beyondLimits(sketch),
  ]
}

export function serviceFaults(service: Service, path: Path = []): Finding[] {
  const at = (key: string, fault: Fault | undefined) => located([...path, key], fault)
  const family = familyOf(String(service.vip))
  return [
    ...at('vip', addressFault('VIP', service.vip)),
    ...at('port', rangeFault('port', service.port, PORT)),
    ...at('protocol', choiceFault('protocol', service.protocol, PROTOCOLS)),
    ...at('scheduler', choiceFault('scheduler', service.scheduler, SCHEDULERS)),
    ...at('name', service.name === undefined ? undefined : nameFault(String(service.name))),
    ...(service.persistence === undefined
      ? []
      : persistenceFaults(service.persistence, family).flatMap((fault) => at('persistence', fault))),
    ...service.reals.flatMap((real, i) => realFaults(real, [...path, 'reals', i])),
  ]
}

export function realFaults(real: Real, path: Path = []): Finding[] {
  return [
    ...located([...path, 'address'], addressFault('real', real.address)),
    ...located([...path, 'weight'], rangeFault('weight', real.weight, WEIGHT)),
    ...located([...path, 'name'], real.name === undefined ? undefined : nameFault(String(real.name))),
  ]
}

/** Mixed families, real servers twice, and too many of them, in one service. */
export function withinService(service: SketchedService, index: number): Finding[] {
  const path = (i: number): Path => ['services', index, 'reals', i]
  const addresses = service.reals.map((real) => real.address)
  const found = twice(addresses, path, 'real')
  const { vip } = service
  if (vip !== undefined) {
    for (const [i, address] of addresses.entries()) {
      if (address === undefined || familyOf(address) === familyOf(vip)) continue
      found.push({ path: path(i), ...familyFault(address, vip) })
    }
  }
  if (addresses.length > MAX_REALS_PER_SERVICE) {
    const reason = `the service has ${addresses.length} reals, more than ${MAX_REALS_PER_SERVICE}`
    found.push({ path: path(MAX_REALS_PER_SERVICE), reason, fix: 'take some away' })
  }
  return found
}

export function familyFault(address: string, vip: string): Fault {
  return {
    reason: `real ${address} is IPv${familyOf(address)} but VIP ${vip} is IPv${familyOf(vip)}; direct routing cannot translate`,
    fix: `use an IPv${familyOf(vip)} address of the real server`,
  }
}

export function vipIsRealFault(address: string): Fault {
  return {
    reason: `real ${address} is also a VIP`,
    fix: "use the real server's own address; a VIP would lead its packets back to the director",
  }
}

function valueFindings(desired: Desired): Finding[] {
  const { interfaces, peers, limits, timeouts, metrics, services } = desired
  return [
    ...interfaces.flatMap((wish, i) => [
      ...located(['interfaces', i, 'name'], interfaceFault(String(wish.name))),
      ...located(['interfaces', i, 'mode'], choiceFault('mode', wish.mode, ['native', 'generic'])),
    ]),
    ...peers.flatMap((peer, i) =>
      located(['peers', i], macFault('peer', String(peer)) ?? canonicalMacFault(peer)),
    ),
    ...Object.entries(LIMIT_RANGES).flatMap(([key, range]) =>
      located(['limits', key], rangeFault(key, limits[key as keyof Limits], range)),
    ),
    ...(['tcp', 'tcpfin', 'udp'] as const).flatMap((key) =>
      located(['timeouts', key], rangeFault(`timeout ${key}`, timeouts[key], SECONDS)),
    ),
    ...(metrics === undefined ? [] : located(['metrics', 'port'], rangeFault('port', metrics.port, PORT))),
    ...services.flatMap((service, i) => serviceFaults(service, ['services', i])),
  ]
}

function twiceServices(services: readonly SketchedService[]): Finding[] {
  const keys = services.map(({ protocol, vip, port }) =>
    protocol === undefined || vip === undefined || port === undefined
      ? undefined
      : serviceKey({ protocol, vip, port }),
  )
  return twice(keys, (i) => ['services', i, 'vip'], 'service')
}

function vipsThatAreReals(services: readonly SketchedService[]): Finding[] {
  const vips = new Map<string, number>()
  for (const [i, { vip }] of services.entries()) if (vip !== undefined && !vips.has(vip)) vips.set(vip, i)
  return services.flatMap(({ reals }, i) =>
    reals.flatMap(({ address }, r): Finding[] => {
      const owner = address === undefined ? undefined : vips.get(address)
      if (address === undefined || owner === undefined) return []
      return [
        { path: ['services', i, 'reals', r], first: ['services', owner, 'vip'], ...vipIsRealFault(address) },
      ]
    }),
  )
}

function beyondLimits({ services, interfaces, limits }: Sketch): Finding[] {
  const found: Finding[] = []
  const beyond = (what: 'services' | 'reals' | 'interfaces', count: number, path: Path) => {
    const fix = count > LIMIT_RANGES[what][1] ? 'take some away' : `raise limits.${what} to ${count} or more`
    found.push({ path, reason: `there are ${count} ${what}, more than limits.${what} ${limits[what]}`, fix })
  }
  if (services.length > limits.services) beyond('services', services.length, ['services', limits.services])
  if (interfaces.length > limits.interfaces) {
    beyond('interfaces', interfaces.length, ['interfaces', limits.interfaces])
  }
  const reals = services.reduce((sum, service) => sum + service.reals.length, 0)
  if (reals > limits.reals) beyond('reals', reals, nthReal(services, limits.reals))
  return found
}

/** Path of the n-th real server of all, from 0. */
function nthReal(services: readonly SketchedService[], n: number): Path {
  let rest = n
  for (const [i, { reals }] of services.entries()) {
    if (rest < reals.length) return ['services', i, 'reals', rest]
    rest -= reals.length
  }
  return ['services']
}

function twice(names: readonly (string | undefined)[], path: (i: number) => Path, word: string): Finding[] {
  const seen = new Map<string, number>()
  const found: Finding[] = []
  for (const [i, name] of names.entries()) {
    if (name === undefined) continue
    const first = seen.get(name)
    if (first === undefined) seen.set(name, i)
    else {
      const reason = `${word} ${name} is listed twice`
      found.push({ path: path(i), first: path(first), reason, fix: 'keep one of them' })
    }
  }
  return found
}

/** Programs must hand over canonical text, or equal things would look different. */
function addressFault(word: string, text: string): Fault | undefined {
  const canonical = canonicalAddress(String(text))
  if (canonical !== undefined && canonical !== text)
    return { reason: `${word} ${text} is not canonical`, fix: `write ${canonical}` }
  return hostFault(word, String(text))
}

function canonicalMacFault(text: string): Fault | undefined {
  const canonical = canonicalMac(text)
  if (canonical === text) return undefined
  return { reason: `peer ${quote(text)} is not canonical`, fix: `write ${canonical}` }
}

function located(path: Path, fault: Fault | undefined): Finding[] {
  return fault === undefined ? [] : [{ path, ...fault }]
}
