// SPDX-License-Identifier: Apache-2.0
// One word of an operator -> one value, for the command line, the file and the socket alike. `subject` is where
// the word stood ('--vip'); a front end that knows the place in a file leaves it out and adds the place.
import { canonicalAddress, canonicalMac } from '../abi/address.js'
import { fail, quote, succeed } from './describe.js'
import { endpointText, type RealId, realText, type ServiceId } from './keys.js'
import {
  choiceFault,
  DEFAULT_PROTOCOL,
  DEFAULT_WEIGHT,
  type Fault,
  hostFault,
  interfaceFault,
  MARK,
  macFault,
  nameFault,
  PORT,
  PROTOCOLS,
  problem,
  rangeFault,
  refuse,
  SCHEDULERS,
  SERVICE_PORT,
  THRESHOLD,
  WEIGHT,
  wholeNumber,
} from './rules.js'
import type { AddressText, MacText, Outcome, Protocol, Real, SchedulerName } from './types.js'

export { parseFlags } from './flags.js'
export { parseClientNet, parseNetmask, parsePersistence } from './persistence.js'
export { parsePorts } from './ports.js'
export { parseTunable, parseTunableName } from './tunables.js'

export interface Endpoint {
  readonly address: AddressText
  readonly port: number
}

/** The port that real servers of a service have too, or 'own' when each may have one of its own: services of a mark. */
export type RealPorts = number | 'own'

export function portsOf(service: ServiceId): RealPorts {
  return service.mark === undefined ? service.port : 'own'
}

/** '192.0.2.10:80', '[2001:db8::1]:80'; port 0 is every port that no other service claims */
export function parseVip(text: string, subject?: string): Outcome<Endpoint> {
  const { address, port } = splitEndpoint(text)
  const wrong = hostFault('VIP', address)
  if (wrong) return refuse(wrong, subject)
  const canonical = canonicalAddress(address) ?? address
  if (port === undefined) {
    return refuse(
      { reason: `VIP ${address} has no port`, fix: `write ${endpointText(canonical, 80)}` },
      subject,
    )
  }
  const number = wholeNumber(port)
  const bad = rangeFault('port', number, SERVICE_PORT)
  return bad ? refuse(bad, subject) : succeed({ address: canonical, port: number as number })
}

/** 'tcp 192.0.2.10:80', or without the protocol, which is then tcp; 'fwm 6', 'fwm 6 ipv6'. */
export function parseServiceId(text: string, subject?: string): Outcome<ServiceId> {
  const marked = /^fwm\s+(\S+)(?:\s+(ipv4|ipv6))?$/i.exec(text.trim())
  if (marked !== null) {
    const mark = parseMark(marked[1] ?? '', subject)
    const family = marked[2]?.toLowerCase() === 'ipv6' ? 6 : 4
    return mark.ok ? succeed({ mark: mark.value, family }) : mark
  }
  const match = /^(?:(\S+)\s+)?(\S+)$/.exec(text.trim())
  if (match === null) {
    return refuse(
      { reason: `${quote(text)} is not a service`, fix: 'write it like "tcp 192.0.2.10:80" or "fwm 6"' },
      subject,
    )
  }
  const protocol = parseProtocol(match[1] ?? DEFAULT_PROTOCOL, subject)
  if (!protocol.ok) return protocol
  const vip = parseVip(match[2] ?? '', subject)
  if (!vip.ok) return vip
  return succeed({ protocol: protocol.value, vip: vip.value.address, port: vip.value.port })
}

/** '192.0.2.21'; '192.0.2.21:80' only when the port is the service's. */
export function parseRealAddress(text: string, port?: RealPorts, subject?: string): Outcome<AddressText> {
  const real = parseRealId(text, port, subject)
  return real.ok ? succeed(real.value.address) : real
}

/** As parseRealAddress; where real servers have ports of their own, '192.0.2.21:80' is not 192.0.2.21. */
export function parseRealId(text: string, port?: RealPorts, subject?: string): Outcome<RealId> {
  const split = splitEndpoint(text)
  const wrong = hostFault('real', split.address)
  if (wrong) return refuse(wrong, subject)
  const address = canonicalAddress(split.address) ?? split.address
  if (split.port === undefined) return succeed({ address })
  const number = wholeNumber(split.port)
  const bad =
    rangeFault('port', number, SERVICE_PORT) ??
    (port === 'own' ? undefined : samePort(split.address, number as number, port))
  if (bad) return refuse(bad, subject)
  return succeed(port === 'own' && number !== 0 ? { address, port: number as number } : { address })
}

/** '192.0.2.21', '192.0.2.21=3' */
export function parseReal(text: string, port?: RealPorts, subject?: string): Outcome<Real> {
  const cut = text.indexOf('=')
  const id = parseRealId((cut < 0 ? text : text.slice(0, cut)).trim(), port, subject)
  const weight = cut < 0 ? succeed(DEFAULT_WEIGHT) : parseWeight(text.slice(cut + 1).trim(), subject)
  if (id.ok && weight.ok) return succeed({ ...id.value, weight: weight.value })
  return fail(...(id.ok ? [] : id.problems), ...(weight.ok ? [] : weight.problems))
}

