// SPDX-License-Identifier: Apache-2.0
// Next hops kept true: the kernel is asked for routes and neighbours, keeps the neighbours resolved, and its events
// re-resolve whom they concern and nobody else.
import { BpfError, type Link, type Neighbour, type RouteEvent, RouteSocket, type RouteTo } from 'libbpf-ts'
import { formatMac } from '../abi/address.js'
import type { AddressText } from '../model/types.js'
import { describeHop, encodeHop, type Hop, hopBy, needsNoAsking, type Way, wayTo } from './hop.js'
import { concerns, covers } from './hop-events.js'
import type { HopSlots } from './hop-slots.js'
import type { NextHopState } from './types.js'

/** ms: events of one cause come together */
const SETTLE = 20
/** ms: neighbours the kernel does not keep resolved by itself, and slots at rest, are looked at again */
const REFRESH = 5_000
/** questions to the kernel at a time */
const BATCH = 64

interface Known {
  way: Way
  hop: Hop
}

export interface NextHopsOptions {
  readonly slots: HopSlots
  /** a device that packets now leave by */
  readonly onEgress: (ifindex: number) => void
  /** links come, go and change their MAC */
  readonly onLink: (link: Link, change: 'added' | 'removed') => void
}

export class NextHops {
  readonly #options: NextHopsOptions
  readonly #links = new Map<number, Link>()
  readonly #neighbours = new Map<string, Neighbour>()
  readonly #known = new Map<AddressText, Known>()
  readonly #dirty = new Set<AddressText>()
  readonly #waiting = new Set<() => void>()
  #socket: RouteSocket | undefined
  #started: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #refresh: NodeJS.Timeout | undefined
  #running = false
  #closed = false
  #following = false
  #managed = true
  #onChange: (state: NextHopState) => void = () => {}

  constructor(options: NextHopsOptions) {
    this.#options = options
  }

  links(): ReadonlyMap<number, Link> {
    return this.#links
  }

  /** Subscribes, then lists. Again after the kernel dropped events. */
  start(): Promise<void> {
    this.#started ??= this.#begin()
    return this.#started
  }

  /** From now on every real server's next hop is found and kept true. */
  async follow(listener: (state: NextHopState) => void): Promise<void> {
    await this.start()
    this.#onChange = listener
    this.#following = true
    this.#mark(this.#options.slots.addresses())
  }

  state(address: AddressText): NextHopState {
    const known = this.#known.get(address)
    return describeHop(address, known?.hop ?? { kind: 'unresolved', why: 'not asked for yet' })
  }

  /** A real server has this address now. */
  want(address: AddressText): void {
    if (this.#following && !this.#known.has(address)) this.#mark([address])
  }

  /** Until all have a next hop or are known to have none, at most `deadlineMs`. */
  async resolve(addresses: readonly AddressText[], deadlineMs: number): Promise<readonly NextHopState[]> {
    await this.start()
    const fresh = [...new Set(addresses)].filter((address) => this.#isOpen(address))
    for (const address of fresh) this.#options.slots.expect(address)
    const deadline = performance.now() + deadlineMs
    await this.#resolveAll(fresh)
    while (!this.#closed && fresh.some((address) => this.#isPending(address))) {
      const left = deadline - performance.now()
      if (left <= 0) break
      await this.#nextChange(left)
    }
    return addresses.map((address) => this.state(address))
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    clearInterval(this.#refresh)
    this.#socket?.close()
    for (const wake of this.#waiting) wake()
  }

  /** The kernel need not keep our neighbours any longer. */
  async forget(): Promise<void> {
    for (const { way } of this.#known.values()) {
      if (way.kind !== 'ethernet' || !this.#neighbourOf(way)?.flags.includes('managed')) continue
      await this.#socket?.deleteNeighbour(way.neighbour).catch(ignoreKernel)
    }
  }

  async #begin(): Promise<void> {
    this.#socket = RouteSocket.open()
    this.#socket.subscribe(['link', 'address', 'neighbour', 'route'], (event) => this.#on(event))
    this.#socket.unref()
    await this.#list()
    this.#refresh = setInterval(() => this.#again(), REFRESH)
    this.#refresh.unref()
  }

  async #list(): Promise<void> {
    const socket = this.#socket as RouteSocket
    const [links, neighbours] = await Promise.all([socket.links(), socket.neighbours()])
    this.#links.clear()
    this.#neighbours.clear()
    for (const link of links) this.#links.set(link.index, link)
    for (const neighbour of neighbours) this.#neighbours.set(neighbourKey(neighbour), neighbour)
  }

  #on(event: RouteEvent): void {
    if (this.#closed) return
    if (event.type === 'neighbour') this.#onNeighbour(event.value, event.change)
    if (event.type === 'link') this.#onLink(event.value, event.change)
    if (event.type === 'address') this.#markIf((address) => address === event.value.address)
    if (event.type === 'route') this.#markIf((address) => covers(event.value, address))
    if (event.type === 'resync' || event.type === 'failed') this.#resync(event.type === 'failed')
  }

  #onLink(link: Link, change: 'added' | 'removed'): void {
    if (change === 'added') this.#links.set(link.index, link)
    else this.#links.delete(link.index)
    this.#options.onLink(link, change)
    this.#markIf((_, way) => concerns(way, link.index))
  }

  #onNeighbour(value: Neighbour, change: 'added' | 'removed'): void {
    const key = neighbourKey(value)
    if (change === 'removed') this.#neighbours.delete(key)
    else this.#neighbours.set(key, value)
    for (const [address, { way }] of this.#known) {
      if (way.kind !== 'ethernet' || neighbourKey(way.neighbour) !== key) continue
      this.#settle(address, way)
      if (change === 'removed') this.#mark([address])
    }
  }

  #resync(reopen: boolean): void {
    if (reopen) this.#socket?.subscribe(['link', 'address', 'neighbour', 'route'], (event) => this.#on(event))
    this.#list().then(() => this.#mark([...this.#known.keys()]), ignoreKernel)
  }

