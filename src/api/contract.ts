// SPDX-License-Identifier: Apache-2.0
// What travels over the control socket: one request and one answer type per route. Counters are JSON integers;
// a reader that parses them to doubles loses digits beyond 2^53, never order.
import type { Answer, CheckKind } from '../model/checks.js'
import type {
  AddressText,
  AttachMode,
  Desired,
  Limits,
  MacText,
  Owner,
  Persistence,
  Problem,
  Protocol,
  RealKey,
  SchedulerFlag,
  SchedulerName,
  ServiceKey,
  ServiceMatch,
  TunableName,
} from '../model/types.js'
import type { VrrpStanding } from '../model/vrrp.js'
import type { Applied } from './apply.js'
import type { Standing } from './contract-health.js'
import type { LatencyRow } from './contract-sight.js'

export type { DrainRequest, DrainRow, HealthRow, Standing } from './contract-health.js'

/** A counter or a gauge as JSON carries it. */
export type Count = number

/** Body of every answer that is not 2xx. */
export interface Refusal {
  readonly problems: readonly Problem[]
}

/** Answer to every change. */
export interface Change {
  /** false: what was asked for is already so */
  readonly changed: boolean
  /** generation of the configuration that is in force now */
  readonly generation: number
  /** what the operator should know: an override that lasts until reload, a limit that needs a restart */
  readonly notices: readonly string[]
}

export type ForwardAction = 'pass' | 'tx' | 'redirect' | 'drop'

export interface InterfaceRow {
  readonly name: string
  readonly ifindex: number
  readonly mac: MacText
  readonly mode: AttachMode
  readonly driver?: string
  readonly programId: number
  readonly packets: Readonly<Record<ForwardAction, Count>>
  readonly bytes: Readonly<Record<ForwardAction, Count>>
}

export interface TableRow {
  readonly name: 'conn4' | 'conn6' | 'template'
  readonly entries: Count
  readonly capacity: Count
}

export interface ReloadResult {
  /** ms since the epoch */
  readonly at: number
  readonly ok: boolean
  readonly problems: readonly Problem[]
}

export interface Status {
  readonly version: string
  readonly pid: number
  /** ms since the epoch */
  readonly startedAt: number
  /** undefined: started without a file */
  readonly file?: string
  readonly reload?: ReloadResult
  /** the last text applied; absent before the first, and after a reload */
  readonly applied?: Applied
  readonly generation: number
  /** what keepalived has told of its instances and groups */
  readonly vrrp: readonly VrrpStanding[]
  readonly adopted: boolean
  readonly pinRoot: string
  readonly stateDir?: string
  /** URL of the metrics page */
  readonly metrics?: string
  readonly services: number
  readonly reals: number
  /** with weight 0, neither drained nor down */
  readonly quiesced: number
  readonly drained: number
  readonly down: number
  readonly unresolved: number
  readonly interfaces: readonly InterfaceRow[]
  readonly tables: readonly TableRow[]
  readonly totals: Readonly<Record<string, Count>>
  readonly limits: Limits
}

/** As IPVS's estimators smooth them, per second; replies bypass the director, so there is no way out to count. */
export interface Rates {
  readonly cps: number
  readonly inPps: number
  readonly inBps: number
}

/** Since the last `xlvsadm -Z`; the counters of metrics never go back. */
export interface SinceZero {
  readonly connections: Count
  readonly packets: Count
  readonly bytes: Count
}

export interface ServiceRow {
  readonly service: ServiceKey
  /** what it matches: an address and port, or a mark */
  readonly match: ServiceMatch
  readonly scheduler: SchedulerName
  readonly flags?: readonly SchedulerFlag[]
  readonly onePacket?: true
  readonly rates: Rates
  readonly sinceZero: SinceZero
  readonly persistence?: Persistence
  readonly name?: string
  readonly owner?: Owner
  readonly reals: number
  /** of its real servers: those that an operator drains, those that checks hold for down, and others of weight 0 */
  readonly drained: number
  readonly down: number
  readonly quiesced: number
  readonly active: Count
  readonly inactive: Count
  readonly persistent: Count
  readonly connections: Count
  readonly packets: Count
  readonly bytes: Count
  /** absent: the datapath does not time handshakes */
  readonly latency?: LatencyRow
}

