// SPDX-License-Identifier: Apache-2.0
// A datagram of a multicast group -> events. Never throws: what cannot be read is an event that says so.
import type { BpfError } from '../errors.js'
import { type Address, parseAddressMessage, RTM_DELADDR, RTM_NEWADDR } from './address.js'
import { type Link, parseLink, RTM_DELLINK, RTM_NEWLINK } from './link.js'
import { type Neighbour, parseNeighbour, RTM_DELNEIGH, RTM_NEWNEIGH } from './neighbour.js'
import { parseRoute, type Route, RTM_DELROUTE, RTM_NEWROUTE } from './route.js'
import { type Message, messagesIn, NetlinkFormatError } from './wire.js'

/** Whether a thing is there now. */
export type Change = 'added' | 'removed'

/** News from the kernel. */
export type RouteEvent =
  /** 'added' also means: changed, and this is how it is now. */
  | { readonly type: 'link'; readonly change: Change; readonly value: Link }
  | { readonly type: 'address'; readonly change: Change; readonly value: Address }
  | { readonly type: 'neighbour'; readonly change: Change; readonly value: Neighbour }
  | { readonly type: 'route'; readonly change: Change; readonly value: Route }
  /** The kernel had to drop events (ENOBUFS): list again what you follow. */
  | { readonly type: 'resync' }
  /** A datagram, or its rest, that could not be read. */
  | { readonly type: 'malformed'; readonly reason: string; readonly bytes: Uint8Array }
  /** The socket failed; no more events come from this subscription. */
  | { readonly type: 'failed'; readonly error: BpfError }

/** What to hear of; IPv4 and IPv6 together. */
export type EventGroup = 'link' | 'address' | 'neighbour' | 'route'

/** RTMGRP_*: IPv4 and IPv6 together. */
const GROUP_BITS: Readonly<Record<EventGroup, number>> = {
  link: 0x1,
  neighbour: 0x4,
  address: 0x10 | 0x100,
  route: 0x40 | 0x400,
}

const NLMSG_OVERRUN = 4

/** Bitmask of the kernel's groups. Throws a TypeError for a name that is not one. */
export function groupMask(groups: readonly EventGroup[]): number {
  return groups.reduce((mask, group) => {
    const bits = Object.hasOwn(GROUP_BITS, group) ? GROUP_BITS[group] : undefined
    if (bits === undefined)
      throw new TypeError(`groups: '${group}' is none of ${Object.keys(GROUP_BITS).join(', ')}`)
    return mask | bits
  }, 0)
}

type Parse = (payload: Uint8Array, change: Change) => RouteEvent | undefined

const link: Parse = (payload, change) => {
  const value = parseLink(payload)
  return value && { type: 'link', change, value }
}
const address: Parse = (payload, change) => {
  const value = parseAddressMessage(payload)
  return value && { type: 'address', change, value }
}
const neighbour: Parse = (payload, change) => {
  const value = parseNeighbour(payload)
  return value && { type: 'neighbour', change, value }
}
const route: Parse = (payload, change) => {
  const value = parseRoute(payload)
  return value && { type: 'route', change, value }
}

const KINDS: ReadonlyMap<number, readonly [Change, Parse]> = new Map([
  [RTM_NEWLINK, ['added', link]],
  [RTM_DELLINK, ['removed', link]],
  [RTM_NEWADDR, ['added', address]],
  [RTM_DELADDR, ['removed', address]],
  [RTM_NEWNEIGH, ['added', neighbour]],
  [RTM_DELNEIGH, ['removed', neighbour]],
  [RTM_NEWROUTE, ['added', route]],
  [RTM_DELROUTE, ['removed', route]],
])

/** The events of a datagram, in order; kinds and families that are not followed here give none. */
export function eventsOf(datagram: Uint8Array): RouteEvent[] {
  const events: RouteEvent[] = []
  try {
    for (const message of messagesIn(datagram)) {
      const event = eventOf(message)
      if (event !== undefined) events.push(event)
    }
  } catch (error) {
    events.push(malformed(error, datagram))
  }
  return events
}

function eventOf(message: Message): RouteEvent | undefined {
  if (message.type === NLMSG_OVERRUN) return { type: 'resync' }
  const kind = KINDS.get(message.type)
  if (kind === undefined) return undefined
  try {
    return kind[1](message.payload, kind[0])
  } catch (error) {
    return malformed(error, message.payload)
  }
}

function malformed(error: unknown, bytes: Uint8Array): RouteEvent {
  if (!(error instanceof NetlinkFormatError)) throw error
  return { type: 'malformed', reason: error.message, bytes }
}
