// SPDX-License-Identifier: Apache-2.0
// keepalived's VRRP and this director: what its FIFO says of masters is remembered, and its track file says whether
// there is anything to be master for.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { NextHopState } from '../datapath/types.js'
import type { Happening } from '../events/feed.js'
import type { AddressText, Service } from '../model/types.js'
import { canServe, parseNotice, type VrrpNotice, type VrrpStanding, type VrrpWish } from '../model/vrrp.js'
import { type Fifo, followFifo } from './fifo.js'

export interface VrrpWorld {
  readonly nextHop: (address: AddressText) => NextHopState
  /** in force: with what health and drains leave of weights */
  readonly services: () => readonly Service[]
  /** sorry servers do not count as somebody to serve with */
  readonly wished: () => readonly Service[]
  /** ms since the epoch */
  readonly now: () => number
  readonly log: (line: string) => void
  readonly tell: (event: Happening) => void
  /** where the last words of keepalived are kept over a restart of the daemon, not over one of the host */
  readonly memory: string
}

export interface Vrrp {
  /** What the file asks for from now on. */
  set(wish: VrrpWish | undefined): void
  /** Looks whether there is somebody to serve with, and says so. */
  tell(): void
  rows(): readonly VrrpStanding[]
  end(): void
}

export function createVrrp(world: VrrpWorld): Vrrp {
  const known = new Map(remembered(world.memory).map((row) => [nameOf(row), row]))
  const tracker = createTracker(world)
  let path: string | undefined
  let fifo: Fifo | undefined
  const hear = (line: string) => {
    const notice = parseNotice(line)
    if (notice) note(world, known, notice)
  }
  const faulty = (reason: string) => world.log(`VRRP's FIFO cannot be read: ${reason}`)
  return {
    set: (wish = {}) => {
      if (wish.notifyFifo !== path) {
        fifo?.close()
        path = wish.notifyFifo
        fifo = path === undefined ? undefined : followFifo(path, hear, faulty)
      }
      tracker.set(wish)
    },
    tell: tracker.tell,
    rows: () => (path === undefined ? [] : [...known.values()]),
    end: () => fifo?.close(),
  }
}

/** Keeps the track file true, and says so when that changes or fails. */
function createTracker(world: VrrpWorld) {
  let wish: VrrpWish = {}
  let told: boolean | undefined
  let fault = ''
  const write = (path: string, able: boolean) => {
    mkdirSync(dirname(path), { recursive: true })
    replace(path, able ? '0\n' : '-1\n')
    if (told !== undefined) world.tell(directorHappened(able))
    told = able
    fault = ''
  }
  const tell = () => {
    if (wish.trackFile === undefined) return
    const able = canServe(usable(world), wish.lostWhen)
    try {
      if (able !== told) write(wish.trackFile, able)
    } catch (error) {
      const { message } = error as Error
      if (message !== fault) world.log(`track file ${wish.trackFile} cannot be written: ${message}`)
      fault = message
    }
  }
  const set = (next: VrrpWish) => {
    if (next.trackFile !== wish.trackFile || next.lostWhen !== wish.lostWhen) told = undefined
    wish = next
    tell()
  }
  return { set, tell }
}

function note(world: VrrpWorld, known: Map<string, VrrpStanding>, notice: VrrpNotice): void {
  const name = nameOf(notice)
  const before = known.get(name)
  if (notice.state === 'DELETED') known.delete(name)
  else known.set(name, { ...notice, since: before?.state === notice.state ? before.since : world.now() })
  if (before?.state !== notice.state) world.tell(vrrpHappened(notice, before?.state ?? 'unknown'))
  try {
    replace(world.memory, JSON.stringify([...known.values()]))
  } catch {
    // only what a restart would have to ask keepalived for again
  }
}

function directorHappened(able: boolean): Happening {
  const [from, to] = able ? ['lost', 'able'] : ['able', 'lost']
  const reason = able ? 'there is somebody to serve with' : 'nobody is left to serve with'
  const severity = able ? 'notice' : 'error'
  return { kind: 'failover', severity, from, to, reason, text: `director: ${from} -> ${to}` }
}

function vrrpHappened({ kind, name, state }: VrrpNotice, from: string): Happening {
  const severity = state === 'FAULT' ? 'error' : 'notice'
  const reason = `keepalived says so of ${kind} ${name}`
  return {
    ...{ kind: 'failover', severity, from, to: state, reason },
    text: `VRRP ${kind} ${name}: ${from} -> ${state}`,
  }
}

/** Of each service: a real server of its own that gets connections, and whose next hop is there. */
function usable({ services, wished, nextHop }: VrrpWorld): readonly boolean[] {
  const own = wished().map(({ reals }) => new Set(reals.map(({ address }) => address)))
  return services().map(({ reals }, i) =>
    reals.some(
      ({ address, weight }) => weight > 0 && own[i]?.has(address) && nextHop(address).state !== 'unresolved',
    ),
  )
}

function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o644 })
  renameSync(`${path}.new`, path)
}

function remembered(path: string): readonly VrrpStanding[] {
  try {
    const rows: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return Array.isArray(rows) ? rows.filter(isRow) : []
  } catch {
    return []
  }
}

function isRow(row: unknown): row is VrrpStanding {
  const { kind, name, state, since } = (row ?? {}) as Partial<VrrpStanding>
  return (
    typeof name === 'string' &&
    typeof since === 'number' &&
    parseNotice(`${kind === 'group' ? 'GROUP' : 'INSTANCE'} "${name}" ${state}`) !== undefined
  )
}

function nameOf({ kind, name }: Pick<VrrpNotice, 'kind' | 'name'>): string {
  return `${kind} ${name}`
}
