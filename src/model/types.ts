// SPDX-License-Identifier: Apache-2.0
// The domain: what an operator says (Desired) and the words everything else is built from. No I/O.
import type { Check, HealthPolicy, Notify } from './checks.js'
import type { ConsoleWish } from './console.js'
import type { LogFormat } from './events.js'
import type { MetricsWish } from './metrics.js'
import type { VrrpWish } from './vrrp.js'

/** Canonical text of an address: dotted quad, or RFC 5952 for IPv6. */
export type AddressText = string
/** 'aa:bb:cc:dd:ee:ff' */
export type MacText = string
export type Family = 4 | 6
export type Protocol = 'tcp' | 'udp' | 'sctp'
/** IPVS's schedulers by their names there; 'none': every attempt to schedule fails. */
export type SchedulerName =
  | 'rr'
  | 'wrr'
  | 'lc'
  | 'wlc'
  | 'lblc'
  | 'lblcr'
  | 'dh'
  | 'sh'
  | 'sed'
  | 'nq'
  | 'fo'
  | 'ovf'
  | 'mh'
  | 'twos'
  | 'none'
/** What `ipvsadm -b` sets: 1 is fallback and 2 is port for sh and mh, which alone know any. */
export type SchedulerFlag = 1 | 2 | 3
export type AttachMode = 'native' | 'generic'

/** Who asked for a service: the YAML file, or a request at run time. */
export type Owner = 'file' | 'api'

/** 'tcp 192.0.2.10:80', 'udp [2001:db8::1]:53', 'fwm 6', 'fwm 6 ipv6': equal text means the same service. */
export type ServiceKey = string
/** 'tcp 192.0.2.10:80 > 192.0.2.21', 'fwm 6 > 192.0.2.21:80': equal text means the same real server of the same service. */
export type RealKey = string

export interface Persistence {
  /** seconds, 1..2678400 */
  readonly timeout: number
  /** network part of the client's address: 1..32 or 1..128; IPv4 netmasks with holes keep `mask` */
  readonly prefix: number
  /** IPv4 only, dotted quad, when it is not a plain prefix */
  readonly mask?: AddressText
}

export interface Real {
  readonly address: AddressText
  /** services of a mark only, where it is part of the name; elsewhere the service's port. Absent = 0 there */
  readonly port?: number
  /** 0..2147483647; 0 = no new connections (quiesced) */
  readonly weight: number
  /** connections (active and inactive) at which it gets no new ones; absent = no limit */
  readonly upper?: number
  /** connections below which it gets new ones again; absent = three quarters of `upper` */
  readonly lower?: number
  readonly name?: string
  /** absent = those of its service; [] = none */
  readonly checks?: readonly Check[]
  /** false: the datapath's look at unanswered SYNs is not for this one */
  readonly passive?: false
  /** absent = its service's (keepalived's inhibit_on_failure is per real server) */
  readonly onDown?: HealthPolicy['onDown']
  readonly notify?: Notify
  /** in Effective only: an operator drains it, and how far that is */
  readonly drain?: DrainStage
}

/**
 * 'soft': no new connections, and what opens one on a flow of it chooses anew; 'move', 'reset': the drain is over,
 * its flows choose anew, or TCP's are reset.
 */
export type DrainStage = 'soft' | 'move' | 'reset'

/** An operator's word that a real server shall be emptied. Lasts over reloads and restarts, until undrain. */
export interface Drain {
  readonly address: AddressText
  /** of a mark's service */
  readonly port?: number
  /** absent = in all services */
  readonly service?: ServiceKey
  /** ms since the epoch, both; without a deadline it waits for the last connection */
  readonly since: number
  readonly deadline?: number
  /** what becomes of flows that are left at the deadline */
  readonly end: 'move' | 'reset'
}

/** Packets to one address and port. */
export interface AddressMatch {
  readonly vip: AddressText
  /** 0..65535; 0 = every port of the VIP that no other service claims (persistent services only) */
  readonly port: number
  readonly protocol: Protocol
  readonly mark?: undefined
  readonly family?: undefined
}

/** Packets that a MarkRule gives this number. */
export interface MarkMatch {
  /** 1..4294967295 */
  readonly mark: number
  readonly family: Family
  readonly vip?: undefined
  readonly port?: undefined
  readonly protocol?: undefined
}

/** What makes a service that service; `mark === undefined` tells which kind it is. */
export type ServiceMatch = AddressMatch | MarkMatch

export interface ServiceBody {
  readonly scheduler: SchedulerName
  /** ascending, none twice; absent = none */
  readonly flags?: readonly SchedulerFlag[]
  readonly persistence?: Persistence
  /** every datagram is scheduled for itself and leaves no connection; UDP and marks */
  readonly onePacket?: true
  readonly name?: string
  /** asked of each real server that has none of its own; absent = none */
  readonly checks?: readonly Check[]
  /** absent = DEFAULT_HEALTH */
  readonly health?: HealthPolicy
  readonly owner: Owner
  /** in the order they were added; the kernel's list is the reverse (the last added stands first) */
  readonly reals: readonly Real[]
}

