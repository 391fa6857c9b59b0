// SPDX-License-Identifier: Apache-2.0
// The kernel's tunables (net.ipv4.vs.*, and those of ICMP answers and ports that IPVS heeds) and xlvs's own: one table
// with all that is known about each, and why the others of the kernel have no meaning here.
import { fail, quote, succeed } from './describe.js'
import { nearest } from './nearest.js'
import { type Fault, type Range, rangeFault, refuse, wholeNumber } from './rules.js'
import { DEFAULT_TUNABLES, type Outcome, type TunableName, type Tunables } from './types.js'

export interface Tunable {
  readonly range: Range
  readonly default: number
  /** absent: a switch, a mode or a count */
  readonly unit?: 'pages' | 's' | 'ms' | 'packets/s' | 'packets' | 'port'
  readonly about: string
}

const SWITCH: Range = [0, 1]
const MODE: Range = [0, 3]
const NUMBER: Range = [0, 2_147_483_647]
/** the kernel keeps it in jiffies, 1000 a second at most, in an int */
const LONG: Range = [0, 2_147_483]

const ABOUT: Readonly<Record<TunableName, Omit<Tunable, 'default'>>> = {
  am_droprate: { range: NUMBER, about: 'drop_packet 3: one of so many is dropped, 0 = none' },
  amemthresh: { range: NUMBER, unit: 'pages', about: 'free memory below which automatic defence begins' },
  cache_bypass: { range: SWITCH, about: "1: a mark's packets pass on when no real server is usable" },
  conn_reuse_mode: {
    range: MODE,
    about:
      'a SYN on a used port: 0 keeps to the old connection, 1 schedules anew if it is over, 2 also in FIN_WAIT',
  },
  drop_entry: { range: MODE, about: 'forget half-open connections: 0 never, 1 and 2 automatic, 3 always' },
  drop_packet: { range: MODE, about: 'drop some new connections: 0 never, 1 and 2 automatic, 3 always' },
  expire_nodest_conn: { range: SWITCH, about: '1: connections end with their real server' },
  expire_quiescent_template: {
    range: SWITCH,
    about: '1: persistent clients leave a real server of weight 0',
  },
  lblc_expiration: { range: LONG, unit: 's', about: 'lblc forgets a destination unused for so long' },
  lblcr_expiration: {
    range: LONG,
    unit: 's',
    about: 'lblcr makes a set smaller that stayed as it is for so long',
  },
  run_estimation: { range: SWITCH, about: '0: counters and rates stand still' },
  schedule_icmp: { range: SWITCH, about: '1: ICMP errors without a connection are scheduled too' },
  secure_tcp: { range: MODE, about: 'stricter TCP states: 0 never, 1 and 2 automatic, 3 always' },
  sloppy_sctp: { range: SWITCH, about: '1: any SCTP packet but ABORT may begin a connection' },
  sloppy_tcp: { range: SWITCH, about: '1: any TCP packet but RST may begin a connection' },
  ip_unprivileged_port_start: {
    range: [0, 65_535],
    unit: 'port',
    about: 'ports from here on may be data connections of an FTP service',
  },
  icmp_ratelimit: { range: NUMBER, unit: 'ms', about: 'between ICMP answers to one client, 0 = no limit' },
  icmp_msgs_per_sec: { range: NUMBER, unit: 'packets/s', about: 'ICMP answers to all clients, 0 = no limit' },
  icmp_msgs_burst: { range: NUMBER, unit: 'packets', about: 'ICMP answers that may come at once' },
  handshake_sample: {
    range: [0, 16],
    about: "one in 2^n new TCP connections is timed for the histograms; xlvs's own, not the kernel's",
  },
}
/** The kernel does not have them: they stand without net.ipv4.vs. before them. */
const OWN: ReadonlySet<string> = new Set<TunableName>(['handshake_sample'])

