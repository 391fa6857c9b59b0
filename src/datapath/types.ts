// SPDX-License-Identifier: Apache-2.0
// The datapath as the daemon sees it: a small vocabulary over pinned maps, programs and links, and immutable snapshots.
import type { Latency } from '../model/latency.js'
import type { TraceWish } from '../model/trace-wish.js'
import type {
  AddressText,
  AttachMode,
  Desired,
  DrainStage,
  Limits,
  MacText,
  Outcome,
  Owner,
  Persistence,
  SchedulerFlag,
  SchedulerName,
  ServiceKey,
  ServiceMatch,
  Timeouts,
  Tunables,
} from '../model/types.js'
import type { Actual } from '../plan/actual.js'
import type { Op } from '../plan/ops.js'
import type { WeightChange } from '../plan/what-if.js'
import type { Counts } from './counts.js'
import type { ConnEntry, ConnFilter, TemplateEntry } from './entries.js'
import type { Repair } from './repair.js'
import type { Told } from './told.js'
import type { Tracing } from './trace.js'
import type { Traced } from './trace-record.js'

export type { ConnEntry, ConnFilter, TemplateEntry } from './entries.js'

export interface DatapathOptions {
  /** directory in a BPF file system; /sys/fs/bpf/xlvs */
  readonly pinRoot?: string
  /** the compiled program, xlvs.bpf.o */
  readonly object?: string
  /** wished sizes; pinned maps that are adopted keep theirs */
  readonly limits: Limits
  /** tests: time is what xlvs_settings.clock says */
  readonly manualClock?: boolean
  /** Told of each step of an upgrade from another ABI version, when it is done. */
  readonly progress?: (step: UpgradeStep) => void
}

/** docs/decisions/0008-migration.md; 'switching' once for each interface. */
export type UpgradeStep =
  | 'filled'
  | 'pinned'
  | 'held'
  | 'committed'
  | 'switching'
  | 'switched'
  | 'carried'
  | 'moving'
  | 'moved'
  | 'done'

export interface Datapath {
  /** pinned maps were taken over */
  readonly adopted: boolean
  /** those of the maps, which adopted ones may have got from an earlier wish */
  readonly limits: Limits
  /** the loaded program, for `status` */
  readonly program: ProgramInfo
  actual(): Actual
  /**
   * What somebody else has changed of what this datapath has made is made again; the answer says what, since the last
   * time. Every look at the maps does the same for them first.
   */
  mend(): readonly Repair[]
  /** Atomic per service. Refused as a whole, with nothing written, when the arena has no room. */
  apply(ops: readonly Op[]): Outcome<void>
  attach(name: string, mode: AttachMode): Promise<Outcome<Attachment>>
  detach(name: string): Promise<Outcome<void>>
  attachments(): readonly Attachment[]
  /** Before publishing real servers: find their next hops, wait for neighbours up to the deadline. */
  resolveNextHops(addresses: readonly AddressText[], deadlineMs: number): Promise<readonly NextHopState[]>
  /**
   * From here on every real server's next hop is found in the background and kept fresh by the kernel's events;
   * onChange tells what became of whom. Without it, only addresses given to resolveNextHops are.
   */
  watchNextHops(onChange?: (state: NextHopState) => void): Promise<void>
  nextHop(address: AddressText): NextHopState
  /** Names and configured weights are taken from `names`, everything else from the maps. */
  snapshot(names: Desired): Snapshot
  /** Of a snapshot the counters alone, at the price of reading them. */
  counts(): Counts
  /** Packets by reason, all interfaces together: of a snapshot only this. */
  reasons(): Readonly<Record<ReasonName, Counters>>
  /** How clients' handshakes with a real server (by its id) go. */
  handshakes(real: number): Handshakes
  conns(filter?: ConnFilter): IterableIterator<ConnEntry>
  templates(filter?: ConnFilter): IterableIterator<TemplateEntry>
  /** The same for a caller that must not stall: undefined says that a long stretch had no entry. */
  connsInPieces(filter?: ConnFilter): IterableIterator<ConnEntry | undefined>
  templatesInPieces(filter?: ConnFilter): IterableIterator<TemplateEntry | undefined>
  /**
   * What becomes of a frame that arrives on an interface, and why: the loaded program's way over the live maps, with
   * nothing changed. `changes`: as if real servers had other weights.
   */
  rehearse(frame: Uint8Array, ifindex: number, changes?: readonly WeightChange[]): Outcome<Told>
  /** One slice, going round the tables; the count in `tables` of a snapshot is that of the last full round. */
  sweep(budget: { readonly sets: number }): SweepResult
  /**
   * drop_entry's work of one second: half-open connections and idle templates go from a 32nd of each table that
   * begins at `at`, 0 <= at < 1.
   */
  defend(at: number): SweepResult
  setTimeouts(timeouts: Timeouts): void
  setTunables(tunables: Tunables): void
  /** What the defence modes of the tunables come to now. */
  setDefence(defence: Defence): void
  setPeers(macs: readonly MacText[]): void
  /** Records packets from now on, until it is closed or its lease ends. One at a time: that is the caller's to see to. */
  trace(wish: TraceWish, onRecord: (record: Traced) => void): Outcome<Tracing>
  /** Seconds of CLOCK_BOOTTIME: `now` of diff(). */
  now(): number
  /** Lets go of every handle; what is pinned keeps forwarding. */
  close(): void
  /** Detaches every interface and removes every pin. */
  destroy(): Promise<void>
}

