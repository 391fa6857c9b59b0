// SPDX-License-Identifier: Apache-2.0
// What a rehearsal tells, in the domain's words: ids of its trail become services, real servers and next hops.
import { formatAddress, formatMac } from '../abi/address.js'
import {
  ConnBits,
  Family,
  Limit,
  type Load,
  type Nexthop,
  Nexthop_SIZE,
  NexthopKind,
  ReasonNames,
  readNexthop,
  readService,
  TemplateBits,
  type Trail,
  TrailTemplate,
} from '../abi/generated.js'
import type { AddressText, MacText, Protocol } from '../model/types.js'
import type { Actual, ActualReal, ActualService } from '../plan/actual.js'
import { ageOf, bits, stateName } from './conns.js'
import type { Maps } from './maps.js'
import type { Rehearsed } from './rehearsal.js'
import { secondsOf, ticksOf, timeoutTicks } from './settings.js'
import { loadOf } from './thresholds.js'
import type { Action, ReasonName } from './types.js'

/** A packet's way, as the program would take it and as it saw the maps. */
export interface Told {
  readonly action: Action | 'aborted'
  readonly reason: ReasonName
  /** as it leaves */
  readonly frame: Uint8Array
  /** its destination, where that is a VIP */
  readonly vip?: AddressText
  /** absent: it was not read as a packet for a VIP */
  readonly flow?: ToldFlow
  readonly conn?: ToldConn
  /** that was looked for */
  readonly template?: ToldTemplate
  /** that was looked up for it */
  readonly service?: ActualService
  /** the scheduler was asked */
  readonly choice?: ToldChoice
  /** whom it was judged to go to */
  readonly real?: Placed
  /** absent: it did not come so far */
  readonly hop?: ToldHop
  /** active and inactive connections of a real server, by its id */
  readonly load: (real: number) => Load
}

export interface ToldFlow {
  readonly client: AddressText
  /** ports of later fragments are 0 */
  readonly clientPort: number
  readonly port: number
  /** IPPROTO_* */
  readonly l4: number
  readonly protocol: Protocol
  /** byte 13 of the TCP header */
  readonly tcpFlags: number
  readonly fragment: 'no' | 'first' | 'later'
  readonly about: 'own' | 'icmp' | 'ipsec'
}

export interface Placed {
  readonly service: ActualService
  readonly real: ActualReal
}

export interface ToldConn {
  readonly state: string
  /** absent: of a real server that is gone for good */
  readonly to?: Placed
  /** s; below 0: since when it is over */
  readonly expiresIn: number
  readonly expired: boolean
  /** the packet chooses anew instead of following it */
  readonly givesWay: boolean
  readonly controlled: boolean
}

export interface ToldTemplate {
  readonly found: 'none' | 'used' | 'over' | 'invalid'
  readonly to?: Placed
  /** s */
  readonly timeout: number
  readonly expiresIn: number
}

export interface ToldChoice {
  /** absent: none was usable */
  readonly to?: Placed
  /** not the scheduler's, but by a hash of the flow: there was no room to remember it */
  readonly byHash: boolean
  /** lblc, lblcr: the one that was remembered for the VIP */
  readonly near: boolean
  /** rr, wrr: index of the pick; sh, dh, mh: slot */
  readonly pick: number
  /** rr, wrr: picks until the sequence repeats; sh, dh, mh: slots */
  readonly of: number
}

export interface ToldHop {
  readonly kind: 'unresolved' | 'ethernet' | 'local'
  readonly destination: MacText
  readonly source: MacText
  readonly ifindex: number
  /** ids, outermost first */
  readonly vlan: readonly number[]
  /** largest IP packet, bytes; 0 = any */
  readonly mtu: number
}

const ACTIONS: readonly Told['action'][] = ['aborted', 'drop', 'pass', 'tx', 'redirect']
const PROTOCOLS: readonly Protocol[] = ['tcp', 'udp', 'sctp']
const FRAGMENTS = ['no', 'first', 'later'] as const
const ABOUT = ['own', 'icmp', 'ipsec'] as const
const VID_MASK = 0xfff

/** `actual`: of the maps that the rehearsal saw. */
export function tellOf({ maps, run: { action, frame, trail } }: Rehearsed, actual: Actual): Told {
  const book = bookOf(actual)
  const vip = actual.vips.get(trail.vip)?.address
  const to = book.get(trail.real)
  const service = serviceIn(actual, trail.service)
  const conn = connIn(maps, trail, book)
  return {
    action: ACTIONS[action] ?? 'aborted',
    reason: (ReasonNames[trail.reason] ?? `reason_${trail.reason}`).toLowerCase(),
    frame,
    ...(vip !== undefined && { vip }),
    ...(trail.read === 1 && { flow: flowIn(trail) }),
    ...(conn && { conn }),
    ...(service && { service }),
    ...(service?.persistence && { template: templateIn(trail, book) }),
    ...(trail.asked === 1 && { choice: choiceIn(maps, trail, book) }),
    ...(to && { real: to }),
    ...(trail.nexthop !== 0 && { hop: hopIn(readNexthop(maps.nexthops, trail.nexthop * Nexthop_SIZE)) }),
    load: (real) => loadOf(maps, real),
  }
}

