// SPDX-License-Identifier: Apache-2.0
// RTM_*LINK: network interfaces.
import { defined } from './defined.js'
import { formatMac } from './inet.js'
import {
  type Attributes,
  fixedHeader,
  NetlinkFormatError,
  nested,
  text,
  uint32Bytes,
  unsigned,
} from './wire.js'

export const RTM_NEWLINK = 16
export const RTM_DELLINK = 17
const RTM_GETLINK = 18

const OPER_STATES = ['unknown', 'notpresent', 'down', 'lowerlayerdown', 'testing', 'dormant', 'up'] as const
const XDP_MODES = [undefined, 'native', 'generic', 'offload', 'multi'] as const

/** A network interface. */
export interface Link {
  /** The number the kernel knows it by, 1 or more. */
  readonly index: number
  /** At most 15 bytes; it may change. */
  readonly name: string
  /** `aa:bb:cc:dd:ee:ff`; undefined where link-layer addresses are of another kind. */
  readonly mac: string | undefined
  /** Bytes of IP. */
  readonly mtu: number
  /** Administratively up (IFF_UP). */
  readonly up: boolean
  /** The wire is there (IFF_LOWER_UP). */
  readonly carrier: boolean
  /** It leads back to this host (IFF_LOOPBACK). */
  readonly loopback: boolean
  /** RFC 2863's operational state; virtual devices often say 'unknown'. */
  readonly operState: (typeof OPER_STATES)[number]
  /** 'veth', 'vlan', 'bridge', 'bond', 'dummy', …; absent for hardware. */
  readonly kind?: string
  /** Of a VLAN interface: the id, 0 to 4094, and the Ethernet type of its tag. */
  readonly vlan?: { readonly id: number /** 0x8100 or 0x88a8 */; readonly protocol: number }
  /** Index of the interface this one is stacked on (IFLA_LINK); of a veth its peer. */
  readonly parent?: number
  /** `parent` is an index in that other network namespace (by this namespace's id for it). */
  readonly parentNamespace?: number
  /** Index of the bridge, bond or VRF that this interface is a port of. */
  readonly master?: number
  /** The attached XDP program; for 'multi' the native one's id, else the generic one's. */
  readonly xdp?: { readonly mode: 'native' | 'generic' | 'offload' | 'multi'; readonly programId: number }
}

const IFF_UP = 0x1
const IFF_LOOPBACK = 0x8
const IFF_LOWER_UP = 0x10000
const HEADER = 16

const IFLA_ADDRESS = 1
const IFLA_IFNAME = 3
const IFLA_MTU = 4
const IFLA_LINK = 5
const IFLA_MASTER = 10
const IFLA_OPERSTATE = 16
const IFLA_LINKINFO = 18
const IFLA_EXT_MASK = 29
const IFLA_LINK_NETNSID = 37
const IFLA_XDP = 43
const IFLA_INFO_KIND = 1
const IFLA_INFO_DATA = 2
const IFLA_VLAN_ID = 1
const IFLA_VLAN_PROTOCOL = 5
const IFLA_XDP_ATTACHED = 2
const IFLA_XDP_PROG_ID = 4
const IFLA_XDP_DRV_PROG_ID = 5
const IFLA_XDP_SKB_PROG_ID = 6
const RTEXT_FILTER_SKIP_STATS = 8

/** Request for all links, without their statistics. */
export const linkDump = {
  type: RTM_GETLINK,
  header: new Uint8Array(HEADER),
  attributes: [[IFLA_EXT_MASK, uint32Bytes(RTEXT_FILTER_SKIP_STATS)]] as const,
}

/**
 * Payload of RTM_NEWLINK or RTM_DELLINK. Undefined for messages about something else than the interface itself: a
 * bridge speaks of its ports with the same type (family AF_BRIDGE), and "deletes" those that leave it.
 */
export function parseLink(payload: Uint8Array): Link | undefined {
  const header = fixedHeader(payload, HEADER, 'link')
  if (header.getUint8(0) !== 0) return undefined
  const attributes = readLinkAttributes(payload)
  const flags = header.getUint32(8, true)
  const info = nested(attributes.get(IFLA_LINKINFO))
  const kind = text(info?.get(IFLA_INFO_KIND))
  const operState = unsigned(attributes.get(IFLA_OPERSTATE), 1) ?? 0
  return {
    index: header.getInt32(4, true),
    name: text(attributes.get(IFLA_IFNAME)) ?? '',
    mac: formatMac(attributes.get(IFLA_ADDRESS)),
    mtu: unsigned(attributes.get(IFLA_MTU), 4) ?? 0,
    up: (flags & IFF_UP) !== 0,
    carrier: (flags & IFF_LOWER_UP) !== 0,
    loopback: (flags & IFF_LOOPBACK) !== 0,
    operState: OPER_STATES[operState] ?? 'unknown',
    ...defined({
      kind,
      vlan: kind === 'vlan' ? parseVlan(nested(info?.get(IFLA_INFO_DATA))) : undefined,
      parent: unsigned(attributes.get(IFLA_LINK), 4) || undefined,
      parentNamespace: unsigned(attributes.get(IFLA_LINK_NETNSID), 4),
      master: unsigned(attributes.get(IFLA_MASTER), 4),
      xdp: parseXdp(nested(attributes.get(IFLA_XDP))),
    }),
  }
}

function readLinkAttributes(payload: Uint8Array): Attributes {
  const attributes = nested(payload.subarray(HEADER)) as Attributes
  if (!attributes.has(IFLA_IFNAME)) throw new NetlinkFormatError('link message without a name')
  return attributes
}

function parseVlan(data: Attributes | undefined): Link['vlan'] | undefined {
  const id = unsigned(data?.get(IFLA_VLAN_ID), 2)
  const protocol = data?.get(IFLA_VLAN_PROTOCOL)
  if (id === undefined) return undefined
  return { id, protocol: protocol?.length === 2 ? ((protocol[0] ?? 0) << 8) | (protocol[1] ?? 0) : 0x8100 }
}

function parseXdp(xdp: Attributes | undefined): Link['xdp'] | undefined {
  const mode = XDP_MODES[unsigned(xdp?.get(IFLA_XDP_ATTACHED), 1) ?? 0]
  if (mode === undefined) return undefined
  const ids = [IFLA_XDP_PROG_ID, IFLA_XDP_DRV_PROG_ID, IFLA_XDP_SKB_PROG_ID].map((type) =>
    unsigned(xdp?.get(type), 4),
  )
  return { mode, programId: ids.find((id) => id !== undefined) ?? 0 }
}
