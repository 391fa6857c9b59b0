// SPDX-License-Identifier: Apache-2.0
// The names of things: equal text means the same service, the same real server. Addresses are canonical already.
import { familyOf } from '../abi/address.js'
import type { AddressText, Family, Protocol, Real, RealKey, ServiceKey, ServiceMatch } from './types.js'

/** What makes a service that service. */
export type ServiceId = ServiceMatch
/** What makes a real server that real server of its service; a port only in services of a mark. */
export type RealId = Pick<Real, 'address' | 'port'>

/** '192.0.2.10:80', '[2001:db8::1]:80' */
export function endpointText(address: AddressText, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** 'tcp 192.0.2.10:80', 'fwm 6', 'fwm 6 ipv6' */
export function serviceKey(service: ServiceId): ServiceKey {
  if (service.mark !== undefined) return `fwm ${service.mark}${service.family === 6 ? ' ipv6' : ''}`
  return `${service.protocol} ${endpointText(service.vip, service.port)}`
}

/** '192.0.2.21'; in services of a mark also '192.0.2.21:80', '[2001:db8::21]:80' */
export function realText({ address, port }: RealId): string {
  return port === undefined || port === 0 ? address : endpointText(address, port)
}

/** 'tcp 192.0.2.10:80 > 192.0.2.21', 'fwm 6 > 192.0.2.21:80' */
export function realKey(service: ServiceId | ServiceKey, real: RealId | AddressText): RealKey {
  const of = typeof service === 'string' ? service : serviceKey(service)
  return `${of} > ${typeof real === 'string' ? real : realText(real)}`
}

/** The parts of a key that serviceKey made; undefined for any other text. */
export function splitServiceKey(key: ServiceKey): ServiceId | undefined {
  const marked = /^fwm ([1-9][0-9]{0,9})( ipv6)?$/.exec(key)
  if (marked !== null) return { mark: Number(marked[1]), family: marked[2] === undefined ? 4 : 6 }
  const match = /^(tcp|udp|sctp) (?:\[([0-9a-f:.]+)\]|([0-9.]+)):(0|[1-9][0-9]{0,4})$/.exec(key)
  if (match === null) return undefined
  const vip = match[2] ?? match[3] ?? ''
  return { protocol: match[1] as Protocol, vip, port: Number(match[4]) }
}

/** What the service matches, without what it does with it. */
export function matchOf(service: ServiceId): ServiceId {
  if (service.mark !== undefined) return { mark: service.mark, family: service.family }
  return { vip: service.vip, port: service.port, protocol: service.protocol }
}

export function serviceFamily(service: ServiceId): Family {
  return service.mark === undefined ? familyOf(service.vip) : service.family
}
