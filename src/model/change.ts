// SPDX-License-Identifier: Apache-2.0
// Edits of a Desired at run time, pure: the answer is a new Desired or what is wrong; order is kept, the argument
// is never touched. Values are judged here; the shape of what came in as JSON is judged in request.ts.
import { completeHealth } from './check-specs.js'
import { fail, quote, succeed } from './describe.js'
import { unlocated } from './findings.js'
import { canonicalFlags } from './flags.js'
import { realKey, realText, type ServiceId, serviceFamily, serviceKey } from './keys.js'
import { fullFault, vipPaths } from './room.js'
import { type Fault, MAX_REALS_PER_SERVICE, rangeFault, SECONDS } from './rules.js'
import {
  realFaults,
  realWithin,
  serversOf,
  serviceFaults,
  vipIsRealFault,
  withinService,
} from './service-rules.js'
import {
  completeChecks,
  completePersistence,
  completeReal,
  completeService,
  type RealEdit,
  type RealSpec,
  type ServiceEdit,
  type ServiceSpec,
} from './specs.js'
import { tuned } from './tunables.js'
import type { Desired, Outcome, ProblemCode, Real, Service, ServiceKey, Timeouts, Tunables } from './types.js'
import { parseRealId, parseServiceId, portsOf } from './words.js'

export { addMark, removeMark } from './mark-edits.js'
export {
  completeService,
  type MarkName,
  type MarkSpec,
  type RealEdit,
  type RealSpec,
  type ServiceEdit,
  type ServiceSpec,
} from './specs.js'

/** A service is named by its parts or by its key, 'tcp 192.0.2.10:80'. */
export type ServiceName = ServiceId | ServiceKey

export function addService(desired: Desired, spec: ServiceSpec): Outcome<Desired> {
  const service = completeService(spec)
  const wrong = [...serviceFaults(service), ...withinService(service)].map(unlocated)
  if (wrong.length > 0) return fail(...wrong)
  const key = serviceKey(service)
  if (desired.services.some((other) => serviceKey(other) === key)) {
    return refused(
      key,
      `service ${key} exists already`,
      'change it with `xlvs set service`, or see `xlvs show services`',
      'service-exists',
    )
  }
  const next = { ...desired, services: [...desired.services, service] }
  const fault = loopFault(desired, service) ?? fullFault(next)
  return fault ? fail({ subject: key, ...fault }) : succeed(next)
}

export function setService(desired: Desired, name: ServiceName, edit: ServiceEdit): Outcome<Desired> {
  return onService(desired, name, (old) => {
    const service = editedService(old, edit)
    const judged = edit.checks || edit.health ? service : { ...service, reals: [] }
    const wrong = [...serviceFaults(judged), ...withinService(judged)]
    const loop = edit.health ? loopFault(desired, judged) : undefined
    if (loop) return fail({ subject: 'health.sorry', ...loop })
    return wrong.length > 0 ? fail(...wrong.map(unlocated)) : succeed(service)
  })
}

export function removeService(desired: Desired, name: ServiceName): Outcome<Desired> {
  const index = find(desired, name)
  if (!index.ok) return index
  return succeed({ ...desired, services: desired.services.toSpliced(index.value, 1) })
}

export function addReal(desired: Desired, name: ServiceName, spec: RealSpec): Outcome<Desired> {
  const added = onService(desired, name, (service) => {
    const real = completeReal(spec, service)
    const wrong = realFaults(real)
    if (wrong.length > 0) return fail(...wrong.map(unlocated))
    const subject = realKey(service, real)
    if (service.reals.some((other) => realText(other) === realText(real))) {
      return refused(
        subject,
        `real ${realText(real)} is in ${serviceKey(service)} already`,
        'change it with `xlvs set real`',
        'real-exists',
      )
    }
    const fault = placeFault(desired, service, real)
    return fault ? fail({ subject, ...fault }) : succeed({ ...service, reals: [...service.reals, real] })
  })
  const full = added.ok ? fullFault(added.value) : undefined
  return full ? fail({ subject: spec.address, ...full }) : added
}