export interface NexthopRow {
  readonly address: AddressText
  readonly state: 'up' | 'unresolved' | 'local'
  readonly mac?: MacText
  readonly interface?: string
  readonly vlan?: readonly number[]
  /** why it is unresolved */
  readonly why?: string
  /** services that use it */
  readonly services: readonly ServiceKey[]
}

export interface RealRow {
  readonly service: ServiceKey
  readonly real: RealKey
  readonly address: AddressText
  /** the service's, or of a mark's service its own; 0 = that of the packet */
  readonly port: number
  readonly name?: string
  readonly weight: number
  readonly effectiveWeight: number
  /** connection thresholds, 0 = none */
  readonly upper: number
  readonly lower: number
  readonly overloaded: boolean
  readonly rates: Rates
  readonly sinceZero: SinceZero
  readonly active: Count
  readonly inactive: Count
  readonly persistent: Count
  readonly connections: Count
  readonly packets: Count
  readonly bytes: Count
  /** absent: the datapath does not time handshakes */
  readonly latency?: LatencyRow
  /** absent: of the datapath's own making, a sorry server */
  readonly standing?: Standing
  readonly nexthop: Omit<NexthopRow, 'address' | 'services'>
}

/** One check of one real server. */
export interface CheckRow {
  readonly service: ServiceKey
  readonly real: RealKey
  readonly kind: CheckKind
  readonly via: 'vip' | 'real'
  /** '192.0.2.10:80 at 192.0.2.21', '192.0.2.21:80/health': what is asked, and where the frames go */
  readonly target: string
  /** 'waiting': no good answer yet, and nothing that takes it down */
  readonly state: 'up' | 'down' | 'waiting'
  /** 'queued': due, but too many questions are in flight */
  readonly doing: 'resting' | 'queued' | 'asking'
  /** to the last question; absent = there was none */
  readonly last?: Answer
  /** ms since the epoch, of that answer */
  readonly at?: number
  /** answers in a row like the last */
  readonly inARow: number
  /** ms until the next question; while it is queued how long it waits already, below 0; 0 while it is asked */
  readonly nextIn: number
}

export interface ConnRow {
  readonly protocol: Protocol
  readonly client: AddressText
  readonly clientPort: number
  readonly vip: AddressText
  readonly virtualPort: number
  readonly real: AddressText
  readonly realPort: number
  readonly state: string
  /** seconds */
  readonly expiresIn: number
  readonly controlled: boolean
}

export interface TemplateRow {
  /** 'ip': of a mark, whatever the protocol */
  readonly protocol: Protocol | 'ip'
  readonly clientNet: AddressText
  /** of a mark: the mark as an address, 0.0.0.6, as IPVS shows it */
  readonly vip: AddressText
  readonly virtualPort: number
  readonly real: AddressText
  /** 65535, both ports: disabled, another template took its place */
  readonly realPort: number
  readonly assured: boolean
  readonly controls: number
  /** seconds, both */
  readonly timeout: number
  readonly expiresIn: number
}

export interface TunableRow {
  readonly name: TunableName
  readonly value: number
  readonly default: number
  /** smallest and largest value */
  readonly range: readonly [number, number]
  readonly unit?: string
  readonly about: string
}

/** Totals, since zero and smoothed. */
export interface Statistics {
  readonly sinceZero: SinceZero
  readonly rates: Rates
  /** ways of the IPv4 connection table: what `xlvsadm -L` calls size */
  readonly size: number
}

export interface ReasonRow {
  readonly reason: string
  /** 'answer': the director's own ICMP message went back */
  readonly action: 'pass' | 'forward' | 'drop' | 'answer'
  readonly packets: Count
  /** absent: of one service, which counts packets only */
  readonly bytes?: Count
}

/** A listing that may have been cut at the limit that was asked for. */
export interface Listing<Row> {
  readonly rows: readonly Row[]
  /** true: there are more rows than the limit let through */
  readonly more: boolean
}

export interface Filter {
  /** service key */
  readonly service?: string
  readonly client?: string
  readonly real?: string
  /** 0 = all */
  readonly limit?: number
}

export interface AttachRequest {
  readonly name: string
  readonly mode: AttachMode
}

/** Both or neither: without them the daemon's own file is read again. */
export interface PlanRequest {
  /** its name, for what is wrong in it */
  readonly file?: string
  readonly text?: string
}

/** The four stages between the operator's words and the kernel's maps; `actual` and `diff` as plain JSON. */
export interface Stages {
  readonly desired: Desired
  readonly effective: Desired
  readonly actual: unknown
  readonly diff: readonly unknown[]
}
