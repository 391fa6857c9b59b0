// SPDX-License-Identifier: Apache-2.0
// Health checking, in the domain's words: what is asked of a real server, how answers are judged, and what follows for
// its service. No I/O, no clock.
import type { AddressText } from './types.js'

export type CheckKind = 'tcp' | 'http' | 'https' | 'tls' | 'dns' | 'udp' | 'icmp' | 'grpc' | 'script'

/** Seconds, with fractions. */
export interface CheckTiming {
  /** from the start of one question to the start of the next; 0.1..86400 */
  readonly interval: number
  /** after which no answer is a failure; 0.1..86400 */
  readonly timeout: number
  /** good answers in a row after which it is up; 1..100 */
  readonly rise: number
  /** failures in a row after which it is down; 1..100 */
  readonly fall: number
  /** instead of the interval after a failure that is not yet the last (keepalived's delay_before_retry) */
  readonly retryInterval?: number
  /** longest interval while it is down: each failure doubles the pause up to this; absent = the interval stays */
  readonly backOff?: number
  /** before the first question, spread evenly at random over this (keepalived's warmup); absent = one interval */
  readonly warmup?: number
}

export interface CheckCommon extends CheckTiming {
  /**
   * 'vip': the question is addressed to the VIP and its frame goes to the real server, as clients' packets do;
   * 'real': it is addressed to the real server's own address.
   */
  readonly via: 'vip' | 'real'
  /** another host than the real server; implies 'real' (keepalived's connect_ip) */
  readonly address?: AddressText
  /** absent = the service's port, or of a mark's real server its own */
  readonly port?: number
  /** source address and port (keepalived's bindto, bind_port) */
  readonly bind?: AddressText
  readonly bindPort?: number
}

export interface TcpCheck extends CheckCommon {
  readonly kind: 'tcp'
}

export interface HttpAsk {
  /** '/health?full=1' */
  readonly path: string
  readonly method: 'GET' | 'HEAD' | 'POST' | 'OPTIONS'
  /** ranges of good status codes, both ends included; 200..299 when absent and nothing else is asked */
  readonly status?: readonly (readonly [first: number, last: number])[]
  /** what the body must contain (text) or match (regular expression, without flags) */
  readonly body?: { readonly contains: string } | { readonly matches: string }
  /** lower-case hex of the digest of the body: 32 = MD5 (keepalived's), 64 = SHA-256 */
  readonly digest?: string
}

interface HttpCommon extends CheckCommon {
  /** asked one after the other on one connection where the server keeps it; every one must be good; at least one */
  readonly asks: readonly HttpAsk[]
  /** Host header; absent = the VIP, bracketed if IPv6, with the port unless it is the protocol's own */
  readonly host?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly version: '1.0' | '1.1'
}

export interface HttpCheck extends HttpCommon {
  readonly kind: 'http'
}

export interface TlsTerms {
  /** SNI, and what the certificate must be for when it is verified; absent = none is sent */
  readonly sni?: string
  /** the certificate must lead to a known authority; default: any will do, it is health that is asked */
  readonly verify?: true
}

export interface HttpsCheck extends HttpCommon, TlsTerms {
  readonly kind: 'https'
}

/** A finished handshake is good. */
export interface TlsCheck extends CheckCommon, TlsTerms {
  readonly kind: 'tls'
}

export interface DnsCheck extends CheckCommon {
  readonly kind: 'dns'
  readonly type: 'A' | 'AAAA' | 'NS' | 'CNAME' | 'SOA' | 'MX' | 'TXT'
  /** '.', 'example.com' */
  readonly name: string
}

/** Without `require`, only an ICMP error is a failure: silence may be what the service does. */
export interface UdpCheck extends CheckCommon {
  readonly kind: 'udp'
  /** lower-case hex, two digits a byte; absent = an empty datagram */
  readonly payload?: string
  readonly requireReply?: true
  /** hex; two '?' stand for any byte */
  readonly reply?: string
  /** bytes; minReply absent = as many as `reply` has; where it is less, a shorter reply is compared as far as it goes */
  readonly minReply?: number
  readonly maxReply?: number
}

export interface IcmpCheck extends CheckCommon {
  readonly kind: 'icmp'
}

/** grpc.health.v1.Health/Check (gRPC health checking protocol); good is SERVING. */
export interface GrpcCheck extends CheckCommon, TlsTerms {
  readonly kind: 'grpc'
  /** '' = the server as a whole */
  readonly service: string
  readonly tls?: true
}

