// SPDX-License-Identifier: Apache-2.0
// Next hops kept true: routes and neighbours become what packets do, and the kernel's events re-resolve whom they
// concern and nobody else.
import type { Link } from 'libbpf-ts'
import { formatMac } from '../abi/address.js'
import type { AddressText } from '../model/types.js'
import { describeHop, encodeHop, type Hop, hopBy, needsNoAsking, type Way, wayTo } from './hop.js'
import { concerns, covers } from './hop-events.js'
import type { HopSlots } from './hop-slots.js'
import { ignoreKernel, KernelTables, type NeighbourId, type News, neighbourKey } from './kernel-tables.js'
import type { NextHopState } from './types.js'

/** ms: events of one cause come together */
const SETTLE = 20
/** ms: neighbours the kernel does not keep resolved by itself, and slots at rest, are looked at again */
const REFRESH = 5_000
/** questions to the kernel at a time */
const BATCH = 64

interface Known {
  readonly way: Way
  readonly hop: Hop
  readonly state: NextHopState
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
  readonly #tables = new KernelTables((news) => this.#on(news))
  readonly #known = new Map<AddressText, Known>()
  /** neighbour -> addresses reached through it */
  readonly #through = new Map<string, Set<AddressText>>()
  readonly #dirty = new Set<AddressText>()
  readonly #waiting = new Set<() => void>()
  /** expected, and without a real server at the last refresh */
  #idle = new Set<AddressText>()
  #timer: NodeJS.Timeout | undefined
  #refresh: NodeJS.Timeout | undefined
  #running = false
  #closed = false
  #following = false
  #onChange: (state: NextHopState) => void = () => {}

  constructor(options: NextHopsOptions) {
    this.#options = options
  }

  get links(): ReadonlyMap<number, Link> {
    return this.#tables.links
  }

  async start(): Promise<void> {
    await this.#tables.start()
    this.#refresh = setInterval(() => this.#again(), REFRESH)
    this.#refresh.unref()
  }

  /** From now on every real server's next hop is found and kept true. */
  follow(listener: (state: NextHopState) => void): void {
    this.#onChange = listener
    this.#following = true
    this.#mark(this.#options.slots.addresses())
  }

  state(address: AddressText): NextHopState {
    return this.#known.get(address)?.state ?? { address, state: 'unresolved', why: 'not asked for yet' }
  }

