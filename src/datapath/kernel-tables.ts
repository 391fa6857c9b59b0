// SPDX-License-Identifier: Apache-2.0
// The kernel's links and neighbours as of now: listed once, then followed by events; listed again when events were lost.
import { BpfError, type Link, type Neighbour, type RouteEvent, RouteSocket, type RouteTo } from 'libbpf-ts'
import type { AddressText } from '../model/types.js'

export interface NeighbourId {
  readonly ifindex: number
  readonly address: AddressText
}

/** What the tables' owner is told; the tables have changed already. */
export type News =
  | { readonly type: 'link'; readonly change: 'added' | 'removed'; readonly value: Link }
  | { readonly type: 'neighbour'; readonly change: 'added' | 'removed'; readonly value: Neighbour }
  | Extract<RouteEvent, { type: 'address' | 'route' }>
  /** events were lost: anything may be different */
  | { readonly type: 'relisted' }

const GROUPS = ['link', 'address', 'neighbour', 'route'] as const

export class KernelTables {
  readonly #socket = RouteSocket.open()
  readonly #onNews: (news: News) => void
  readonly #links = new Map<number, Link>()
  readonly #neighbours = new Map<string, Neighbour>()
  /** events that came while a list was under way; they are newer than it, or as new */
  #backlog: RouteEvent[] | undefined
  /** neighbours that this process has asked for; the kernel's news of them may still be on its way */
  readonly #asked = new Set<string>()
  #managed = true
  #closed = false

  constructor(onNews: (news: News) => void) {
    this.#onNews = onNews
  }

  get links(): ReadonlyMap<number, Link> {
    return this.#links
  }

  neighbour(id: NeighbourId): Neighbour | undefined {
    return this.#neighbours.get(neighbourKey(id))
  }

  async start(): Promise<void> {
    this.#subscribe()
    await this.#list()
  }

  /** undefined when there is none, or the kernel would not send there. */
  async routeTo(address: AddressText): Promise<RouteTo | undefined> {
    try {
      return await this.#socket.routeTo(address)
    } catch (error) {
      ignoreKernel(error)
      return undefined
    }
  }

  /** Resolve it and keep it so; kernels before 5.16 only resolve. */
  async ask(id: NeighbourId): Promise<void> {
    const found = this.neighbour(id)
    if (found?.state === 'failed') this.#neighbours.set(neighbourKey(id), { ...found, state: 'incomplete' })
    if (this.#managed) {
      this.#asked.add(neighbourKey(id))
      try {
        await this.#socket.setNeighbour({ ...id, managed: true })
        return
      } catch (error) {
        this.#asked.delete(neighbourKey(id))
        ignoreKernel(error)
        if (!(error instanceof BpfError) || (error.code !== 'EINVAL' && error.code !== 'EOPNOTSUPP')) return
        this.#managed = false
      }
    }
    await this.#socket.setNeighbour({ ...id, use: true }).catch(ignoreKernel)
  }

  /** The kernel need not keep it resolved any longer. */
  async release(id: NeighbourId): Promise<void> {
    const asked = this.#asked.delete(neighbourKey(id))
    if (!asked && !this.neighbour(id)?.flags.includes('managed')) return
    await this.#socket.deleteNeighbour(id).catch(ignoreKernel)
  }

  close(): void {
    this.#closed = true
    this.#socket.close()
  }

  #subscribe(): void {
    this.#socket.subscribe(GROUPS, (event) => this.#on(event))
    this.#socket.unref()
  }

  async #list(): Promise<void> {
    this.#backlog = []
    const [links, neighbours] = await Promise.all([this.#socket.links(), this.#socket.neighbours()])
    const gone = new Map(this.#links)
    for (const link of links) {
      gone.delete(link.index)
      this.#change({ type: 'link', change: 'added', value: link })
    }
    for (const value of gone.values()) this.#change({ type: 'link', change: 'removed', value })
    this.#neighbours.clear()
    for (const neighbour of neighbours) this.#neighbours.set(neighbourKey(neighbour), neighbour)
    const later = this.#backlog
    this.#backlog = undefined
    for (const event of later) this.#on(event)
  }

  #on(event: RouteEvent): void {
    if (this.#closed || event.type === 'malformed') return
    if (event.type === 'resync' || event.type === 'failed') {
      if (event.type === 'failed') this.#subscribe()
      if (this.#backlog === undefined)
        this.#list().then(() => this.#onNews({ type: 'relisted' }), ignoreKernel)
    } else if (this.#backlog !== undefined) this.#backlog.push(event)
    else this.#change(event)
  }

  #change(news: Exclude<News, { type: 'relisted' }>): void {
    if (news.type === 'link') put(this.#links, news.value.index, news)
    if (news.type === 'neighbour') put(this.#neighbours, neighbourKey(news.value), news)
    this.#onNews(news)
  }
}

export function neighbourKey(id: NeighbourId): string {
  return `${id.ifindex} ${id.address}`
}

function put<K, V>(
  table: Map<K, V>,
  key: K,
  { change, value }: { change: 'added' | 'removed'; value: V },
): void {
  if (change === 'added') table.set(key, value)
  else table.delete(key)
}

/** The kernel may refuse at any time (a device just went); the next event or refresh asks again. */
export function ignoreKernel(error: unknown): void {
  if (error instanceof BpfError || (error instanceof Error && error.message.endsWith('is closed'))) return
  throw error
}
