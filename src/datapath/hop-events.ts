// SPDX-License-Identifier: Apache-2.0
// Whom an event of the kernel concerns. Pure.
import type { Route } from 'libbpf-ts'
import { addressToBytes, familyOf } from '../abi/address.js'
import type { AddressText } from '../model/types.js'
import type { Way } from './hop.js'

/** A link changed: whoever leaves by it, and whoever had no way out. */
export function concerns(way: Way, ifindex: number): boolean {
  if (way.kind === 'none') return true
  return way.kind === 'ethernet' && way.devices.includes(ifindex)
}

/** A route came or went: addresses in its network may go another way. */
export function covers(
  route: Pick<Route, 'family' | 'destination' | 'prefix'>,
  address: AddressText,
): boolean {
  if (familyOf(address) !== route.family) return false
  if (route.destination === undefined) return true
  const [network, host] = [addressToBytes(route.destination), addressToBytes(address)]
  const whole = route.prefix >> 3
  for (let i = 0; i < whole; i++) if (network[i] !== host[i]) return false
  const rest = (0xff00 >> (route.prefix & 7)) & 0xff
  return (((network[whole] ?? 0) ^ (host[whole] ?? 0)) & rest) === 0
}