  /** A real server has this address now. */
  want(address: AddressText): void {
    if (this.#following && !this.#known.has(address)) this.#mark([address])
  }

  /** No real server has it any more. */
  drop(address: AddressText): void {
    const way = this.#known.get(address)?.way
    this.#known.delete(address)
    this.#dirty.delete(address)
    if (way?.kind === 'ethernet') this.#leave(address, way.neighbour)
  }

  /** Until all have a next hop or are known to have none, at most `deadlineMs`. */
  async resolve(addresses: readonly AddressText[], deadlineMs: number): Promise<readonly NextHopState[]> {
    const open = new Set(addresses.filter((address) => this.#isOpen(address)))
    for (const address of open) this.#options.slots.expect(address)
    const deadline = performance.now() + deadlineMs
    await this.#resolveAll([...open])
    while (!this.#closed && this.#somePending(open)) {
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
    this.#tables.close()
    for (const wake of this.#waiting) wake()
  }

  /** The end: the kernel need not keep our neighbours any longer, nor those that an earlier controller asked for. */
  async forget(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    for (const address of [...this.#options.slots.addresses()]) {
      const known = this.#known.get(address)
      const way = known?.way ?? wayTo(address, await this.#tables.routeTo(address), this.#tables.links)
      if (way.kind === 'ethernet') await this.#tables.release(way.neighbour)
    }
  }

  #on(news: News): void {
    if (news.type === 'link') this.#options.onLink(news.value, news.change)
    if (news.type === 'neighbour') this.#onNeighbour(news.value, news.change)
    else this.#markIf((address, way) => isAbout(news, address, way))
  }

  #onNeighbour(id: NeighbourId, change: 'added' | 'removed'): void {
    const addresses = this.#through.get(neighbourKey(id)) ?? []
    for (const address of addresses) this.#settle(address, (this.#known.get(address) as Known).way)
    if (change === 'removed') this.#mark(addresses)
  }

  #markIf(concerned: (address: AddressText, way: Way) => boolean): void {
    const found: AddressText[] = []
    for (const [address, { way }] of this.#known) if (concerned(address, way)) found.push(address)
    this.#mark(found)
  }

  #mark(addresses: Iterable<AddressText>): void {
    for (const address of addresses) this.#dirty.add(address)
    if (this.#dirty.size === 0 || this.#timer !== undefined || this.#closed) return
    this.#timer = setTimeout(() => void this.#drain(), SETTLE)
    this.#timer.unref()
  }

  async #drain(): Promise<void> {
    this.#timer = undefined
    if (this.#running) return this.#mark([])
    this.#running = true
    try {
      const batch = [...this.#dirty].filter((address) => this.#options.slots.has(address))
      this.#dirty.clear()
      await this.#resolveAll(batch)
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
    const way = wayTo(address, await this.#tables.routeTo(address), this.#tables.links)
    if (this.#closed || !this.#options.slots.has(address)) return
    this.#settle(address, way)
    if (way.kind !== 'ethernet' || needsNoAsking(this.#tables.neighbour(way.neighbour))) return
    await this.#tables.ask(way.neighbour)
  }

  /** What is known of the address becomes what packets do. */
  #settle(address: AddressText, way: Way): void {
    const before = this.#known.get(address)
    const found = way.kind === 'ethernet' ? this.#tables.neighbour(way.neighbour) : undefined
    const hop = hopBy(way, found, before?.hop ?? this.#inherited(address, way))
    const state = describeHop(address, hop)
    this.#known.set(address, { way, hop, state })
    if (before?.way !== way) this.#enter(address, before?.way, way)
    if (hop.kind === 'ethernet') this.#options.onEgress(hop.way.egress.index)
    if (!this.#options.slots.point(address, encodeHop(hop))) this.#dirty.add(address)
    if (before === undefined || !sameState(before.state, state)) this.#onChange(state)
    for (const wake of [...this.#waiting]) wake()
  }

  #enter(address: AddressText, before: Way | undefined, way: Way): void {
    if (way.kind === 'ethernet') {
      const key = neighbourKey(way.neighbour)
      const addresses = this.#through.get(key)
      if (addresses === undefined) this.#through.set(key, new Set([address]))
      else addresses.add(address)
    }
    if (before?.kind !== 'ethernet') return
    const same = way.kind === 'ethernet' && neighbourKey(way.neighbour) === neighbourKey(before.neighbour)
    if (!same) this.#leave(address, before.neighbour)
  }

  #leave(address: AddressText, neighbour: NeighbourId): void {
    const key = neighbourKey(neighbour)
    const addresses = this.#through.get(key)
    addresses?.delete(address)
    if (addresses === undefined || addresses.size > 0) return
    this.#through.delete(key)
    this.#tables.release(neighbour).catch(ignoreKernel)
  }

  /** What an earlier controller found out is good until the kernel says otherwise. */
  #inherited(address: AddressText, way: Way): Hop | undefined {
    const standing = this.#options.slots.standing(address)
    if (way.kind !== 'ethernet' || standing?.ifindex !== way.egress.index) return undefined
    return { kind: 'ethernet', mac: formatMac(standing.dstMac), way }
  }

  /** A change that was resolved for and then refused leaves nothing behind. */
  #giveUpIdle(): void {
    const idle = this.#options.slots.idle()
    for (const address of idle.filter((each) => this.#idle.has(each))) {
      this.#options.slots.giveUp(address)
      this.drop(address)
    }
    this.#idle = new Set(idle)
  }

  /** Who has no MAC, whom the kernel does not keep for us, and who found no free slot. */
  #again(): void {
    this.#giveUpIdle()
    this.#markIf((_, way) => {
      if (way.kind !== 'ethernet') return false
      const found = this.#tables.neighbour(way.neighbour)
      return !needsNoAsking(found) && found?.state !== 'reachable'
    })
  }

  #isOpen(address: AddressText): boolean {
    const known = this.#known.get(address)
    return known === undefined || known.hop.kind === 'unresolved'
  }

  #somePending(open: Set<AddressText>): boolean {
    for (const address of open) {
      if (this.#isPending(address)) return true
      open.delete(address)
    }
    return false
  }

  /** The answer may still come. */
  #isPending(address: AddressText): boolean {
    const known = this.#known.get(address)
    if (known === undefined) return this.#options.slots.has(address)
    if (known.hop.kind !== 'unresolved' || known.way.kind !== 'ethernet') return false
    return this.#tables.neighbour(known.way.neighbour)?.state !== 'failed'
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

function isAbout(news: Exclude<News, { type: 'neighbour' }>, address: AddressText, way: Way): boolean {
  if (news.type === 'link') return concerns(way, news.value.index)
  if (news.type === 'route') return covers(news.value, address)
  return news.type === 'relisted' || address === news.value.address
}

function sameState(a: NextHopState, b: NextHopState): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
