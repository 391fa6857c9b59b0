// SPDX-License-Identifier: Apache-2.0
// A datapath in memory, for the daemon's own decisions: it takes operations and answers with what they made of it.
// Packets are not its business; those tests run on the kernel.
import type { Repair } from '../../../src/datapath/repair.js'
import type {
  Attachment,
  Datapath,
  Defence,
  NextHopState,
  RealCounters,
  Snapshot,
} from '../../../src/datapath/types.js'
import { fail, succeed } from '../../../src/model/describe.js'
import { serviceKey } from '../../../src/model/keys.js'
import {
  DEFAULT_LIMITS,
  DEFAULT_TIMEOUTS,
  DEFAULT_TUNABLES,
  type Desired,
  type Outcome,
} from '../../../src/model/types.js'
import type { Actual, ActualReal, ActualService, ActualVip, DirectoryName } from '../../../src/plan/actual.js'
import type { Op } from '../../../src/plan/ops.js'
import { countsOf } from '../metrics/counted.js'
import { serviceOf, snapshotOf } from '../metrics/given.js'

export interface Memory extends Datapath {
  /** what happened, in order: 'attach eth0', 'resolve 192.0.2.21', 'apply …', 'detach eth0', 'close', 'destroy' */
  readonly events: string[]
  /** what was last said to it; undefined = nothing */
  defence(): Defence | undefined
  /** real servers that have counted this much: by address */
  count(counters: Readonly<Record<string, RealCounters>>): void
  /** what the next look finds and makes good */
  harm(...found: readonly Repair[]): void
  /** packets that have come to an end, by reason */
  end(reasons: () => Readonly<Record<string, number>>): void
  /** weights by service and address, as packets would see them */
  weights(): Record<string, Record<string, number>>
  /** makes the next apply fail, or throw */
  failNext(how: Outcome<void> | Error): void
}

export interface MemoryOptions {
  readonly adopted?: boolean
  readonly attached?: readonly string[]
  /** interfaces that exist */
  readonly interfaces?: readonly string[]
  readonly unreachable?: readonly string[]
  readonly limits?: Datapath['limits']
  /** sweeps are events */
  readonly sweeps?: boolean
  /** neighbours answer when this resolves */
  readonly answer?: () => Promise<void>
}

export function memoryDatapath(options: MemoryOptions = {}): Memory {
  const { interfaces = ['eth0', 'eth1'], unreachable = [] } = options
  const events: string[] = []
  const attached = new Map<string, Attachment>()
  const state = emptyState(options.limits ?? DEFAULT_LIMITS)
  let next: Outcome<void> | Error | undefined
  let defence: Defence | undefined
  let counters: Readonly<Record<string, RealCounters>> = {}
  const repairs: Repair[] = []
  let ends: () => Readonly<Record<string, number>> = () => ({})
  const reasons = () =>
    Object.fromEntries(Object.entries(ends()).map(([name, n]) => [name, { packets: BigInt(n), bytes: 0n }]))
  for (const name of options.attached ?? []) attached.set(name, attachmentOf(name, 'native'))
  const hop = (address: string): NextHopState =>
    unreachable.includes(address)
      ? { address, state: 'unresolved', why: `neighbour ${address} does not answer on eth0` }
      : { address, state: 'up', mac: '02:00:00:00:00:21', interface: 'eth0' }
  return {
    events,
    adopted: options.adopted ?? false,
    limits: state.limits,
    program: { id: 1, tag: 'memory' },
    mend: () => repairs.splice(0),
    actual: () => structuredClone(state) as Actual,
    apply: (ops) => {
      const planned = next
      next = undefined
      if (planned instanceof Error) throw planned
      if (planned) return planned
      events.push(`apply ${ops.map(({ op }) => op).join(' ')}`)
      for (const op of ops) applyOp(state, op)
      return succeed(undefined)
    },
    attach: async (name, mode) => {
      if (!interfaces.includes(name)) return fail({ subject: name, reason: `there is no interface ${name}` })
      events.push(`attach ${name} ${mode}`)
      attached.set(name, attachmentOf(name, mode))
      return succeed(attachmentOf(name, mode))
    },
    detach: async (name) => {
      events.push(`detach ${name}`)
      attached.delete(name)
      return succeed(undefined)
    },
    attachments: () => [...attached.values()],
    resolveNextHops: async (addresses) => {
      events.push(`resolve ${addresses.join(' ')}`)
      await options.answer?.()
      return addresses.map(hop)
    },
    watchNextHops: async () => undefined,
    nextHop: hop,
    snapshot: (names) => snapshotFrom(state, names, hop, counters),
    conns: () => [][Symbol.iterator](),
    templates: () => [][Symbol.iterator](),
    connsInPieces: () => [][Symbol.iterator](),
    templatesInPieces: () => [][Symbol.iterator](),
    sweep: ({ sets }) => {
      if (options.sweeps) events.push(`sweep ${sets}`)
      return { sets, freed: 0, roundComplete: true }
    },
    counts: () => countsOf({ ...snapshotFrom(state, undefined, hop, counters), reasons: reasons() }),
    handshakes: () => ({ retries: 0, handshakes: 0 }),
    defend: (at) => {
      events.push(`defend ${at >= 0 && at < 1 ? 'somewhere' : at}`)
      return { sets: 1, freed: 0, roundComplete: false }
    },
    setTimeouts: () => undefined,
    setTunables: () => undefined,
    setDefence: (verdict) => {
      defence = verdict
    },
    setPeers: () => undefined,
    trace: () => fail({ reason: 'there are no packets here' }),
    rehearse: () => fail({ reason: 'there is no program here' }),
    now: () => 1_000,
    close: () => void events.push('close'),
    destroy: async () => void events.push('destroy'),
    weights: () => weightsOf(state),
    defence: () => defence,
    count: (now) => {
      counters = now
    },
    reasons,
    end: (reasons) => {
      ends = reasons
    },
    harm: (...found) => {
      repairs.push(...found)
    },
    failNext: (how) => {
      next = how
    },
  }
}

