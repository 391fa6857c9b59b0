// SPDX-License-Identifier: Apache-2.0
// Where questions through a VIP come from: this host's address on the real server's network. The kernel may choose the
// VIP itself, which stands on an interface here, and no answer to that leaves the real server.
import { BlockList } from 'node:net'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import { familyOf } from '../abi/address.js'
import type { Ask } from '../health/types.js'
import type { Check } from '../model/checks.js'
import type { AddressText } from '../model/types.js'

export type OwnAddress = Pick<NetworkInterfaceInfo, 'address' | 'cidr' | 'family'>

/** ms; the host's addresses are read again after so long */
const FRESH = 1_000

/** As `ask`, with a source for what is addressed to a VIP and has none by the operator's wish. */
export function fromOwnAddress(
  ask: Ask<Check>,
  read: () => readonly OwnAddress[] = ownAddresses,
  now: () => number = () => performance.now(),
): Ask<Check> {
  let addresses: readonly OwnAddress[] = []
  let readAt = Number.NEGATIVE_INFINITY
  return (check, way, world) => {
    const { vip } = world.names
    if (way.mark === undefined || way.bind !== undefined || vip === undefined) return ask(check, way, world)
    if (now() - readAt > FRESH) {
      addresses = read()
      readAt = now()
    }
    const bind = sourceFor(way.address, vip, addresses)
    return ask(check, bind === undefined ? way : { ...way, bind }, world)
  }
}

/** Undefined where no network of this host has the real server: then the kernel chooses. */
export function sourceFor(
  real: AddressText,
  vip: AddressText,
  addresses: readonly OwnAddress[],
): AddressText | undefined {
  const family = `ipv${familyOf(real)}` as const
  return addresses.find((one) => {
    if (one.cidr === null || one.family.toLowerCase() !== family || one.address === vip) return false
    const network = new BlockList()
    network.addSubnet(one.address, Number(one.cidr.split('/')[1]), family)
    return network.check(real, family)
  })?.address
}

function ownAddresses(): readonly OwnAddress[] {
  return Object.values(networkInterfaces()).flatMap((all) => all ?? [])
}
