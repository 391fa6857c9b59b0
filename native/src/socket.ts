// SPDX-License-Identifier: Apache-2.0
// Sockets that a BPF program, a routing rule or a filter can recognise: what Node's own cannot be told before
// they are used.
import { isIPv6 } from 'node:net'
import { native } from './native.js'

/** What a socket is to be. */
export interface SocketOptions {
  /** IPv4 or IPv6. */
  readonly family: 4 | 6
  /** `'icmp'`: a ping socket (`SOCK_DGRAM` of ICMP or ICMPv6), which sends echo requests and gets their replies. */
  readonly type: 'tcp' | 'udp' | 'icmp'
  /** `SO_MARK`: `skb->mark` of everything it sends. Needs CAP_NET_ADMIN. */
  readonly mark?: number
  /** `SO_BINDTODEVICE`: the name of the only interface it uses. */
  readonly bindToDevice?: string
  /** The address it sends from, `'0.0.0.0'` or `'::'` for any, and its port (of ping sockets the identifier). 0 or
   * absent: one that no other socket has, chosen now. Without `bind` it is chosen when the socket connects, and
   * TCP connections to different ends may then share one. */
  readonly bind?: { readonly address: string; readonly port?: number }
}

const kinds = {
  tcp: { type: 1, protocol: { 4: 6, 6: 6 } },
  udp: { type: 2, protocol: { 4: 17, 6: 17 } },
  icmp: { type: 2, protocol: { 4: 1, 6: 58 } },
} as const

/** Opens a socket: unconnected, non-blocking, closed on exec. The descriptor is the caller's, until a `net.Socket`
 * (`new net.Socket({ fd, manualStart: true })`) or `dgram.Socket` (`bind({ fd, exclusive: true })`) takes it over.
 * UDP and ping sockets hear of every ICMP error (`IP_RECVERR`, `IPV6_RECVERR`): unreachable hosts and networks end what
 * waits, as closed ports do. Close such a socket at its first error: what is kept of it in the error queue, which Node
 * does not read, wakes the event loop for as long as it is open.
 * @throws TypeError; BpfError `EPERM` when a mark needs CAP_NET_ADMIN, `EACCES` when the group may not ping
 * (net.ipv4.ping_group_range, for both families), `ENODEV`, `EADDRNOTAVAIL`, `EADDRINUSE`, `EAFNOSUPPORT`, `EMFILE`
 * @kernel 3.0; ping sockets of IPv6 3.11 */
export function openSocket(options: SocketOptions): number {
  const { family, mark, bindToDevice, bind } = options
  if (family !== 4 && family !== 6) throw new TypeError(`family must be 4 or 6, not '${family}'`)
  const kind = Object.hasOwn(kinds, options.type) ? kinds[options.type] : undefined
  if (kind === undefined) throw new TypeError(`type must be 'tcp', 'udp' or 'icmp', not '${options.type}'`)
  return native.openSocket(
    family,
    kind.type,
    kind.protocol[family],
    mark,
    bindToDevice,
    bind?.address,
    bind?.port,
    `${options.type} of IPv${family}`,
  )
}

/** The address that this host sends from towards an address, unless a socket is bound; with a mark, as its routing
 * rules have it. Nothing is sent.
 * @throws TypeError for what is no address; BpfError `ENETUNREACH`, `EHOSTUNREACH`, `EACCES`, with a mark `EPERM`
 * @kernel 2.6 */
export function sourceTowards(address: string, mark?: number): string {
  return native.sourceTowards(isIPv6(address) ? 6 : 4, address, mark)
}