export interface Defence {
  /** the defence tables of TCP are in force */
  readonly secureTcp: boolean
  /** of the packets that would be scheduled every n-th is dropped; 0 = none */
  readonly dropRate: number
  /** counts down to the next one; absent: it goes on, and the first after it is switched on is dropped */
  readonly dropCounter?: number
}

export interface ProgramInfo {
  readonly id: number
  readonly tag: string
}

export interface Attachment {
  readonly interface: string
  readonly ifindex: number
  readonly mac: MacText
  readonly mode: AttachMode
  /** row block in the verdict counters */
  readonly slot: number
  readonly linkId: number
  readonly programId: number
  readonly driver?: string
}

export interface NextHopState {
  readonly address: AddressText
  readonly state: 'up' | 'unresolved' | 'local'
  readonly mac?: MacText
  /** egress device that carries the XDP program */
  readonly interface?: string
  /** VLAN ids, outermost first */
  readonly vlan?: readonly number[]
  /** why it is unresolved: 'no route', 'neighbour 192.0.2.21 does not answer on eth0', ... */
  readonly why?: string
}

export interface Counters {
  readonly packets: bigint
  readonly bytes: bigint
}

export interface RealCounters extends Counters {
  readonly connections: bigint
}

/** Both modulo 2^32. */
export interface Handshakes {
  /** SYNs that came again while their connection was half-open */
  readonly retries: number
  /** half-open connections that the client acknowledged: the real server has answered */
  readonly handshakes: number
}

export interface RealSnapshot extends RealCounters {
  readonly id: number
  readonly address: AddressText
  /** of a mark's service its own, 0 = that of the packet; elsewhere the service's */
  readonly port: number
  readonly name?: string
  /** as configured; that of the maps when `names` does not know it */
  readonly weight: number
  /** as scheduled now */
  readonly effectiveWeight: number
  /** connection thresholds, 0 = none */
  readonly upper: number
  readonly lower: number
  /** gets no new connections until there are fewer than `lower` */
  readonly overloaded: boolean
  /** absent: it is not drained */
  readonly drain?: DrainStage
  readonly active: number
  readonly inactive: number
  readonly persistent: number
  readonly nexthop: NextHopState
  /** absent: no handshake was timed yet */
  readonly latency?: Latency
}

export interface ServiceSnapshot extends RealCounters {
  readonly id: number
  readonly key: ServiceKey
  readonly match: ServiceMatch
  readonly scheduler: SchedulerName
  readonly flags?: readonly SchedulerFlag[]
  readonly onePacket?: true
  readonly persistence?: Persistence
  readonly name?: string
  readonly owner?: Owner
  /** packets, bytes, connections include real servers that are gone; these three those in the trash */
  readonly active: number
  readonly inactive: number
  readonly persistent: number
  /** packets by reason, of those that are not 0; real servers that are gone included */
  readonly reasons: Readonly<Record<ReasonName, bigint>>
  /** of all its real servers, gone ones included */
  readonly latency?: Latency
  /** head of the list first */
  readonly reals: readonly RealSnapshot[]
}

/** The director's own answers leave by XDP_TX too: they count as 'tx' here and have reasons of their own. */
export type Action = 'pass' | 'tx' | 'redirect' | 'drop'

/** Lower case of abi.h without the prefix: 'pass_not_vip', 'forward_conn', 'drop_no_real', ... */
export type ReasonName = string

export interface InterfaceSnapshot {
  readonly attachment: Attachment
  readonly actions: Readonly<Record<Action, Counters>>
  readonly reasons: Readonly<Record<ReasonName, Counters>>
}

export interface TotalsSnapshot {
  readonly connsCreated: bigint
  readonly connsExpired: bigint
  readonly connsEvicted: bigint
  readonly connsUnstored: bigint
  readonly templatesCreated: bigint
  readonly templatesExpired: bigint
  readonly templatesEvicted: bigint
  readonly templatesUnstored: bigint
}

export interface TableSnapshot {
  /** as the last full round of sweep() counted them */
  readonly entries: number
  readonly capacity: number
}

export type TableName = 'conn4' | 'conn6' | 'template'

/** One immutable value per cycle; metrics, show and the page are made from it. */
export interface Snapshot {
  /** ms since the epoch */
  readonly at: number
  readonly services: readonly ServiceSnapshot[]
  readonly interfaces: readonly InterfaceSnapshot[]
  /** all interfaces, also detached ones */
  readonly reasons: Readonly<Record<ReasonName, Counters>>
  readonly totals: TotalsSnapshot
  readonly tables: Readonly<Record<TableName, TableSnapshot>>
}

export interface SweepResult {
  readonly sets: number
  readonly freed: number
  /** a full round over all tables ended with this slice; never by a defence */
  readonly roundComplete: boolean
}
