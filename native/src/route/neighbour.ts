// SPDX-License-Identifier: Apache-2.0
// RTM_*NEIGH: which link-layer address a neighbour's IP address has.
import { defined } from './defined.js'
import {
  type Family,
  familyOf,
  formatAddress,
  formatMac,
  kernelFamily,
  parseAddress,
  parseMac,
} from './inet.js'
import { fixedHeader, NetlinkFormatError, readAttributes, uint32Bytes, unsigned, viewOf } from './wire.js'

export const RTM_NEWNEIGH = 28
export const RTM_DELNEIGH = 29
const RTM_GETNEIGH = 30

const STATES = {
  none: 0,
  incomplete: 0x01,
  reachable: 0x02,
  stale: 0x04,
  delay: 0x08,
  probe: 0x10,
  failed: 0x20,
  noarp: 0x40,
  permanent: 0x80,
} as const

/** How sure the kernel is of an entry (NUD_*). */
export type NeighbourState = keyof typeof STATES

/** An entry of the ARP or neighbour discovery table. */
export interface Neighbour {
  /** Index of the interface. */
  readonly ifindex: number
  /** 4 or 6. */
  readonly family: Family
  /** Canonical text. */
  readonly address: string
  /** Absent while unresolved. Trust it in the states reachable, stale, delay, probe and permanent. */
  readonly mac?: string
  /** How sure the kernel is. */
  readonly state: NeighbourState
  /** 'managed' (the kernel keeps it resolved), 'router', 'extern-learn', 'offloaded', 'proxy', … */
  readonly flags: readonly string[]
}

/** Names an entry. */
export interface NeighbourKey {
  /** Index of the interface. */
  readonly ifindex: number
  /** IPv4 or IPv6, in any spelling. */
  readonly address: string
}

/** What an entry is to be like. At least one of `mac`, `managed` and `use`; `permanent` needs `mac` and excludes `managed`. */
export interface NeighbourChange extends NeighbourKey {
  /** Without `permanent` the entry starts as reachable and ages as a learned one does. */
  readonly mac?: string
  /** The kernel keeps the entry resolved by itself (NTF_EXT_MANAGED, kernel 5.16). */
  readonly managed?: boolean
  /** The kernel resolves now, as if a packet had to go there (NTF_USE). */
  readonly use?: boolean
  /** Never ages, never asked for. */
  readonly permanent?: boolean
}

const HEADER = 12
const NDA_DST = 1
const NDA_LLADDR = 2
const NDA_FLAGS_EXT = 15
const NTF_USE = 1
const NTF_EXT_MANAGED = 1

/** Bit 0 first. */
const FLAGS = ['use', 'self', 'master', 'proxy', 'extern-learn', 'offloaded', 'sticky', 'router'] as const
const EXTENDED_FLAGS = ['managed', 'locked', 'extern-valid'] as const

const stateNames: ReadonlyMap<number, NeighbourState> = new Map(
  Object.entries(STATES).map(([name, bit]) => [bit, name as NeighbourState]),
)

/** Request for the neighbours of all interfaces, IPv4 and IPv6. */
export const neighbourDump = { type: RTM_GETNEIGH, header: new Uint8Array(HEADER), attributes: [] as const }

/** Payload of RTM_NEWNEIGH or RTM_DELNEIGH; undefined for families other than IPv4 and IPv6 (bridge tables). */
export function parseNeighbour(payload: Uint8Array): Neighbour | undefined {
  const header = fixedHeader(payload, HEADER, 'neighbour')
  const family = familyOf(header.getUint8(0))
  if (family === undefined) return undefined
  const attributes = readAttributes(payload, HEADER)
  const address = attributes.get(NDA_DST)
  if (address === undefined) throw new NetlinkFormatError('neighbour message without an address')
  const flags = header.getUint8(10)
  const extended = unsigned(attributes.get(NDA_FLAGS_EXT), 4) ?? 0
  return {
    ifindex: header.getInt32(4, true),
    family,
    address: formatAddress(address),
    ...defined({ mac: formatMac(attributes.get(NDA_LLADDR)) }),
    state: stateNames.get(header.getUint16(8, true)) ?? 'none',
    flags: [
      ...FLAGS.filter((_, bit) => (flags & (1 << bit)) !== 0),
      ...EXTENDED_FLAGS.filter((_, bit) => (extended & (1 << bit)) !== 0),
    ],
  }
}

export interface NeighbourRequest {
  readonly header: Uint8Array
  readonly attributes: [number, Uint8Array][]
}

/** Names an entry, for deletion. */
export function encodeNeighbourKey(key: NeighbourKey, state = 0, flags = 0): NeighbourRequest {
  const { family, bytes } = parseAddress(key.address)
  const header = new Uint8Array(HEADER)
  const view = viewOf(header)
  view.setUint8(0, kernelFamily(family))
  view.setInt32(4, key.ifindex, true)
  view.setUint16(8, state, true)
  view.setUint8(10, flags)
  return { header, attributes: [[NDA_DST, bytes]] }
}

/** Throws a TypeError where the wishes contradict each other. */
export function encodeNeighbour(change: NeighbourChange): NeighbourRequest {
  const { mac, managed = false, use = false, permanent = false } = change
  if (mac === undefined && !managed && !use) throw new TypeError('neighbour needs mac, managed or use')
  if (permanent && mac === undefined) throw new TypeError('a permanent neighbour needs mac')
  if (permanent && managed) throw new TypeError('a neighbour is permanent or managed, not both')
  const state = mac === undefined ? STATES.none : permanent ? STATES.permanent : STATES.reachable
  const { header, attributes } = encodeNeighbourKey(change, state, use ? NTF_USE : 0)
  if (mac !== undefined) attributes.push([NDA_LLADDR, parseMac(mac)])
  if (managed) attributes.push([NDA_FLAGS_EXT, uint32Bytes(NTF_EXT_MANAGED)])
  return { header, attributes }
}
