// SPDX-License-Identifier: Apache-2.0
// What a question needs: how it travels, what it may use of the outside world, and what asks it.
import type { Answer, Check } from '../model/checks.js'
import type { AddressText, Family, Outcome, ServiceKey } from '../model/types.js'

/** How a question travels. */
export interface Way {
  readonly address: AddressText
  readonly port: number
  /** SO_MARK of its socket: the packets are addressed to the VIP; absent = to `address` */
  readonly mark?: number
  /** source address and port; absent = the system's choice */
  readonly bind?: AddressText
  readonly bindPort?: number
}

export interface SocketSpec {
  readonly family: Family
  /** 'icmp': a ping socket, SOCK_DGRAM of ICMP or ICMPv6 */
  readonly type: 'tcp' | 'udp' | 'icmp'
  readonly mark?: number
  /** bound before it is handed over: an adopted datagram socket cannot be, a marked one is; port absent = any */
  readonly bind?: { readonly address: AddressText; readonly port?: number }
}

/** What a kind of check may use of the outside world. */
export interface AskWorld {
  /** descriptor of an unconnected, non-blocking, close-on-exec socket; asked for marked questions, datagrams and ICMP */
  socket(spec: SocketSpec): Outcome<number>
  /** the deadline, or the end of the checks: the question ends now */
  readonly signal: AbortSignal
  /** ms, monotonic */
  now(): number
  /** for the Host header and for scripts */
  readonly names: AskNames
}

export interface AskNames {
  /** of a mark's service there is none */
  readonly vip: AddressText | undefined
  readonly port: number
  readonly real: AddressText
  readonly service: ServiceKey
}

/** Asks one question; never rejects, and leaves nothing open when it is answered. */
export type Ask<C extends Check> = (check: C, way: Way, world: AskWorld) => Promise<Answer>