type Book = ReadonlyMap<number, Placed>

function bookOf(actual: Actual): Book {
  const book = new Map<number, Placed>()
  for (const service of actual.services.values())
    for (const real of [...service.reals, ...service.trash]) book.set(real.id, { service, real })
  return book
}

function serviceIn(actual: Actual, id: number): ActualService | undefined {
  for (const service of actual.services.values()) if (service.id === id) return service
  return undefined
}

function flowIn(trail: Trail): ToldFlow {
  const bytes = new Uint8Array(16)
  const words = new DataView(bytes.buffer)
  for (const [i, word] of trail.client.entries()) words.setUint32(4 * i, word, true)
  return {
    client: formatAddress(bytes, trail.family === Family.IPV4 ? 4 : 6),
    clientPort: trail.clientPort,
    port: trail.virtualPort,
    l4: trail.l4,
    protocol: PROTOCOLS[trail.proto] ?? 'tcp',
    tcpFlags: trail.tcpFlags,
    fragment: FRAGMENTS[trail.fragment] ?? 'no',
    about: ABOUT[trail.about] ?? 'own',
  }
}

function connIn(maps: Maps, trail: Trail, book: Book): ToldConn | undefined {
  const { conn: data, now } = trail
  if (data === 0n) return undefined
  const state = bits(data, ConnBits.CONN_STATE_SHIFT, ConnBits.CONN_STATE_BITS)
  const to = book.get(bits(data, ConnBits.CONN_REAL_SHIFT, ConnBits.CONN_REAL_BITS))
  const stamp = bits(data, ConnBits.CONN_STAMP_SHIFT, ConnBits.CONN_STAMP_BITS)
  return {
    state: stateName(state),
    ...(to && { to }),
    expiresIn: secondsOf(timeoutTicks(maps.settings, state) - ageOf(stamp, now)),
    expired: trail.expired === 1,
    givesWay: trail.givesWay === 1,
    controlled: bits(data, ConnBits.CONN_CONTROLLED_SHIFT, ConnBits.CONN_CONTROLLED_BITS) === 1,
  }
}

const FOUND: Readonly<Record<number, ToldTemplate['found']>> = {
  [TrailTemplate.TRAIL_TEMPLATE_USED]: 'used',
  [TrailTemplate.TRAIL_TEMPLATE_OVER]: 'over',
  [TrailTemplate.TRAIL_TEMPLATE_INVALID]: 'invalid',
}

function templateIn({ template: data, templateFound, now }: Trail, book: Book): ToldTemplate {
  const to = book.get(bits(data, TemplateBits.TEMPLATE_REAL_SHIFT, TemplateBits.TEMPLATE_REAL_BITS))
  const timeout = bits(data, TemplateBits.TEMPLATE_TIMEOUT_SHIFT, TemplateBits.TEMPLATE_TIMEOUT_BITS)
  const stamp = bits(data, TemplateBits.TEMPLATE_STAMP_SHIFT, TemplateBits.TEMPLATE_STAMP_BITS)
  return {
    found: FOUND[templateFound] ?? 'none',
    ...(to && { to }),
    timeout,
    expiresIn: secondsOf(ticksOf(timeout) - ageOf(stamp, now)),
  }
}

function choiceIn(maps: Maps, trail: Trail, book: Book): ToldChoice {
  const to = book.get(trail.scheduled)
  const header = readService(maps.tables, trail.line * Limit.LINE_BYTES)
  return {
    ...(to && { to }),
    byHash: trail.byHash === 1,
    near: trail.near === 1,
    pick: Number(trail.pick),
    of: header.period > 0n ? Number(header.period) : header.count,
  }
}

const KIND: Readonly<Record<number, ToldHop['kind']>> = {
  [NexthopKind.NEXTHOP_ETHERNET]: 'ethernet',
  [NexthopKind.NEXTHOP_LOCAL]: 'local',
}

function hopIn(hop: Nexthop): ToldHop {
  return {
    kind: KIND[hop.kind] ?? 'unresolved',
    destination: formatMac(hop.dstMac),
    source: formatMac(hop.srcMac),
    ifindex: hop.ifindex,
    vlan: hop.tci.slice(0, hop.tags).map((tci) => tci & VID_MASK),
    mtu: hop.mtu,
  }
}