/** `address` as in realText: of a mark's service with its port, if it has one. */
export function setReal(
  desired: Desired,
  name: ServiceName,
  address: string,
  edit: RealEdit,
): Outcome<Desired> {
  return onReal(desired, name, address, (service, index) => {
    const real = editedReal(service.reals[index] as Real, edit, service)
    const wrong = [...realFaults(real), ...realWithin(service, real)]
    if (wrong.length > 0) return fail(...wrong.map(unlocated))
    return succeed({ ...service, reals: service.reals.with(index, real) })
  })
}

export function removeReal(desired: Desired, name: ServiceName, address: string): Outcome<Desired> {
  return onReal(desired, name, address, (service, index) =>
    succeed({ ...service, reals: service.reals.toSpliced(index, 1) }),
  )
}

/** Seconds; only what is given changes. */
export function setTimeouts(desired: Desired, edit: Partial<Timeouts>): Outcome<Desired> {
  const given = Object.entries(edit).filter(([, value]) => value !== undefined)
  const wrong = given.flatMap(([key, value]) => {
    const fault = rangeFault(`timeout ${key}`, value, SECONDS)
    return fault ? [{ subject: `timeouts.${key}`, ...fault }] : []
  })
  if (wrong.length > 0) return fail(...wrong)
  return succeed({ ...desired, timeouts: { ...desired.timeouts, ...Object.fromEntries(given) } })
}

/** Only what is given changes. */
export function tune(desired: Desired, edit: Partial<Tunables>): Outcome<Desired> {
  const tunables = tuned(desired.tunables, edit)
  return tunables.ok ? succeed({ ...desired, tunables: tunables.value }) : tunables
}

function editedService(old: Service, edit: ServiceEdit): Service {
  const { scheduler = old.scheduler, persistence, onePacket } = edit
  const flags = edit.flags === undefined && scheduler !== old.scheduler ? null : edit.flags
  return merge(
    old,
    {
      scheduler,
      flags: flags?.length === 0 ? null : flags && canonicalFlags(flags),
      persistence: persistence ? completePersistence(persistence, serviceFamily(old)) : persistence,
      onePacket: onePacket === false ? null : onePacket,
      name: edit.name,
      checks: edit.checks?.length === 0 ? null : edit.checks && completeChecks(edit.checks, old),
      health: edit.health && completeHealth(edit.health, old),
    },
    ['scheduler', 'flags', 'persistence', 'onePacket', 'name', 'checks', 'health'],
  )
}

function editedReal(old: Real, edit: RealEdit, of: Service): Real {
  const upper = edit.upper === 0 ? null : edit.upper
  const lower = edit.lower === 0 || (edit.lower === undefined && upper === null) ? null : edit.lower
  const checks = edit.checks && completeChecks(edit.checks, of)
  const passive = edit.passive === true ? null : edit.passive
  const keys = ['weight', 'upper', 'lower', 'name', 'checks', 'passive', 'onDown', 'notify']
  return merge(old, { ...edit, upper, lower, checks, passive }, keys)
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
  const [within] = realWithin(service, real)
  if (within) {
    const { path: _, ...fault } = within
    return fault
  }
  if (vipPaths(desired).has(real.address)) return vipIsRealFault(real.address)
  if (service.reals.length < MAX_REALS_PER_SERVICE) return undefined
  return {
    reason: `the service has ${MAX_REALS_PER_SERVICE} reals already`,
    fix: 'remove one with `xlvs remove real`',
  }
}

/** A VIP among the real servers, of this service or between it and what is there. */
function loopFault(desired: Desired, service: Service): Fault | undefined {
  const clash = desired.services.some((other) =>
    serversOf(other).some(({ address }) => address === service.vip),
  )
  if (clash && service.vip !== undefined) return vipIsRealFault(service.vip)
  const vips = vipPaths(desired)
  const own = serversOf(service).find(({ address }) => vips.has(address) || address === service.vip)
  return own && vipIsRealFault(own.address)
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
    const wanted = parseRealId(address, portsOf(service))
    if (!wanted.ok) return wanted
    const text = realText(wanted.value)
    const index = service.reals.findIndex((real) => realText(real) === text)
    if (index >= 0) return edit(service, index)
    return refused(
      realKey(service, wanted.value),
      `${serviceKey(service)} has no real ${text}`,
      'see `xlvs show reals`, or add it with `xlvs add real`',
      'no-real',
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
    'no-service',
  )
}

function refused<T>(subject: string, reason: string, fix: string, code: ProblemCode): Outcome<T> {
  return fail({ code, subject, reason, fix })
}
