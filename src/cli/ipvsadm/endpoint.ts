// SPDX-License-Identifier: Apache-2.0
// 'host:port' of services and real servers, read as ipvsadm does: brackets and bare text for IPv6, names for IPv4.
import { isIPv6 } from 'node:net'
import { canonicalAddress } from '../../abi/address.js'
import type { AddressText, Family, Protocol } from '../../model/types.js'
import type { Names } from './names.js'
import { decimal, dottedQuad } from './numbers.js'

export interface Endpoint {
  readonly family: Family
  readonly address: AddressText
  /** absent: not said */
  readonly port?: number
}

/** `protocol` tells among which names a port is looked up; without one only numbers are ports. */
export async function readEndpoint(
  text: string,
  protocol: Protocol | undefined,
  names: Names,
): Promise<Endpoint | undefined> {
  if (/^[0-9]*$/.test(text)) return undefined
  const boxed = /^\[([^\]]*)\]:(.*)$/s.exec(text)
  if (text.startsWith('[') && boxed === null) return undefined
  const inner = boxed?.[1] ?? text
  if (isIPv6(inner) && !inner.includes('%')) {
    const address = canonicalAddress(inner) ?? inner
    return withPort({ family: 6, address }, boxed?.[2], protocol, names)
  }
  // Behind brackets an IPv4 address loses its port: ipvsadm looks for one inside of them.
  const colon = inner.lastIndexOf(':')
  const host = colon < 0 ? inner : inner.slice(0, colon)
  const address = dottedQuad(host) ?? (await names.address(host))
  if (address === undefined) return undefined
  return withPort({ family: 4, address }, colon < 0 ? undefined : inner.slice(colon + 1), protocol, names)
}

function withPort(
  endpoint: Endpoint,
  text: string | undefined,
  protocol: Protocol | undefined,
  names: Names,
): Endpoint | undefined {
  if (text === undefined) return endpoint
  const port = decimal(text, 0, 65_535) ?? (protocol && names.port(text, protocol))
  return port === undefined ? undefined : { ...endpoint, port }
}
