// SPDX-License-Identifier: Apache-2.0
// What a capture holds, and what can be wrong with one.
import type { Problem } from '../model/types.js'

export interface Packet {
  /** from its link header on, as far as it was captured */
  readonly data: Uint8Array
  /** bytes on the wire */
  readonly length: number
}

export interface Packets {
  readonly packets: readonly Packet[]
  /** there are more than were asked for */
  readonly more: boolean
}

const ETHERNET = 1
/** https://www.tcpdump.org/linktypes.html: what a capture on a Linux host may have instead */
const NAMES: Readonly<Record<number, string>> = {
  0: 'BSD loopback',
  101: 'bare IP',
  113: "Linux's cooked mode",
  228: 'bare IPv4',
  229: 'bare IPv6',
  276: "Linux's cooked mode",
}

export function isEthernet(link: number): boolean {
  return link === ETHERNET
}

export function wrongLink(name: string, link: number, where = 'its packets have'): Problem {
  const kind = NAMES[link] ?? `link type ${link}`
  return {
    subject: name,
    reason: `${where} no Ethernet header (${kind}), which the datapath reads first`,
    fix: 'capture on one Ethernet interface: tcpdump -i eth0, not -i any',
  }
}

export function damaged(name: string, what: string): Problem {
  return { subject: name, reason: `${what}: it is cut off or damaged`, fix: 'capture again' }
}
