// SPDX-License-Identifier: Apache-2.0
// The domain: what an operator says (Desired) and the words everything else is built from. No I/O.

/** Canonical text of an address: dotted quad, or RFC 5952 for IPv6. */
export type AddressText = string
/** 'aa:bb:cc:dd:ee:ff' */
export type MacText = string
export type Family = 4 | 6
export type Protocol = 'tcp' | 'udp'
export type SchedulerName = 'rr' | 'wrr' | 'wlc' | 'sh'
export type AttachMode = 'native' | 'generic'

/** Who asked for a service: the YAML file, or a request at run time. */
export type Owner = 'file' | 'api'

/** 'tcp 192.0.2.10:80', 'udp [2001:db8::1]:53': equal text means the same service. */
export type ServiceKey = string
/** 'tcp 192.0.2.10:80 > 192.0.2.21': equal text means the same real server of the same service. */
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
  /** 0..65535; 0 = no new connections (quiesced) */
  readonly weight: number
  readonly name?: string
}

export interface Service {
  readonly vip: AddressText
  /** 1..65535 */
  readonly port: number
  readonly protocol: Protocol
  readonly scheduler: SchedulerName
  readonly persistence?: Persistence
  readonly name?: string
  readonly owner: Owner
  /** in the order they were added; the kernel's list is the reverse (the last added stands first) */
  readonly reals: readonly Real[]
}

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
  /** MACs of other directors: what they send here has been balanced already */
  readonly peers: readonly MacText[]
  readonly timeouts: Timeouts
  readonly limits: Limits
  /** host:port of /metrics and /healthz; undefined = none */
  readonly metrics?: { readonly host: string; readonly port: number }
}

export const DEFAULT_TIMEOUTS: Timeouts = { tcp: 900, tcpfin: 120, udp: 300 }

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

/** One thing that is wrong: where, why, and what to do about it. */
export interface Problem {
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
