// SPDX-License-Identifier: Apache-2.0
// Where a health check through the VIP is sent from. A director has the VIP too, and the kernel may take it as the
// source (with IPv6 it does, unless the address is deprecated); but the real server has it as well and would answer itself.
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import { BpfError, sourceTowards } from 'libbpf-ts'
import { addressToBytes, canonicalAddress, familyOf, prefixToMask } from '../abi/address.js'
import { fail } from '../model/describe.js'
import type { AddressText, Outcome } from '../model/types.js'

type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>

/** undefined: the kernel's choice is right, or there is no way, which connecting will tell. */
export function probeSource(
  real: AddressText,
  mark: number,
  isVip: (address: AddressText) => boolean,
): Outcome<AddressText | undefined> {
  const chosen = kernelsChoice(real, mark)
  if (chosen === undefined || !isVip(chosen)) return { ok: true, value: undefined }
  const value = otherSource(networkInterfaces(), { real, chosen }, isVip)
  if (value !== undefined) return { ok: true, value }
  const reason = `this host has no address but VIPs to ask ${real} from`
  return fail({ subject: real, reason, fix: 'give it an address of its own, or the check `via: real`' })
}

/** Best on the same network as the real server, then on the interface that has `chosen`, then with a network at all. */
export function otherSource(
  interfaces: Interfaces,
  { real, chosen }: { readonly real: AddressText; readonly chosen: AddressText },
  isVip: (address: AddressText) => boolean,
): AddressText | undefined {
  const usable = Object.values(interfaces).flatMap((all = []) => {
    const here = all.some(({ address }) => address === chosen)
    return all
      .filter((one) => isUsable(one, real) && !isVip(one.address))
      .map((one) => ({ address: one.address, rank: rank(one, real, here) }))
  })
  return usable.toSorted((a, b) => b.rank - a.rank)[0]?.address
}

function isUsable({ address, internal, scopeid = 0 }: NetworkInterfaceInfo, real: AddressText): boolean {
  return !internal && scopeid === 0 && familyOf(address) === familyOf(real)
}

function rank({ address, cidr }: NetworkInterfaceInfo, real: AddressText, here: boolean): number {
  const prefix = Number(cidr?.split('/')[1])
  const whole = familyOf(address) === 4 ? 32 : 128
  return (inNetwork(address, prefix, real) ? 4 : 0) + (here ? 2 : 0) + (prefix < whole ? 1 : 0)
}

function inNetwork(address: AddressText, prefix: number, other: AddressText): boolean {
  const [mine, its] = [addressToBytes(address), addressToBytes(other)]
  return prefixToMask(prefix).every((mask, i) => (((mine[i] ?? 0) ^ (its[i] ?? 0)) & mask) === 0)
}

function kernelsChoice(real: AddressText, mark: number): AddressText | undefined {
  try {
    return canonicalAddress(sourceTowards(real, mark))
  } catch (error) {
    if (error instanceof BpfError) return undefined
    throw error
  }
}