  #markIf(concerned: (address: AddressText, way: Way) => boolean): void {
    const found: AddressText[] = []
    for (const [address, { way }] of this.#known) if (concerned(address, way)) found.push(address)
    this.#mark(found)
  }

  #mark(addresses: Iterable<AddressText>): void {
    for (const address of addresses) this.#dirty.add(address)
    if (this.#dirty.size === 0 || this.#timer !== undefined || this.#closed) return
    this.#timer = setTimeout(() => this.#drain(), SETTLE)
    this.#timer.unref()
  }

  async #drain(): Promise<void> {
    this.#timer = undefined
    if (this.#running) return this.#mark([])
    this.#running = true
    try {
      await this.start()
      const batch = [...this.#dirty]
      this.#dirty.clear()
      await this.#resolveAll(batch.filter((address) => this.#options.slots.has(address)))
      for (const address of batch) if (!this.#options.slots.has(address)) this.#known.delete(address)
    } catch (error) {
      ignoreKernel(error)
    } finally {
      this.#running = false
      this.#mark([])
    }
  }

  async #resolveAll(addresses: readonly AddressText[]): Promise<void> {
    for (let i = 0; i < addresses.length && !this.#closed; i += BATCH) {
      await Promise.all(addresses.slice(i, i + BATCH).map((address) => this.#resolveOne(address)))
    }
  }

  async #resolveOne(address: AddressText): Promise<void> {
    const route = await this.#routeTo(address)
    const way = wayTo(address, route, this.#links)
    this.#settle(address, way)
    if (way.kind === 'ethernet' && !needsNoAsking(this.#neighbourOf(way))) await this.#ask(way)
  }

  async #routeTo(address: AddressText): Promise<RouteTo | undefined> {
    try {
      return await this.#socket?.routeTo(address)
    } catch (error) {
      ignoreKernel(error)
      return undefined
    }
  }

  /** Resolve it and keep it so; kernels before 5.16 only resolve. */
  async #ask({ neighbour }: Extract<Way, { kind: 'ethernet' }>): Promise<void> {
    const found = this.#neighbours.get(neighbourKey(neighbour))
    if (found?.state === 'failed')
      this.#neighbours.set(neighbourKey(found), { ...found, state: 'incomplete' })
    if (this.#managed) {
      try {
        await this.#socket?.setNeighbour({ ...neighbour, managed: true })
        return
      } catch (error) {
        if (!(error instanceof BpfError) || (error.code !== 'EINVAL' && error.code !== 'EOPNOTSUPP')) return
        this.#managed = false
      }
    }
    await this.#socket?.setNeighbour({ ...neighbour, use: true }).catch(ignoreKernel)
  }

  /** What is known of the address becomes what packets do. */
  #settle(address: AddressText, way: Way): void {
    const before = this.#known.get(address)
    const found = way.kind === 'ethernet' ? this.#neighbourOf(way) : undefined
    const hop = hopBy(way, found, before?.hop ?? this.#inherited(address, way))
    this.#known.set(address, { way, hop })
    if (hop.kind === 'ethernet') this.#options.onEgress(hop.way.egress.index)
    if (!this.#options.slots.point(address, encodeHop(hop))) this.#dirty.add(address)
    if (before === undefined || !sameState(describeHop(address, before.hop), describeHop(address, hop))) {
      this.#onChange(describeHop(address, hop))
    }
    for (const wake of [...this.#waiting]) wake()
  }

  /** What an earlier controller found out is good until the kernel says otherwise. */
  #inherited(address: AddressText, way: Way): Hop | undefined {
    const standing = this.#options.slots.standing(address)
    if (way.kind !== 'ethernet' || standing === undefined || standing.ifindex !== way.egress.index)
      return undefined
    return { kind: 'ethernet', mac: formatMac(standing.dstMac), way }
  }

  /** Who has no MAC, whom the kernel does not keep for us, and who found no free slot. */
  #again(): void {
    this.#markIf((_, way) => {
      if (way.kind !== 'ethernet') return false
      const found = this.#neighbourOf(way)
      return !needsNoAsking(found) && found?.state !== 'reachable'
    })
    this.#mark([])
  }

  #neighbourOf(way: Extract<Way, { kind: 'ethernet' }>): Neighbour | undefined {
    return this.#neighbours.get(neighbourKey(way.neighbour))
  }

  #isOpen(address: AddressText): boolean {
    const known = this.#known.get(address)
    return known === undefined || known.hop.kind === 'unresolved'
  }

  /** The answer may still come. */
  #isPending(address: AddressText): boolean {
    const known = this.#known.get(address)
    if (known === undefined) return true
    if (known.hop.kind !== 'unresolved' || known.way.kind !== 'ethernet') return false
    return this.#neighbourOf(known.way)?.state !== 'failed'
  }

  #nextChange(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        this.#waiting.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      this.#waiting.add(wake)
    })
  }
}

function neighbourKey(neighbour: { readonly ifindex: number; readonly address: AddressText }): string {
  return `${neighbour.ifindex} ${neighbour.address}`
}

function sameState(a: NextHopState, b: NextHopState): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** The kernel may refuse at any time (a device just went); the next event or refresh asks again. */
function ignoreKernel(error: unknown): void {
  if (!(error instanceof BpfError) && !(error instanceof Error && error.message.endsWith('is closed')))
    throw error
}
