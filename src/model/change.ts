// SPDX-License-Identifier: Apache-2.0
// Edits of a Desired at run time, pure: the answer is a new Desired or what is wrong; order is kept, the argument
// is never touched. Values are judged here; the shape of what came in as JSON is judged in request.ts.
import { canonicalAddress, familyOf } from '../abi/address.js'
import { fail, quote, succeed } from './describe.js'
import { realKey, type ServiceId, serviceKey } from './keys.js'
import { parseNetmask, wholeAddress } from './persistence.js'
import {
  DEFAULT_PROTOCOL,
  DEFAULT_SCHEDULER,
  DEFAULT_WEIGHT,
  type Fault,
  MAX_REALS_PER_SERVICE,
} from './rules.js'
import type { Desired, Outcome, Persistence, Problem, Real, Service, ServiceKey } from './types.js'
import {
  type Finding,
  familyFault,
  pathText,
  realFaults,
  serviceFaults,
  vipIsRealFault,
  withinService,
} from './validate.js'
import { parseRealAddress, parseServiceId } from './words.js'

export type RealSpec = Pick<Real, 'address'> & Partial<Real>

export interface ServiceSpec extends Partial<Pick<Service, 'scheduler' | 'name'>> {
  readonly vip: Service['vip']
  readonly port: number
  readonly protocol?: Service['protocol']
  readonly persistence?: Partial<Persistence>
  readonly reals?: readonly RealSpec[]
}

/** Only what is given changes; null takes it away. */
export interface ServiceEdit {
  readonly scheduler?: Service['scheduler']
  readonly persistence?: Partial<Persistence> | null
  readonly name?: string | null
}

export interface RealEdit {
  readonly weight?: number
  readonly name?: string | null
}

/** A service is named by its parts or by its key, 'tcp 192.0.2.10:80'. */
export type ServiceName = ServiceId | ServiceKey

export function addService(desired: Desired, spec: ServiceSpec): Outcome<Desired> {
  const service = completeService(spec)
  const wrong = [...serviceFaults(service), ...withinService(service, 0)].map(unlocated)
  if (wrong.length > 0) return fail(...wrong)
  const key = serviceKey(service)
  if (desired.services.some((other) => serviceKey(other) === key)) {
    return refused(
      key,
      `service ${key} exists already`,
      'change it with `xlvs set service`, or see `xlvs show services`',
    )
  }
  const clash = desired.services.some((other) => other.reals.some((real) => real.address === service.vip))
  const own = service.reals.find((real) => isVip(desired, real.address) || real.address === service.vip)
  const loop = clash ? service.vip : own?.address
  if (loop !== undefined) return fail({ subject: key, ...vipIsRealFault(loop) })
  const full = fullFault(desired, 1, service.reals.length)
  if (full) return fail({ subject: key, ...full })
  return succeed({ ...desired, services: [...desired.services, service] })
}

export function setService(desired: Desired, name: ServiceName, edit: ServiceEdit): Outcome<Desired> {
  return onService(desired, name, (old) => {
    const persistence = edit.persistence ? completePersistence(edit.persistence, old.vip) : edit.persistence
    const service = merge(old, { ...edit, persistence }, ['scheduler', 'persistence', 'name'])
    const wrong = serviceFaults({ ...service, reals: [] })
    return wrong.length > 0 ? fail(...wrong.map(unlocated)) : succeed(service)
  })
}

export function removeService(desired: Desired, name: ServiceName): Outcome<Desired> {
  const index = find(desired, name)
  if (!index.ok) return index
  return succeed({ ...desired, services: desired.services.toSpliced(index.value, 1) })
}

export function addReal(desired: Desired, name: ServiceName, spec: RealSpec): Outcome<Desired> {
  return onService(desired, name, (service) => {
    const real = completeReal(spec)
    const wrong = realFaults(real)
    if (wrong.length > 0) return fail(...wrong.map(unlocated))
    const subject = realKey(service, real)
    if (service.reals.some((other) => other.address === real.address)) {
      return refused(
        subject,
        `real ${real.address} is in ${serviceKey(service)} already`,
        'change it with `xlvs set real`',
      )
    }
    const fault = placeFault(desired, service, real)
    return fault ? fail({ subject, ...fault }) : succeed({ ...service, reals: [...service.reals, real] })
  })
}

export function setReal(
  desired: Desired,
  name: ServiceName,
  address: string,
  edit: RealEdit,
): Outcome<Desired> {
  return onReal(desired, name, address, (service, index) => {
    const real = merge(service.reals[index] as Real, { ...edit }, ['weight', 'name'])
    const wrong = realFaults(real)
    if (wrong.length > 0) return fail(...wrong.map(unlocated))
    return succeed({ ...service, reals: service.reals.with(index, real) })
  })
}