/** '192.0.2.21,192.0.2.22=3': every item is judged, none may come twice. */
export function parseReals(text: string, port?: RealPorts, subject?: string): Outcome<readonly Real[]> {
  const reals = new Map<string, Real>()
  const problems = text.split(',').flatMap((item) => {
    const real = parseReal(item.trim(), port, subject)
    if (!real.ok) return real.problems
    const name = realText(real.value)
    if (reals.has(name))
      return problem({ reason: `real ${name} is listed twice`, fix: 'keep one of them' }, subject)
    reals.set(name, real.value)
    return []
  })
  return problems.length > 0 ? { ok: false, problems } : succeed([...reals.values()])
}

export function parseWeight(text: string, subject?: string): Outcome<number> {
  return judge(wholeNumber(text), (value) => rangeFault('weight', value, WEIGHT), subject)
}

/** Connections; 0 = none. */
export function parseThreshold(text: string, subject?: string): Outcome<number> {
  return judge(wholeNumber(text), (value) => rangeFault('threshold', value, THRESHOLD), subject)
}

export function parseMark(text: string, subject?: string): Outcome<number> {
  return judge(wholeNumber(text), (value) => rangeFault('mark', value, MARK), subject)
}

export function parsePort(text: string, subject?: string): Outcome<number> {
  return judge(wholeNumber(text), (value) => rangeFault('port', value, PORT), subject)
}

export function parseScheduler(text: string, subject?: string): Outcome<SchedulerName> {
  return judge(text, (value) => choiceFault('scheduler', value, SCHEDULERS), subject)
}

export function parseProtocol(text: string, subject?: string): Outcome<Protocol> {
  return judge(text, (value) => choiceFault('protocol', value, PROTOCOLS), subject)
}

export function parseName(text: string, subject?: string): Outcome<string> {
  return judge(text, nameFault, subject)
}

export function parseInterfaceName(text: string, subject?: string): Outcome<string> {
  return judge(text, interfaceFault, subject)
}

/** Canonical: lower case, with colons. */
export function parsePeer(text: string, subject?: string): Outcome<MacText> {
  const wrong = macFault('peer', text)
  return wrong ? refuse(wrong, subject) : succeed(canonicalMac(text) ?? text)
}

/** '127.0.0.1:9612', '[::]:9612', 'localhost:9612', ':9612' (only this host) */
export function parseListen(text: string, subject?: string): Outcome<{ host: string; port: number }> {
  const { address, port } = splitEndpoint(text)
  const host = address === '' ? '127.0.0.1' : (canonicalAddress(address) ?? address)
  const named = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(host)
  const numeric = /^[0-9.]+$/.test(host) || text.startsWith('[') || host.includes(':')
  if (numeric ? canonicalAddress(host) === undefined : !named) {
    return refuse({ reason: `${quote(text)} is not host:port`, fix: 'write it like 127.0.0.1:9612' }, subject)
  }
  if (port === undefined) {
    const fix = `write ${endpointText(host, 9612)}`
    return refuse({ reason: `${quote(text)} has no port`, fix }, subject)
  }
  const number = wholeNumber(port)
  const bad = rangeFault('port', number, PORT)
  return bad ? refuse(bad, subject) : succeed({ host, port: number as number })
}

/** DR leaves ports alone, so a real server is reached on the service's own port. */
export function samePort(address: AddressText, port: number, service?: number): Fault | undefined {
  if (service === undefined || port === service) return undefined
  if (service === 0) {
    const reason = `real ${address} has port ${port} but the service has all ports; direct routing cannot change ports`
    return { reason, fix: `write ${address}` }
  }
  return {
    reason: `real ${address} has port ${port} but the service has ${service}; direct routing cannot change ports`,
    fix: `write ${address} and let the real server listen on ${service}`,
  }
}

/** Address part and port part; brackets are gone, a bare IPv6 address has no port. */
export function splitEndpoint(text: string): { readonly address: string; readonly port?: string } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/s.exec(text)
  if (bracketed?.[1]?.includes(':')) return part(bracketed[1], bracketed[2])
  const colon = text.indexOf(':')
  if (colon < 0 || text.includes(':', colon + 1)) return part(text, undefined)
  return part(text.slice(0, colon), text.slice(colon + 1))
}

function part(address: string, port: string | undefined) {
  return port === undefined ? { address } : { address, port }
}

function judge<T>(value: unknown, rule: (value: never) => Fault | undefined, subject?: string): Outcome<T> {
  const wrong = rule(value as never)
  return wrong ? refuse(wrong, subject) : succeed(value as T)
}