export type AddressService = AddressMatch & ServiceBody
export type MarkService = MarkMatch & ServiceBody
export type Service = AddressService | MarkService

/** First and last port, both included; 0..65535. */
export type PortRange = readonly [first: number, last: number]

/** Packets to these ports of a VIP carry a mark: what iptables -j MARK is to IPVS. Ranges ascend and do not touch. */
export interface MarkRule {
  readonly vip: AddressText
  readonly protocol: Protocol
  readonly ports: readonly PortRange[]
  /** 1..4294967295 */
  readonly mark: number
  readonly owner: Owner
}

/** The kernel's tunables under the kernel's names and in its units (net.ipv4.vs.*, net.ipv4.icmp_*); the last is xlvs's own. */
export type TunableName =
  | 'am_droprate'
  | 'amemthresh'
  | 'cache_bypass'
  | 'conn_reuse_mode'
  | 'drop_entry'
  | 'drop_packet'
  | 'expire_nodest_conn'
  | 'expire_quiescent_template'
  | 'lblc_expiration'
  | 'lblcr_expiration'
  | 'run_estimation'
  | 'schedule_icmp'
  | 'secure_tcp'
  | 'sloppy_sctp'
  | 'sloppy_tcp'
  | 'ip_unprivileged_port_start'
  | 'icmp_ratelimit'
  | 'icmp_msgs_per_sec'
  | 'icmp_msgs_burst'
  | 'handshake_sample'
export type Tunables = Readonly<Record<TunableName, number>>

export interface InterfaceWish {
  readonly name: string
  readonly mode: AttachMode
}

/** Seconds, as `ipvsadm --set`. */
export interface Timeouts {
  readonly tcp: number
  readonly tcpfin: number
  readonly udp: number
}

/** Sizes that are fixed when the maps are made. */
export interface Limits {
  /** IPv4 and IPv6 each */
  readonly connections: number
  readonly templates: number
  readonly services: number
  readonly reals: number
  readonly interfaces: number
  /** highest interface index that can be attached */
  readonly ifindex: number
}

export interface Desired {
  readonly interfaces: readonly InterfaceWish[]
  readonly services: readonly Service[]
  readonly marks: readonly MarkRule[]
  /** MACs of other directors: what they send here has been balanced already */
  readonly peers: readonly MacText[]
  readonly timeouts: Timeouts
  readonly tunables: Tunables
  readonly limits: Limits
  /** where /metrics, /healthz and the console are, and what is said; undefined = nowhere */
  readonly metrics?: MetricsWish
  readonly vrrp?: VrrpWish
  readonly console?: ConsoleWish
  /** how much of what happened is kept, in bytes; absent = DEFAULT_EVENTS_SIZE */
  readonly events?: { readonly size: number }
  /** absent = 'text' */
  readonly log?: LogFormat
}

export const DEFAULT_TIMEOUTS: Timeouts = { tcp: 900, tcpfin: 120, udp: 300 }

/** The kernel's own defaults. */
export const DEFAULT_TUNABLES: Tunables = {
  am_droprate: 10,
  amemthresh: 1024,
  cache_bypass: 0,
  conn_reuse_mode: 1,
  drop_entry: 0,
  drop_packet: 0,
  expire_nodest_conn: 0,
  expire_quiescent_template: 0,
  lblc_expiration: 86_400,
  lblcr_expiration: 86_400,
  run_estimation: 1,
  schedule_icmp: 0,
  secure_tcp: 0,
  sloppy_sctp: 0,
  sloppy_tcp: 0,
  ip_unprivileged_port_start: 1024,
  icmp_ratelimit: 1000,
  icmp_msgs_per_sec: 1000,
  icmp_msgs_burst: 50,
  handshake_sample: 0,
}

export const DEFAULT_LIMITS: Limits = {
  connections: 1_048_576,
  templates: 65_536,
  services: 4_096,
  reals: 16_384,
  interfaces: 16,
  ifindex: 65_535,
}

/** Where in a text something stands; lines and columns from 1. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

export type ProblemCode =
  | 'service-exists'
  | 'real-exists'
  | 'no-service'
  | 'no-real'
  /** a number that the kernel would answer with ERANGE */
  | 'range'
  /** the file owns it, a request may not change it */
  | 'of-the-file'
  | 'no-daemon'
  | 'no-permission'

/** One thing that is wrong: where, why, and what to do about it. */
export interface Problem {
  /** for programs that must tell refusals apart, as xlvsadm does */
  readonly code?: ProblemCode
  readonly place?: Place
  /** the option or path at fault when there is no file: '--vip', 'services[0].reals[1].weight' */
  readonly subject?: string
  /** one clear sentence, no full stop needed: 'weight 70000 is above 65535' */
  readonly reason: string
  /** the command or edit that mends it */
  readonly fix?: string
}

/** Expected outcomes are values. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] }
