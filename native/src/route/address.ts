// SPDX-License-Identifier: Apache-2.0
// RTM_*ADDR: addresses of interfaces.
import { type Family, familyOf, formatAddress, kernelFamily, parseAddress } from './inet.js'
import { fixedHeader, NetlinkFormatError, readAttributes, uint32Bytes, unsigned, viewOf } from './wire.js'

export const RTM_NEWADDR = 20
export const RTM_DELADDR = 21
const RTM_GETADDR = 22

/** An address of an interface. */
export interface Address {
  /** Index of the interface. */
  readonly index: number
  /** 4 or 6. */
  readonly family: Family
  /** Canonical text; of a point-to-point link this end's. */
  readonly address: string
  /** Bits of the network part, 0 to 32 or 128. */
  readonly prefix: number
  /** 'global', 'site', 'link', 'host', 'nowhere', or the number as text. */
  readonly scope: string
  /** 'permanent', 'secondary', 'tentative', 'dadfailed', 'deprecated', 'nodad', … */
  readonly flags: readonly string[]
}

/** An address to be added to an interface, or deleted from it. */
export interface AddressChange {
  /** Index of the interface. */
  readonly ifindex: number
  /** IPv4 or IPv6, in any spelling. */
  readonly address: string
  /** Bits of the network part, 0 to 32 or 128. */
  readonly prefix: number
  /** IPv6: usable at once, without duplicate address detection (default false). Only for adding. */
  readonly noDad?: boolean
}

const HEADER = 8
const IFA_ADDRESS = 1
const IFA_LOCAL = 2
const IFA_FLAGS = 8
const IFA_F_NODAD = 2

const SCOPES: ReadonlyMap<number, string> = new Map([
  [0, 'global'],
  [200, 'site'],
  [253, 'link'],
  [254, 'host'],
  [255, 'nowhere'],
])

/** Bit 0 first. */
const FLAGS = [
  'secondary',
  'nodad',
  'optimistic',
  'dadfailed',
  'homeaddress',
  'deprecated',
  'tentative',
  'permanent',
  'managetempaddr',
  'noprefixroute',
  'mcautojoin',
  'stable-privacy',
] as const

/** Request for the addresses of all interfaces. */
export const addressDump = { type: RTM_GETADDR, header: new Uint8Array(HEADER), attributes: [] as const }

/** Name of a route's or address's scope. */
export function scopeName(scope: number): string {
  return SCOPES.get(scope) ?? String(scope)
}

/** Payload of RTM_NEWADDR or RTM_DELADDR; undefined for families other than IPv4 and IPv6. */
export function parseAddressMessage(payload: Uint8Array): Address | undefined {
  const header = fixedHeader(payload, HEADER, 'address')
  const family = familyOf(header.getUint8(0))
  if (family === undefined) return undefined
  const attributes = readAttributes(payload, HEADER)
  const bytes = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS)
  if (bytes === undefined) throw new NetlinkFormatError('address message without an address')
  const flags = unsigned(attributes.get(IFA_FLAGS), 4) ?? header.getUint8(2)
  return {
    index: header.getUint32(4, true),
    family,
    address: formatAddress(bytes),
    prefix: header.getUint8(1),
    scope: scopeName(header.getUint8(3)),
    flags: FLAGS.filter((_, bit) => (flags & (1 << bit)) !== 0),
  }
}

/** Fixed header and attributes that add or delete an address. Throws TypeErrors that name the wrong part. */
export function encodeAddress(change: AddressChange): {
  header: Uint8Array
  attributes: [number, Uint8Array][]
} {
  const { family, bytes } = parseAddress(change.address)
  const longest = family === 4 ? 32 : 128
  if (!Number.isInteger(change.prefix) || change.prefix < 0 || change.prefix > longest) {
    throw new TypeError(`prefix must be an integer from 0 to ${longest}`)
  }
  const header = new Uint8Array(HEADER)
  header[0] = kernelFamily(family)
  header[1] = change.prefix
  viewOf(header).setUint32(4, change.ifindex, true)
  const attributes: [number, Uint8Array][] = [
    [IFA_LOCAL, bytes],
    [IFA_ADDRESS, bytes],
  ]
  if (change.noDad === true) attributes.push([IFA_FLAGS, uint32Bytes(IFA_F_NODAD)])
  return { header, attributes }
}
