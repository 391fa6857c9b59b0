// SPDX-License-Identifier: Apache-2.0
// What is known before anything is judged: plain data, so that every judgement is a function of it.
import type { HealthRow, RealRow, Status } from '../api/contract.js'
import type { Device, KernelView } from '../datapath/inspect.js'
import type {
  AddressText,
  AttachMode,
  Desired,
  MacText,
  Problem,
  Protocol,
  ServiceKey,
} from '../model/types.js'

export type DaemonView =
  | {
      readonly state: 'answers'
      readonly status: Status
      readonly reals: readonly RealRow[]
      readonly health: readonly HealthRow[]
      readonly desired: Desired
    }
  | { readonly state: 'none'; readonly problem: Problem }
  | { readonly state: 'broken'; readonly problem: Problem }

/** A feature as `ethtool -k` shows it. */
export interface Offload {
  readonly on: boolean
  /** the driver does not let it be changed */
  readonly fixed: boolean
}

/** As `ethtool -l` shows it. */
export interface Channels {
  readonly kind: 'combined' | 'rx'
  readonly now: number
  readonly most: number
}

export interface InterfaceFacts {
  readonly name: string
  readonly device: Device | undefined
  /** how it is to be attached; undefined: nobody but the command line names it */
  readonly wanted: AttachMode | undefined
  /** by ethtool's names; undefined: ethtool is not there or says nothing */
  readonly offloads: ReadonlyMap<string, Offload> | undefined
  /** undefined: the driver has none to count, or there is no ethtool */
  readonly channels: Channels | undefined
  /** net.ipv4.conf: the larger of all and the interface's own, as the kernel takes it */
  readonly arpIgnore: number
}

export interface IpvsService {
  /** 'tcp 192.0.2.10:80', 'fwm 6' */
  readonly key: string
  readonly address: AddressText | undefined
  /** as ipvsadm names it: '-t 192.0.2.10:80' */
  readonly words: string
}

/** Who answered an ARP request for a VIP. */
export interface ArpAnswer {
  readonly vip: AddressText
  readonly interface: string
  readonly macs: readonly MacText[]
}

/** A real server and the VIP that it is to answer at. */
export interface Pair {
  readonly service: ServiceKey
  readonly protocol: Protocol
  readonly vip: AddressText
  readonly port: number
  readonly real: AddressText
}

/** How it answered a question that came as clients' packets do. */
export interface Through extends Pair {
  /** 'vip-missing': silence, though it speaks at its own address */
  readonly said: 'answers' | 'refused' | 'vip-missing' | 'silent' | 'unreachable' | 'not-asked'
  /** for people; of all but 'answers' */
  readonly detail?: string
}

/** Why a directory cannot be written. */
export interface DirectoryFault {
  /** 'forbidden': to who asks, which may be another one than the daemon */
  readonly kind: 'not-a-directory' | 'forbidden' | 'refused'
  /** what is there: the directory itself, or what stands above it */
  readonly at: string
  /** the kernel's word for it: EROFS */
  readonly code?: string
}

export interface HostFacts {
  /** undefined: nobody here knows */
  readonly synchronised: boolean | undefined
  /** descriptors that the daemon may have open, and those that its checks and connections can come to; undefined: no daemon */
  readonly files: { readonly most: number; readonly needed: number } | undefined
}

export interface Facts {
  readonly kernel: KernelView
  readonly host: HostFacts
  /** online */
  readonly cpus: number
  readonly daemon: DaemonView
  /** of the file that was named, else the daemon's */
  readonly desired: Desired | undefined
  readonly file: { readonly path: string; readonly text: string } | undefined
  /** what is wrong with the file */
  readonly fileProblems: readonly Problem[]
  readonly interfaces: readonly InterfaceFacts[]
  /** of services and marks, each once */
  readonly vips: readonly AddressText[]
  /** addresses the kernel answers for by proxy */
  readonly proxied: readonly AddressText[]
  /** undefined: there is no arping of iputils */
  readonly arp: readonly ArpAnswer[] | undefined
  /** undefined: nobody was to be asked */
  readonly through: readonly Through[] | undefined
  readonly ipvs: readonly IpvsService[]
  readonly stateDir: {
    readonly path: string
    /** undefined: it can be written */
    readonly fault: DirectoryFault | undefined
  }
  readonly socket: string
  /** of systemd, that the daemon runs in */
  readonly unit: string | undefined
  /** options that printed commands need to meet the same daemon: '' or ' --socket PATH' */
  readonly words: { readonly ask: string; readonly detach: string; readonly run: string }
}
