// SPDX-License-Identifier: Apache-2.0
// One next hop, decided from what the kernel knows of routes, links and neighbours. Pure.
import type { Link, Neighbour, RouteTo } from 'libbpf-ts'
import { macToBytes } from '../abi/address.js'
import { Limit, type Nexthop, NexthopKind } from '../abi/generated.js'
import type { AddressText, MacText } from '../model/types.js'
import type { NextHopState } from './types.js'

/** Where an address is reached, before its neighbour is known. */
export type Way =
  | { readonly kind: 'none'; readonly why: string }
  | { readonly kind: 'local' }
  | {
      readonly kind: 'ethernet'
      /** whom to ask for, and on which device */
      readonly neighbour: { readonly ifindex: number; readonly address: AddressText }
      /** the device below all VLANs */
      readonly egress: Link
      /** largest IP packet, bytes */
      readonly mtu: number
      /** outermost first */
      readonly tags: readonly { readonly id: number; readonly protocol: number }[]
      /** every device on the way, for events */
      readonly devices: readonly number[]
    }

export type Hop =
  | { readonly kind: 'unresolved'; readonly why: string }
  | { readonly kind: 'local' }
  | { readonly kind: 'ethernet'; readonly mac: MacText; readonly way: Extract<Way, { kind: 'ethernet' }> }

/** States in which the kernel would send to the MAC it has. */
const USABLE = new Set(['reachable', 'stale', 'delay', 'probe', 'permanent', 'noarp'])

export function wayTo(
  address: AddressText,
  route: RouteTo | undefined,
  links: ReadonlyMap<number, Link>,
): Way {
  if (route === undefined) return { kind: 'none', why: `no route to ${address}` }
  if (route.type === 'local') return { kind: 'local' }
  if (route.type !== 'unicast') return { kind: 'none', why: `the route to ${address} is ${route.type}` }
  const device = links.get(route.ifindex)
  if (device === undefined) return { kind: 'none', why: `the route to ${address} has no device` }
  const tags: { id: number; protocol: number }[] = []
  const devices = [device.index]
  let egress = device
  while (egress.vlan !== undefined) {
    const parent = egress.parentNamespace === undefined ? links.get(egress.parent ?? 0) : undefined
    if (parent === undefined)
      return { kind: 'none', why: `the device below VLAN ${egress.name} is out of reach` }
    tags.unshift(egress.vlan)
    devices.push(parent.index)
    egress = parent
  }
  if (tags.length > Limit.MAX_TAGS)
    return { kind: 'none', why: `${device.name} has more than ${Limit.MAX_TAGS} VLAN tags` }
  const down = devices.map((index) => links.get(index)).find((link) => link !== undefined && !link.up)
  if (down) return { kind: 'none', why: `${down.name} is down` }
  if (egress.mac === undefined) return { kind: 'none', why: `${egress.name} is not an Ethernet device` }
  const neighbour = { ifindex: device.index, address: route.gateway ?? address }
  // a route may ask for less than its device takes; more than that never leaves
  const mtu = Math.min(device.mtu, route.mtu ?? device.mtu)
  return { kind: 'ethernet', neighbour, egress, mtu, tags, devices }
}

/** `before`: the hop as it was; a MAC that was good stays until the kernel says that it failed. */
export function hopBy(way: Way, found: Neighbour | undefined, before: Hop | undefined): Hop {
  if (way.kind === 'none') return { kind: 'unresolved', why: way.why }
  if (way.kind === 'local') return way
  const mac = found?.mac
  if (mac !== undefined && USABLE.has(found?.state ?? '')) return { kind: 'ethernet', mac, way }
  if (found?.state !== 'failed' && before?.kind === 'ethernet' && sameNeighbour(before.way, way)) {
    return { kind: 'ethernet', mac: before.mac, way }
  }
  const what = way.neighbour.address
  const verb = found?.state === 'failed' ? 'does not answer' : 'has not answered yet'
  return { kind: 'unresolved', why: `neighbour ${what} ${verb} on ${nameOf(way)}` }
}

/** The kernel keeps this entry by itself, whatever happens. */
export function needsNoAsking(found: Neighbour | undefined): boolean {
  return (
    found?.state === 'permanent' || found?.state === 'noarp' || (found?.flags.includes('managed') ?? false)
  )
}

export function encodeHop(hop: Hop): Nexthop {
  if (hop.kind !== 'ethernet') {
    const kind = hop.kind === 'local' ? NexthopKind.NEXTHOP_LOCAL : NexthopKind.NEXTHOP_UNRESOLVED
    return { dstMac: NO_MAC, srcMac: NO_MAC, ifindex: 0, kind, tags: 0, tpid: [0, 0], tci: [0, 0], mtu: 0 }
  }
  const { egress, tags } = hop.way
  return {
    dstMac: macToBytes(hop.mac),
    srcMac: macToBytes(egress.mac as string),
    ifindex: egress.index,
    kind: NexthopKind.NEXTHOP_ETHERNET,
    tags: tags.length,
    tpid: [tags[0]?.protocol ?? 0, tags[1]?.protocol ?? 0],
    tci: [tags[0]?.id ?? 0, tags[1]?.id ?? 0],
    mtu: hop.way.mtu,
  }
}

export function describeHop(address: AddressText, hop: Hop): NextHopState {
  if (hop.kind === 'unresolved') return { address, state: 'unresolved', why: hop.why }
  if (hop.kind === 'local') return { address, state: 'local' }
  const { egress, tags } = hop.way
  const state = { address, state: 'up', mac: hop.mac, interface: egress.name } as const
  return tags.length === 0 ? state : { ...state, vlan: tags.map((tag) => tag.id) }
}

const NO_MAC = new Uint8Array(6)

function sameNeighbour(
  a: Extract<Way, { kind: 'ethernet' }>,
  b: Extract<Way, { kind: 'ethernet' }>,
): boolean {
  return a.neighbour.ifindex === b.neighbour.ifindex && a.neighbour.address === b.neighbour.address
}

function nameOf(way: Extract<Way, { kind: 'ethernet' }>): string {
  return way.tags.length === 0
    ? way.egress.name
    : `${way.egress.name} (VLAN ${way.tags.map((tag) => tag.id).join('.')})`
}
