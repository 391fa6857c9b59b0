// SPDX-License-Identifier: Apache-2.0
// RTM_*ROUTE: where packets go.
import { scopeName } from './address.js'
import { defined } from './defined.js'
import { type Family, familyOf, formatAddress, kernelFamily, parseAddress } from './inet.js'
import { type Attributes, fixedHeader, NetlinkFormatError, readAttributes, unsigned, viewOf } from './wire.js'

export const RTM_NEWROUTE = 24
export const RTM_DELROUTE = 25
export const RTM_GETROUTE = 26

const TYPES = [
  'unspec',
  'unicast',
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
  'nat',
  'xresolve',
] as const

/** What the kernel does with a packet that a route takes (RTN_*). */
export type RouteType = (typeof TYPES)[number]

/** One of several ways of a route. */
export interface RouteNexthop {
  /** Absent when the destination is on the link. */
  readonly gateway?: string
  /** Index of the interface. */
  readonly ifindex: number
  /** 1 to 256. */
  readonly weight: number
}

/** An entry of a routing table. */
export interface Route {
  /** 4 or 6. */
  readonly family: Family
  /** Undefined for the default route (prefix 0). */
  readonly destination: string | undefined
  /** Bits of `destination` that count, 0 to 32 or 128. */
  readonly prefix: number
  /** Of IPv4 routes it may be an IPv6 address. */
  readonly gateway?: string
  /** Index of the interface; absent for routes that lead nowhere. */
  readonly ifindex?: number
  /** 254 is main, 255 local. */
  readonly table: number
  /** What it does with a packet. */
  readonly type: RouteType
  /** How far the destination is: 'global', 'link', 'host', …; see `Address.scope`. */
  readonly scope: string
  /** RTPROT_*: 2 kernel, 3 boot, 4 static, 16 dhcp, 186 bgp, … */
  readonly protocol: number
  /** Lower is preferred. */
  readonly metric: number
  /** Preferred source address. */
  readonly source?: string
  /** Bytes of IP that the route is limited to (`ip route … mtu`); absent when its interface decides. */
  readonly mtu?: number
  /** Of a route with several next hops; `gateway` and `ifindex` are absent then. */
  readonly nexthops?: readonly RouteNexthop[]
}

/** What the kernel does with a packet to one address. */
export interface RouteTo {
  /** 'unicast', 'local', 'broadcast', 'multicast', … */
  readonly type: RouteType
  /** Absent when the address is on the link. */
  readonly gateway?: string
  /** Index of the interface. */
  readonly ifindex: number
  /** The source address a packet of this host would get. */
  readonly source?: string
  /** Bytes of IP that the route is limited to, by its own word or by what path MTU discovery learnt. */
  readonly mtu?: number
}

const HEADER = 12
const RTA_DST = 1
const RTA_OIF = 4
const RTA_GATEWAY = 5
const RTA_PRIORITY = 6
const RTA_PREFSRC = 7
const RTA_METRICS = 8
const RTA_MULTIPATH = 9
const RTA_TABLE = 15
const RTA_VIA = 18
const NEXTHOP_HEADER = 8
const RTAX_MTU = 2

/** Request for the routes of all tables, IPv4 and IPv6. */
export const routeDump = { type: RTM_GETROUTE, header: new Uint8Array(HEADER), attributes: [] as const }

/** Payload of RTM_NEWROUTE or RTM_DELROUTE; undefined for families other than IPv4 and IPv6 (multicast routing). */
export function parseRoute(payload: Uint8Array): Route | undefined {
  const header = fixedHeader(payload, HEADER, 'route')
  const family = familyOf(header.getUint8(0))
  if (family === undefined) return undefined
  const attributes = readAttributes(payload, HEADER)
  const destination = attributes.get(RTA_DST)
  const multipath = attributes.get(RTA_MULTIPATH)
  return {
    family,
    destination: destination && formatAddress(destination),
    prefix: header.getUint8(1),
    table: unsigned(attributes.get(RTA_TABLE), 4) ?? header.getUint8(4),
    protocol: header.getUint8(5),
    scope: scopeName(header.getUint8(6)),
    type: TYPES[header.getUint8(7)] ?? 'unspec',
    metric: unsigned(attributes.get(RTA_PRIORITY), 4) ?? 0,
    ...defined({
      gateway: gatewayIn(attributes),
      ifindex: unsigned(attributes.get(RTA_OIF), 4),
      source: optionalAddress(attributes.get(RTA_PREFSRC)),
      mtu: mtuIn(attributes.get(RTA_METRICS)),
      nexthops: multipath && parseNexthops(multipath),
    }),
  }
}

/** RTA_VIA is a next hop of the other family: its family in two bytes, then its address. */
function gatewayIn(attributes: Attributes): string | undefined {
  const via = attributes.get(RTA_VIA)
  return optionalAddress(attributes.get(RTA_GATEWAY)) ?? optionalAddress(via?.subarray(2))
}

function optionalAddress(bytes: Uint8Array | undefined): string | undefined {
  return bytes && formatAddress(bytes)
}

/** RTA_METRICS nests attributes of its own, one for each metric that was set. */
function mtuIn(metrics: Uint8Array | undefined): number | undefined {
  return metrics && unsigned(readAttributes(metrics, 0).get(RTAX_MTU), 4)
}

function parseNexthops(bytes: Uint8Array): RouteNexthop[] {
  const view = viewOf(bytes)
  const nexthops: RouteNexthop[] = []
  for (let at = 0; at + NEXTHOP_HEADER <= bytes.length; ) {
    const length = view.getUint16(at, true)
    if (length < NEXTHOP_HEADER || at + length > bytes.length) throw new NetlinkFormatError('next hop is cut')
    const attributes = readAttributes(bytes.subarray(at, at + length), NEXTHOP_HEADER)
    const ifindex = view.getInt32(at + 4, true)
    nexthops.push({
      ifindex,
      weight: view.getUint8(at + 3) + 1,
      ...defined({ gateway: gatewayIn(attributes) }),
    })
    at += (length + 3) & ~3
  }
  return nexthops
}

/** Asks how the kernel would route a packet to `address`. Throws a TypeError for what is not an address. */
export function encodeRouteTo(address: string): { header: Uint8Array; attributes: [number, Uint8Array][] } {
  const { family, bytes } = parseAddress(address)
  const header = new Uint8Array(HEADER)
  header[0] = kernelFamily(family)
  header[1] = bytes.length * 8
  return { header, attributes: [[RTA_DST, bytes]] }
}

export function parseRouteTo(payload: Uint8Array): RouteTo {
  const route = parseRoute(payload)
  if (route?.ifindex === undefined) throw new NetlinkFormatError('route answer without an interface')
  const { type, ifindex, gateway, source, mtu } = route
  return { type, ifindex, ...defined({ gateway, source, mtu }) }
}
