// SPDX-License-Identifier: Apache-2.0
// What is asked of a kernel and what it answers: scenarios as they are written, the atomic operations they expand to,
// and the answers, an operation each with its result merged in. README.md tells the language.

/** A mistake in a scenario, in one sentence: where, why, the fix. */
export class ScenarioError extends Error {}

export type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value }
export type Fields = Readonly<Record<string, Value>>

/** Which kernel plays it: user-mode-linux (real time) or a distribution's under qemu (virtual, exact time). */
export type Runner = 'uml' | 'qemu-icount'

export interface Scenario {
  readonly name: string
  readonly about: string
  readonly vips: readonly string[]
  /** Real servers: name to addresses. */
  readonly rs: Readonly<Record<string, readonly string[]>>
  /** Kernel modules beyond IPVS with all its schedulers. They stay loaded, so such a scenario boots apart. */
  readonly modules: readonly string[]
  readonly vars: Fields
  /** Defaults of every packet. */
  readonly pkt: Fields
  /** Describe every frame, not only those towards clients. */
  readonly detail: boolean
  readonly runner: Runner
  /** Wants a boot of its own: for what the kernel keeps outside of namespaces (the counters of drop_entry). */
  readonly alone: boolean
  readonly steps: readonly Value[]
}

interface InNamespace {
  readonly ns?: string
}

export interface Packet {
  readonly op: 'pkt'
  readonly proto?: string | number
  readonly src?: string
  readonly dst?: string
  readonly sport?: number
  readonly dport?: number
  /** Letters of FSRPAUEC; a SYN unless said. */
  readonly flags?: string
  /** The real server that sends it, towards the director. */
  readonly from?: string
  readonly [field: string]: Value | undefined
}

export type Operation =
  | Packet
  | ({ readonly op: 'ipvsadm'; readonly args: string; readonly stdin?: string } & InNamespace)
  | ({ readonly op: 'sh'; readonly cmd: string } & InNamespace)
  | ({ readonly op: 'sysctl'; readonly name: string; readonly value: string | number } & InNamespace)
  | MarkOperation
  | { readonly op: 'sleep' /** seconds */; readonly s: number }
  | ({ readonly op: 'snap'; readonly what: string; readonly lax?: readonly string[] } & InNamespace)
  | ({ readonly op: 'tap'; readonly name: string; readonly dev: string; readonly udp: boolean } & InNamespace)
  | { readonly op: 'note'; readonly text: string }

/** A firewall mark for what arrives for a VIP: of one protocol, or all; "80,443", "1:1024", or all ports. */
export interface MarkOperation {
  readonly op: 'mark'
  readonly vip: string
  readonly proto?: string
  readonly ports?: string
  readonly mark: number
}

export interface Connection {
  readonly pro: string
  readonly state: string
  readonly src: string
  readonly virt: string
  readonly dst: string
  /** seconds left */
  readonly exp: number
}

export interface ListedReal {
  readonly rs: string
  readonly fwd: string
  readonly weight: number
  readonly active: number
  readonly inact: number
}

export interface ListedService {
  readonly svc: string
  readonly rest: string
  /** In the kernel's own order. */
  readonly dests: readonly ListedReal[]
}

/** What an operation came to; which fields are there depends on the operation. */
export interface Result {
  /** pkt: a server's name, local, drop, client, icmp:TYPE/CODE, icmp6:TYPE/CODE, or several joined by + */
  readonly v?: string
  /** pkt: how many frames, when there were more than v names */
  readonly n?: number
  /** ipvsadm, sh: lines of standard output; pkt: decoded frames */
  readonly out?: readonly Value[]
  readonly err?: readonly string[] | string
  /** ipvsadm, sh: exit status; mark: when it failed */
  readonly rc?: number
  readonly text?: readonly string[]
  readonly conns?: readonly Connection[]
  readonly parsed?: readonly ListedService[]
  /** snap tap:NAME: seconds since the scenario began, bytes in hex */
  readonly frames?: readonly (readonly [number, string])[]
}

export type Answer = Operation & Result

export interface Config {
  readonly vips: readonly string[]
  readonly rs: Readonly<Record<string, { readonly ips: readonly string[]; readonly mac: string }>>
  readonly detail: boolean
}

/** First line of an answer file. */
export interface Heading {
  readonly scenario: string
  readonly about: string
  readonly kernel: string
  readonly ipvsadm: string
  readonly vips: Config['vips']
  readonly rs: Config['rs']
}

export interface Answers {
  readonly heading: Heading
  readonly answers: readonly Answer[]
  /** wall-clock time in the guest */
  readonly seconds: number
}