interface State extends Omit<Actual, 'vips' | 'services' | 'directories' | Changing> {
  vips: Map<number, ActualVip>
  services: Map<string, ActualService>
  reals: Map<number, ActualReal>
  directories: Record<DirectoryName, Map<number, number>>
  marks: { -readonly [P in keyof Actual['marks']]: Actual['marks'][P] }
  timeouts: Actual['timeouts']
  tunables: Actual['tunables']
  peers: Actual['peers']
}

type Changing = 'marks' | 'timeouts' | 'tunables' | 'peers'

function emptyState(limits: Datapath['limits']): State {
  return {
    limits,
    vips: new Map(),
    services: new Map(),
    reals: new Map(),
    directories: { vips4: new Map(), vips6: new Map(), tcp: new Map(), udp: new Map(), sctp: new Map() },
    marks: { tcp: [], udp: [], sctp: [] },
    nextOrder: 1,
    orphans: [],
    timeouts: DEFAULT_TIMEOUTS,
    tunables: DEFAULT_TUNABLES,
    peers: [],
  }
}

function applyOp(state: State, op: Op): void {
  switch (op.op) {
    case 'vip-add':
      state.vips.set(op.id, { id: op.id, address: op.address, marked: false })
      return
    case 'real-add':
    case 'real-revive': {
      const { op: _, ...real } = op
      const fixed = { nexthop: 1, state: 'linked', referenced: false, trashSince: 0 } as const
      state.reals.set(op.id, { ...real, ...fixed, overloaded: false })
      return
    }
    case 'real-edit':
      update(state, op.id, { weight: op.weight, lastWeight: op.lastWeight, upper: op.upper, lower: op.lower })
      return
    case 'service-publish': {
      const gone = new Set(op.edits.flatMap((edit) => (edit.edit === 'remove' ? [edit.id] : [])))
      const kept = op.was.map(({ id }) => id).filter((id) => !gone.has(id))
      const added = op.edits.flatMap((edit) => (edit.edit === 'add' ? [edit.id] : [])).reverse()
      const reals = [...added, ...kept].flatMap((id) => state.reals.get(id) ?? [])
      const generation = (state.services.get(op.key)?.generation ?? 0) + 1
      const rest = { key: op.key, generation, listed: true, stale: false, trash: [] }
      state.services.set(op.key, { ...op.service, ...rest, reals })
      return
    }
    case 'directory-publish':
      state.directories[op.directory] = new Map(op.entries.map(({ key, value }) => [value, key]))
      return
    case 'service-withdraw':
    case 'service-free':
      state.services.delete(op.key)
      return
    case 'vip-free':
      state.vips.delete(op.id)
      return
    case 'real-trash':
    case 'real-free':
      state.reals.delete(op.id)
      return
    case 'marks-publish':
      state.marks[op.protocol] = op.ranges
      return
    case 'tunables':
      state.tunables = op.tunables
      return
    case 'timeouts':
      state.timeouts = op.timeouts
      return
    case 'peers':
      state.peers = op.peers
      return
  }
}

function update(state: State, id: number, change: Partial<ActualReal>): void {
  const real = state.reals.get(id)
  if (!real) return
  const edited = { ...real, ...change }
  state.reals.set(id, edited)
  for (const [key, service] of state.services)
    state.services.set(key, { ...service, reals: service.reals.map((r) => (r.id === id ? edited : r)) })
}

function weightsOf(state: State): Record<string, Record<string, number>> {
  return Object.fromEntries(
    [...state.services].map(([key, { reals }]) => [
      key,
      Object.fromEntries(reals.map(({ address, weight }) => [address, weight])),
    ]),
  )
}

function snapshotFrom(
  state: State,
  names: Desired | undefined,
  hop: (address: string) => NextHopState,
  counters: Readonly<Record<string, RealCounters>>,
): Snapshot {
  return snapshotOf({
    services: [...state.services.values()].map((service) => {
      const said = names?.services.find((one) => serviceKey(one) === service.key)
      const { id, key, match, scheduler, flags, onePacket } = service
      return serviceOf({
        ...{ id, key, match, scheduler },
        ...(flags && { flags }),
        ...(onePacket && { onePacket }),
        ...(said ? { owner: said.owner } : {}),
        ...sumOf(service.reals.map(({ address }) => counters[address] ?? NONE)),
        reals: service.reals.map(({ id: real, address, port, weight, upper, lower, overloaded }) => ({
          ...{ id: real, address, port, upper, lower, overloaded },
          weight: said?.reals.find((r) => r.address === address)?.weight ?? weight,
          effectiveWeight: weight,
          ...{ active: 0, inactive: 0, persistent: 0 },
          ...(counters[address] ?? NONE),
          nexthop: hop(address),
        })),
      })
    }),
  })
}

const NONE: RealCounters = { packets: 0n, bytes: 0n, connections: 0n }

function sumOf(counters: readonly RealCounters[]): RealCounters {
  return counters.reduce(
    (sum, one) => ({
      packets: sum.packets + one.packets,
      bytes: sum.bytes + one.bytes,
      connections: sum.connections + one.connections,
    }),
    NONE,
  )
}

function attachmentOf(name: string, mode: Attachment['mode']): Attachment {
  return { interface: name, ifindex: 2, mac: '02:00:00:00:00:01', mode, slot: 0, linkId: 1, programId: 1 }
}