const NAT = 'belongs to NAT, which xlvs does not do'
const TUNNELS = 'belongs to tunnels, which xlvs does not do'
const SYNC = 'belongs to the synchronisation of connections, which xlvs does not do'
const ESTIMATORS = "is about the kernel's estimator threads, which xlvs has no need of"
const SIZES = "sizes the kernel's hash tables; in xlvs limits does that"
/** The kernel's, and without a meaning here. */
const FOREIGN: ReadonlyMap<string, string> = new Map([
  ['backup_only', SYNC],
  ['conn_lfactor', SIZES],
  ['conntrack', NAT],
  ['debug_level', 'is for debugging builds of the kernel'],
  ['est_cpulist', ESTIMATORS],
  ['est_nice', ESTIMATORS],
  ['ignore_tunneled', TUNNELS],
  ['nat_icmp_send', NAT],
  ['pmtu_disc', TUNNELS],
  ['snat_reroute', NAT],
  ['svc_lfactor', SIZES],
  ['sync_persist_mode', SYNC],
  ['sync_ports', SYNC],
  ['sync_qlen_max', SYNC],
  ['sync_refresh_period', SYNC],
  ['sync_retries', SYNC],
  ['sync_sock_size', SYNC],
  ['sync_threshold', SYNC],
  ['sync_version', SYNC],
])

/** In the order of listings. */
export const TUNABLE_NAMES = Object.keys(ABOUT) as readonly TunableName[]
export const KERNEL_TUNABLES: readonly TunableName[] = TUNABLE_NAMES.filter((name) => !OWN.has(name))

export const TUNABLES = Object.fromEntries(
  TUNABLE_NAMES.map((name): [TunableName, Tunable] => [
    name,
    { ...ABOUT[name], default: DEFAULT_TUNABLES[name] },
  ]),
) as Readonly<Record<TunableName, Tunable>>

/** 'net.ipv4.vs.secure_tcp' -> 'secure_tcp'; a name that stands for itself stays. */
export function bareTunable(name: string): string {
  return name.replace(/^net[./]ipv4[./](?:vs[./])?/, '')
}

/** 'secure_tcp', 'net.ipv4.vs.secure_tcp' */
export function parseTunableName(text: string, subject?: string): Outcome<TunableName> {
  const wrong = tunableNameFault(text)
  return wrong ? refuse(wrong, subject) : succeed(bareTunable(text) as TunableName)
}

/** One value of `name`, as text. */
export function parseTunable(name: TunableName, text: string, subject?: string): Outcome<number> {
  const value = wholeNumber(text)
  const wrong = tunableFault(name, value)
  return wrong ? refuse(wrong, subject) : succeed(value as number)
}

export function tunableNameFault(text: string): Fault | undefined {
  const name = bareTunable(text)
  if (OWN.has(name) && text !== name)
    return { reason: `${name} is a tunable of xlvs, not of the kernel`, fix: `write ${name}` }
  if (TUNABLE_NAMES.some((known) => known === name)) return undefined
  const foreign = FOREIGN.get(name)
  if (foreign !== undefined) return { reason: `${name} ${foreign}`, fix: 'leave it out' }
  const meant = nearest(name, [...TUNABLE_NAMES, ...FOREIGN.keys()])
  const fix = meant === undefined || FOREIGN.has(meant) ? 'see `xlvs tune`' : `write ${meant}`
  return { reason: `unknown tunable ${quote(text)}`, fix }
}

export function tunableFault(name: TunableName, value: unknown): Fault | undefined {
  return rangeFault(name, value, TUNABLES[name].range)
}

/** The tunables with some of them changed; names with or without net.ipv4.vs. */
export function tuned(tunables: Tunables, edit: Readonly<Record<string, unknown>>): Outcome<Tunables> {
  const entries = Object.entries(edit).filter(([, value]) => value !== undefined)
  const problems = entries.flatMap(([text, value]) => {
    const name = bareTunable(text) as TunableName
    const wrong = tunableNameFault(text) ?? tunableFault(name, value) ?? againFault(text, edit)
    return wrong ? [{ subject: text, ...wrong }] : []
  })
  if (problems.length > 0) return fail(...problems)
  return succeed({
    ...tunables,
    ...Object.fromEntries(entries.map(([text, value]) => [bareTunable(text), value])),
  })
}

function againFault(text: string, edit: Readonly<Record<string, unknown>>): Fault | undefined {
  const name = bareTunable(text)
  if (text === name || edit[name] === undefined) return undefined
  return { reason: `tunable ${name} is there twice`, fix: 'keep one of them' }
}
