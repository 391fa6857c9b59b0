// SPDX-License-Identifier: Apache-2.0
// 'host:port' as listings show it, with names unless -n is given.
import type { AddressText, Protocol } from '../../../model/types.js'
import type { Names } from '../names.js'

/** `protocol` undefined: the port has no name, as in services of a mark. */
export type EndpointText = (address: AddressText, port: number, protocol: Protocol | undefined) => string

/** ipvsadm's buffer for a name and its port */
const MOST = 59

/** Asks for the names of all addresses at once. */
export async function endpointTexts(
  addresses: Iterable<AddressText>,
  numeric: boolean,
  names: Names,
): Promise<EndpointText> {
  if (numeric) return (address, port) => `${boxed(address, address)}:${port}`
  const hosts = await names.hosts(addresses)
  return (address, port, protocol) => {
    const service = protocol === undefined ? undefined : names.service(port, protocol)
    return `${boxed(address, hosts.get(address) ?? address)}:${service ?? port}`.slice(0, MOST)
  }
}

function boxed(address: AddressText, shown: string): string {
  return address.includes(':') ? `[${shown}]` : shown
}