export function removeReal(desired: Desired, name: ServiceName, address: string): Outcome<Desired> {
  return onReal(desired, name, address, (service, index) =>
    succeed({ ...service, reals: service.reals.toSpliced(index, 1) }),
  )
}

/** With defaults filled in, canonical text, and owner 'api'. */
export function completeService(spec: ServiceSpec): Service {
  const { vip, port, name } = spec
  const canonical = canonicalAddress(vip) ?? vip
  return {
    vip: canonical,
    port,
    protocol: spec.protocol ?? DEFAULT_PROTOCOL,
    scheduler: spec.scheduler ?? DEFAULT_SCHEDULER,
    ...(spec.persistence === undefined
      ? {}
      : { persistence: completePersistence(spec.persistence, canonical) }),
    ...(name === undefined ? {} : { name }),
    owner: 'api',
    reals: (spec.reals ?? []).map(completeReal),
  }
}

function completeReal({ address, weight, name }: RealSpec): Real {
  const canonical = canonicalAddress(address) ?? address
  return { address: canonical, weight: weight ?? DEFAULT_WEIGHT, ...(name === undefined ? {} : { name }) }
}

function completePersistence({ timeout, prefix, mask }: Partial<Persistence>, vip: string): Persistence {
  const family = familyOf(vip)
  const plain = { timeout: timeout as number, prefix: prefix ?? wholeAddress(family) }
  if (mask === undefined) return plain
  const net = parseNetmask(mask, family)
  return net.ok ? { timeout: plain.timeout, ...net.value } : { ...plain, mask }
}

/** Of `keys`, what is given wins and null takes away. */
function merge<T extends object>(
  old: T,
  edit: Readonly<Record<string, unknown>>,
  keys: readonly string[],
): T {
  const merged = { ...old } as Record<string, unknown>
  for (const key of keys) {
    if (edit[key] === null) delete merged[key]
    else if (edit[key] !== undefined) merged[key] = edit[key]
  }
  return merged as T
}

function placeFault(desired: Desired, service: Service, real: Real): Fault | undefined {
  if (familyOf(real.address) !== familyOf(service.vip)) return familyFault(real.address, service.vip)
  if (isVip(desired, real.address)) return vipIsRealFault(real.address)
  if (service.reals.length >= MAX_REALS_PER_SERVICE) {
    return {
      reason: `the service has ${MAX_REALS_PER_SERVICE} reals already`,
      fix: 'remove one with `xlvs remove real`',
    }
  }
  return fullFault(desired, 0, 1)
}

function isVip(desired: Desired, address: string): boolean {
  return desired.services.some((service) => service.vip === address)
}

function fullFault(desired: Desired, services: number, reals: number): Fault | undefined {
  const { limits } = desired
  const fix = (what: string) => `raise limits.${what} in the file and start the daemon again, or remove some`
  if (desired.services.length + services > limits.services) {
    return { reason: `limits.services ${limits.services} is reached`, fix: fix('services') }
  }
  const all = desired.services.reduce((sum, service) => sum + service.reals.length, reals)
  return all > limits.reals
    ? { reason: `limits.reals ${limits.reals} is reached`, fix: fix('reals') }
    : undefined
}

function onService(
  desired: Desired,
  name: ServiceName,
  edit: (service: Service) => Outcome<Service>,
): Outcome<Desired> {
  const index = find(desired, name)
  if (!index.ok) return index
  const edited = edit(desired.services[index.value] as Service)
  return edited.ok
    ? succeed({ ...desired, services: desired.services.with(index.value, edited.value) })
    : edited
}

function onReal(
  desired: Desired,
  name: ServiceName,
  address: string,
  edit: (service: Service, index: number) => Outcome<Service>,
): Outcome<Desired> {
  return onService(desired, name, (service) => {
    const wanted = parseRealAddress(address, service.port)
    if (!wanted.ok) return wanted
    const index = service.reals.findIndex((real) => real.address === wanted.value)
    if (index >= 0) return edit(service, index)
    const reason = `${serviceKey(service)} has no real ${wanted.value}`
    return refused(
      realKey(service, wanted.value),
      reason,
      'see `xlvs show reals`, or add it with `xlvs add real`',
    )
  })
}

function find(desired: Desired, name: ServiceName): Outcome<number> {
  const wanted = parseServiceId(typeof name === 'string' ? name : serviceKey(name))
  if (!wanted.ok) return wanted
  const key = serviceKey(wanted.value)
  const index = desired.services.findIndex((service) => serviceKey(service) === key)
  if (index >= 0) return succeed(index)
  return refused(
    key,
    `there is no service ${quote(key)}`,
    'see `xlvs show services`, or add it with `xlvs add service`',
  )
}

function unlocated({ path, reason, fix }: Finding): Problem {
  return { subject: pathText(path), reason, fix }
}

function refused<T>(subject: string, reason: string, fix: string): Outcome<T> {
  return fail({ subject, reason, fix })
}