/** A program of the operator's; see docs/HEALTH.md for its environment. */
export interface ScriptCheck extends CheckCommon {
  readonly kind: 'script'
  /** program and arguments; no shell */
  readonly command: readonly [program: string, ...args: string[]]
  /** user (and group) it runs as; absent = nobody */
  readonly user?: string
  readonly group?: string
  /** keepalived's: exit code 0 = good, 1 = bad, 2..255 = good, and weight is code - 2 */
  readonly dynamicWeight?: true
}

export type Check =
  | TcpCheck
  | HttpCheck
  | HttpsCheck
  | TlsCheck
  | DnsCheck
  | UdpCheck
  | IcmpCheck
  | GrpcCheck
  | ScriptCheck

/** The datapath's own look: SYNs that come again and again without an answer reaching the client. */
export interface PassivePolicy {
  /** clients' repeated SYNs within a second, and not one finished handshake, that take it out; 1..1000 */
  readonly retries: number
  /** seconds until it is tried again the first time; each time in a row doubles it up to `most` */
  readonly pause: number
  readonly most: number
}

/** Programs that are told of changes; argv, no shell. Environment: docs/HEALTH.md. */
export interface Notify {
  readonly up?: readonly string[]
  readonly down?: readonly string[]
}

/** What follows for a service from its real servers' health. */
export interface HealthPolicy {
  /** sum of the weights that are up at which the service has a quorum; keepalived: 1 */
  readonly quorum: number
  /** the quorum is lost below quorum - hysteresis and gained at quorum + hysteresis */
  readonly hysteresis: number
  /** serves while there is no quorum */
  readonly sorry?: { readonly address: AddressText; readonly port?: number }
  /** true: the sorry server stands in the service with weight 0 while it is not needed */
  readonly sorryInhibit?: true
  /** 'quiesce': weight 0, connections live on (inhibit_on_failure); 'remove': out of the service, packets of its connections are dropped, as keepalived does by default */
  readonly onDown: 'quiesce' | 'remove'
  /** real servers are down until their first good answer (keepalived's alpha) */
  readonly alpha?: true
  /** down and quorum notices are given when the daemon ends its checks (keepalived's omega) */
  readonly omega?: true
  /** when all are down by checks: use all as if they were up, rather than none */
  readonly failOpen?: true
  /** seconds over which the weight of one that comes up rises from 1 to what it should be; absent = at once */
  readonly slowStart?: number
  readonly passive?: PassivePolicy
  /** quorum gained and lost */
  readonly notify?: Notify
}

export const DEFAULT_TIMING = { interval: 2, timeout: 1, rise: 2, fall: 3 } as const satisfies CheckTiming
export const DEFAULT_HEALTH: HealthPolicy = { quorum: 1, hysteresis: 0, onDown: 'quiesce' }
export const DEFAULT_PASSIVE: PassivePolicy = { retries: 3, pause: 5, most: 300 }

/** Why a question counts as failed. Sentences for people: DOWN_REASONS in health-words.ts. */
export type FailureReason =
  /** TCP RST, ICMP port unreachable */
  | 'refused'
  /** nothing came in time */
  | 'timeout'
  /** ICMP host or network unreachable, no route, no neighbour */
  | 'unreachable'
  /** answers at its own address, not at the VIP: the VIP is not on its loopback */
  | 'vip-missing'
  /** connection ended before the answer did */
  | 'closed'
  | 'tls'
  | 'status'
  | 'body'
  | 'protocol'
  | 'not-serving'
  | 'script'
  /** the check itself could not be made: no such program, no permission, no socket */
  | 'cannot-check'

/** What one question came to. */
export type Answer =
  | { readonly good: true /** ms */; readonly took: number /** dynamic weight */; readonly weight?: number }
  | {
      readonly good: false
      readonly took: number
      readonly reason: FailureReason /** for people */
      readonly detail: string
    }

/** Why a real server stands as it does. Results, overrides and wishes stay separate facts; this is what they come to. */
export type StandingReason =
  /** nobody checks it */
  | 'unchecked'
  /** no answer yet: up, or with alpha down */
  | 'waiting'
  | 'healthy'
  /** came up a moment ago, its weight is rising */
  | 'slow-start'
  | FailureReason
  /** passive: clients' SYNs are not answered */
  | 'swallows'
  /** all are down, and the service fails open */
  | 'fail-open'
  /** the operator drains it */
  | 'drained'
  /** its weight is 0, in the file or by request */
  | 'quiesced'

/** What health makes of one real server; facts of the checks alone, without weights and drains. */
export interface Health {
  readonly up: boolean
  readonly reason: StandingReason
  /** ms since the epoch, when `up` last changed or checking began */
  readonly since: number
  /** of the last failure, for people; absent while none is remembered */
  readonly detail?: string
  /** a script's (dynamicWeight) instead of the wished one */
  readonly weight?: number
  /** slow start: 0..1 of the weight; absent = all of it */
  readonly ramp?: number
}
