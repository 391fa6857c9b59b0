// SPDX-License-Identifier: Apache-2.0
// The kernel's links, addresses, neighbours and routes: lists, changes, and news about them.
import {
  type Address,
  type AddressChange,
  addressDump,
  encodeAddress,
  parseAddressMessage,
  RTM_DELADDR,
  RTM_NEWADDR,
} from './address.js'
import { type EventGroup, eventsOf, groupMask, type RouteEvent } from './events.js'
import { type Link, linkDump, parseLink } from './link.js'
import { kernelError, type NetlinkSocket, openNetlink } from './native-socket.js'
import {
  encodeNeighbour,
  encodeNeighbourKey,
  type Neighbour,
  type NeighbourChange,
  type NeighbourKey,
  neighbourDump,
  parseNeighbour,
  RTM_DELNEIGH,
  RTM_NEWNEIGH,
} from './neighbour.js'
import { type Question, Requests } from './requests.js'
import {
  encodeRouteTo,
  parseRoute,
  parseRouteTo,
  type Route,
  type RouteTo,
  RTM_GETROUTE,
  RTM_NEWROUTE,
  routeDump,
} from './route.js'
import { NetlinkFormatError, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from './wire.js'

/** Where to look. */
export interface RouteSocketOptions {
  /** Path of a network namespace (`/run/netns/NAME`, `/proc/PID/ns/net`) to look into; needs CAP_SYS_ADMIN. */
  readonly namespace?: string
}

/** How to hear of changes. */
export interface SubscribeOptions {
  /** Bytes of events the kernel may queue before it drops some (default 4 MiB; the system's limit without CAP_NET_ADMIN). */
  readonly receiveBuffer?: number
}

const DEFAULT_RECEIVE_BUFFER = 4 << 20
const ENOBUFS = 105
const EMSGSIZE = 90

type Dump = Omit<Question, 'operation'>

/**
 * Route netlink of one network namespace. Lists and events need no privilege; changes need CAP_NET_ADMIN.
 *
 * Failures are BpfErrors with the kernel's number and, in `log` and `message`, the kernel's own sentence; wrong
 * arguments are TypeErrors; after `close()` everything rejects with "route socket is closed". Lists are read again when
 * the kernel says that they changed underneath. Needs kernel 4.20 (strict checking of requests).
 */
export class RouteSocket {
  readonly #options: RouteSocketOptions
  readonly #requests: Requests
  readonly #subscriptions = new Set<NetlinkSocket>()
  #closed = false
  #unrefed = false

  private constructor(options: RouteSocketOptions) {
    this.#options = options
    this.#requests = new Requests(options.namespace)
  }

  /** Opens a socket; it takes a descriptor for questions and one for each subscription.
   * @throws BpfError when there is no netlink, no such namespace (`ENOENT`), or no leave to enter it (`EPERM`)
   * @kernel 4.20 */
  static open(options: RouteSocketOptions = {}): RouteSocket {
    return new RouteSocket(options)
  }

  /** All network interfaces.
   * @throws (rejects) BpfError; Error once closed
   * @kernel 4.20 */
  links(): Promise<Link[]> {
    return this.#list('list links', linkDump, parseLink)
  }

  /** All IPv4 and IPv6 addresses of all interfaces.
   * @throws (rejects) BpfError; Error once closed
   * @kernel 4.20 */
  addresses(): Promise<Address[]> {
    return this.#list('list addresses', addressDump, parseAddressMessage)
  }

  /** All IPv4 and IPv6 routes of all tables.
   * @throws (rejects) BpfError; Error once closed
   * @kernel 4.20 */
  routes(): Promise<Route[]> {
    return this.#list('list routes', routeDump, parseRoute)
  }

  /** All IPv4 and IPv6 neighbours; entries that are merely proxied are not among them.
   * @throws (rejects) BpfError; Error once closed
   * @kernel 4.20 */
  neighbours(): Promise<Neighbour[]> {
    return this.#list('list neighbours', neighbourDump, parseNeighbour)
  }

  /** What the kernel would do with a packet to `address`.
   * @throws (rejects) TypeError for what is no address; BpfError `ENETUNREACH`, `EHOSTUNREACH`, `EACCES` or
   * `EINVAL` where the kernel would not send it; Error once closed
   * @kernel 4.20 */
  async routeTo(address: string): Promise<RouteTo> {
    const question = {
      operation: 'route to',
      subject: address,
      type: RTM_GETROUTE,
      ...encodeRouteTo(address),
    }
    const answers = await this.#requests.ask(question)
    const answer = answers.find((message) => message.type === RTM_NEWROUTE)
    if (answer === undefined) throw new NetlinkFormatError(`route to ${address}: no answer`)
    return parseRouteTo(answer.payload)
  }

  /** Creates an entry or changes the one that is there. Needs CAP_NET_ADMIN.
   * @throws (rejects) TypeError for wishes that contradict each other; BpfError `ENODEV`, `ENETDOWN`, `EPERM`;
   * Error once closed
   * @kernel 4.20, 5.16 for `managed`: older ones ignore it or refuse */
  async setNeighbour(change: NeighbourChange): Promise<void> {
    const question = {
      operation: 'set neighbour',
      subject: change.address,
      type: RTM_NEWNEIGH,
      ...encodeNeighbour(change),
    }
    await this.#requests.ask(question, NLM_F_CREATE | NLM_F_REPLACE)
  }

  /** Removes an entry. Needs CAP_NET_ADMIN.
   * @throws (rejects) BpfError `ENOENT` when there is none, `ENODEV`, `EPERM`; Error once closed
   * @kernel 4.20 */
  async deleteNeighbour(key: NeighbourKey): Promise<void> {
    const question = {
      operation: 'delete neighbour',
      subject: key.address,
      type: RTM_DELNEIGH,
      ...encodeNeighbourKey(key),
    }
    await this.#requests.ask(question)
  }

  /** Adds an address to an interface. Needs CAP_NET_ADMIN.
   * @throws (rejects) TypeError for what is no address or prefix; BpfError `EEXIST` when the interface has that
   * address with that prefix, `ENODEV`, `EPERM`; Error once closed
   * @kernel 4.20 */
  async addAddress(change: AddressChange): Promise<void> {
    const subject = `${change.address}/${change.prefix}`
    const question = { operation: 'add address', subject, type: RTM_NEWADDR, ...encodeAddress(change) }
    await this.#requests.ask(question, NLM_F_CREATE | NLM_F_EXCL)
  }

  /** Removes an address from an interface. Needs CAP_NET_ADMIN.
   * @throws (rejects) BpfError `EADDRNOTAVAIL` when there is none, `ENODEV`, `EPERM`; Error once closed
   * @kernel 4.20 */
  async deleteAddress(change: Omit<AddressChange, 'noDad'>): Promise<void> {
    const subject = `${change.address}/${change.prefix}`
    const question = { operation: 'delete address', subject, type: RTM_DELADDR, ...encodeAddress(change) }
    await this.#requests.ask(question)
  }

  /** Events from now on, in the order of the kernel, until `close()`. List after subscribing, so that nothing
   * falls in between. The kernel does not announce the IPv4 routes that vanish with their interface or its last
   * address: the removal of those says it. An exception out of `onEvent` is an uncaught one. Keeps the process
   * alive until `unref()` or `close()`.
   * @throws TypeError for a group nobody knows; BpfError; Error once closed
   * @kernel 4.20 */
  subscribe(
    groups: readonly EventGroup[],
    onEvent: (event: RouteEvent) => void,
    options: SubscribeOptions = {},
  ): void {
    if (this.#closed) throw new Error('route socket is closed')
    const mask = groupMask(groups)
    const receive = (bytes: Uint8Array | undefined, errno: number): void => {
      if (bytes !== undefined) this.#report(socket, eventsOf(bytes), onEvent)
      else if (errno === ENOBUFS || errno === EMSGSIZE) onEvent({ type: 'resync' })
      else this.#failed(socket, errno, onEvent)
    }
    const socket = openNetlink(
      mask,
      options.receiveBuffer ?? DEFAULT_RECEIVE_BUFFER,
      receive,
      this.#options.namespace,
    )
    this.#subscriptions.add(socket)
    if (this.#unrefed) socket.unref()
  }

  /** Subscriptions no longer keep the process alive. (Unanswered requests always do, an idle socket never.)
   * @throws never
   * @kernel 4.20 */
  unref(): void {
    this.#unrefed = true
    for (const socket of this.#subscriptions) socket.unref()
  }

  /** Ends subscriptions and rejects what is unanswered. May be called again.
   * @kernel 4.20 */
  close(): void {
    this.#closed = true
    this.#requests.close()
    for (const socket of this.#subscriptions) socket.close()
    this.#subscriptions.clear()
  }

  /** `using`: closes. */
  [Symbol.dispose](): void {
    this.close()
  }

  #report(socket: NetlinkSocket, events: readonly RouteEvent[], onEvent: (event: RouteEvent) => void): void {
    for (const event of events) if (this.#subscriptions.has(socket)) onEvent(event)
  }

  #failed(socket: NetlinkSocket, errno: number, onEvent: (event: RouteEvent) => void): void {
    this.#subscriptions.delete(socket)
    socket.close()
    onEvent({ type: 'failed', error: kernelError('receive events', '', errno) })
  }

  async #list<T>(operation: string, dump: Dump, parse: (payload: Uint8Array) => T | undefined): Promise<T[]> {
    const messages = await this.#requests.dump({ ...dump, operation })
    return messages.map((message) => parse(message.payload)).filter((value) => value !== undefined)
  }
}
