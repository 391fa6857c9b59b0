// SPDX-License-Identifier: Apache-2.0
// The names of things: equal text means the same service, the same real server. Addresses are canonical already.
import type { AddressText, Protocol, Real, RealKey, Service, ServiceKey } from './types.js'

/** What makes a service that service. */
export type ServiceId = Pick<Service, 'protocol' | 'vip' | 'port'>

/** '192.0.2.10:80', '[2001:db8::1]:80' */
export function endpointText(address: AddressText, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** 'tcp 192.0.2.10:80' */
export function serviceKey(service: ServiceId): ServiceKey {
  return `${service.protocol} ${endpointText(service.vip, service.port)}`
}

/** 'tcp 192.0.2.10:80 > 192.0.2.21' */
export function realKey(service: ServiceId | ServiceKey, real: Pick<Real, 'address'> | AddressText): RealKey {
  const of = typeof service === 'string' ? service : serviceKey(service)
  return `${of} > ${typeof real === 'string' ? real : real.address}`
}

/** The parts of a key that serviceKey made; undefined for any other text. */
export function splitServiceKey(key: ServiceKey): ServiceId | undefined {
  const match = /^(tcp|udp) (?:\[([0-9a-f:.]+)\]|([0-9.]+)):([1-9][0-9]{0,4})$/.exec(key)
  if (match === null) return undefined
  const vip = match[2] ?? match[3] ?? ''
  return { protocol: match[1] as Protocol, vip, port: Number(match[4]) }
}
