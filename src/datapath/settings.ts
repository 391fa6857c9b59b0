// SPDX-License-Identifier: Apache-2.0
// The settings that packets read: timeouts by state, IPVS's sysctls, the peers. Times are seconds here, ticks there.
import { macToBytes } from '../abi/address.js'
import { Clock, Family, Mac_SIZE, Proto, Settings_OFFSETS, State, Tunable } from '../abi/generated.js'
import {
  DEFAULT_TIMEOUTS,
  DEFAULT_TUNABLES,
  type MacText,
  type Protocol,
  type Timeouts,
  type TunableName,
  type Tunables,
} from '../model/types.js'
import type { DirectoryName } from '../plan/actual.js'
import { type Maps, store32 } from './maps.js'
import type { Defence } from './types.js'

/** Where each directory's {line, mask} stands in the settings. */
export const DIRECTORY_OFFSET: Readonly<Record<DirectoryName, number>> = {
  vips4: Settings_OFFSETS.vips + 8 * Family.IPV4,
  vips6: Settings_OFFSETS.vips + 8 * Family.IPV6,
  tcp: Settings_OFFSETS.services + 8 * Proto.TCP,
  udp: Settings_OFFSETS.services + 8 * Proto.UDP,
  sctp: Settings_OFFSETS.services + 8 * Proto.SCTP,
}

/** The same of each protocol's marks, with their number in place of the mask. */
export const MARKS_OFFSET: Readonly<Record<Protocol, number>> = {
  tcp: Settings_OFFSETS.marks + 8 * Proto.TCP,
  udp: Settings_OFFSETS.marks + 8 * Proto.UDP,
  sctp: Settings_OFFSETS.marks + 8 * Proto.SCTP,
}

/** ns */
const TICK = 2 ** Clock.TICK_SHIFT
const FRAGMENT_SECONDS = 30

/**
 * IPVS's timeouts in seconds (net/netfilter/ipvs/ip_vs_proto_*.c); `ipvsadm --set` changes three more. What an ICMP
 * error began runs through no state machine and keeps the 3 seconds that every entry is made with.
 */
const STATE_SECONDS: readonly (readonly [state: number, seconds: number])[] = [
  [State.TCP_NONE, 3],
  [State.TCP_SYN_SENT, 120],
  [State.TCP_SYN_RECV, 60],
  [State.TCP_TIME_WAIT, 120],
  [State.TCP_CLOSE, 10],
  [State.TCP_CLOSE_WAIT, 60],
  [State.TCP_LAST_ACK, 30],
  [State.TCP_LISTEN, 120],
  [State.TCP_SYNACK, 120],
  [State.UDP_BEGUN, 3],
  [State.SCTP_NONE, 3],
  [State.SCTP_INIT1, 4],
  [State.SCTP_INIT, 61],
  [State.SCTP_COOKIE_SENT, 61],
  [State.SCTP_COOKIE_REPLIED, 61],
  [State.SCTP_COOKIE_WAIT, 61],
  [State.SCTP_COOKIE, 61],
  [State.SCTP_COOKIE_ECHOED, 61],
  [State.SCTP_ESTABLISHED, 900],
  [State.SCTP_SHUTDOWN_SENT, 61],
  [State.SCTP_SHUTDOWN_RECEIVED, 61],
  [State.SCTP_SHUTDOWN_ACK_SENT, 61],
  [State.SCTP_REJECTED, 4],
  [State.SCTP_CLOSED, 61],
]
const SET_STATE: Readonly<Record<keyof Timeouts, number>> = {
  tcp: State.TCP_ESTABLISHED,
  tcpfin: State.TCP_FIN_WAIT,
  udp: State.UDP_NORMAL,
}

const TUNABLE: Readonly<Record<TunableName, number>> = {
  am_droprate: Tunable.TUNE_AM_DROPRATE,
  amemthresh: Tunable.TUNE_AMEMTHRESH,
  cache_bypass: Tunable.TUNE_CACHE_BYPASS,
  conn_reuse_mode: Tunable.TUNE_CONN_REUSE_MODE,
  drop_entry: Tunable.TUNE_DROP_ENTRY,
  drop_packet: Tunable.TUNE_DROP_PACKET,
  expire_nodest_conn: Tunable.TUNE_EXPIRE_NODEST_CONN,
  expire_quiescent_template: Tunable.TUNE_EXPIRE_QUIESCENT_TEMPLATE,
  lblc_expiration: Tunable.TUNE_LBLC_EXPIRATION,
  lblcr_expiration: Tunable.TUNE_LBLCR_EXPIRATION,
  run_estimation: Tunable.TUNE_RUN_ESTIMATION,
  schedule_icmp: Tunable.TUNE_SCHEDULE_ICMP,
  secure_tcp: Tunable.TUNE_SECURE_TCP,
  sloppy_sctp: Tunable.TUNE_SLOPPY_SCTP,
  sloppy_tcp: Tunable.TUNE_SLOPPY_TCP,
  ip_unprivileged_port_start: Tunable.TUNE_IP_UNPRIVILEGED_PORT_START,
  icmp_ratelimit: Tunable.TUNE_ICMP_RATELIMIT,
  icmp_msgs_per_sec: Tunable.TUNE_ICMP_MSGS_PER_SEC,
  icmp_msgs_burst: Tunable.TUNE_ICMP_MSGS_BURST,
  handshake_sample: Tunable.TUNE_HANDSHAKE_SAMPLE,
}
const TUNABLES = Object.entries(TUNABLE) as [TunableName, number][]

/** Rounded up: nothing expires early. */
export function ticksOf(seconds: number): number {
  return Math.ceil((seconds * 1e9) / TICK)
}

/** The inverse of ticksOf for whole seconds. */
export function secondsOf(ticks: number): number {
  return Math.floor((ticks * TICK) / 1e9)
}

export function writeFreshSettings(settings: DataView, seed: bigint): void {
  settings.setBigUint64(Settings_OFFSETS.seed, seed, true)
  for (const [state, seconds] of STATE_SECONDS) setTimeout32(settings, state, seconds)
  writeTimeouts(settings, DEFAULT_TIMEOUTS)
  writeTunables(settings, DEFAULT_TUNABLES)
  settings.setUint32(Settings_OFFSETS.fragmentTimeout, ticksOf(FRAGMENT_SECONDS), true)
  settings.setUint32(Settings_OFFSETS.nextOrder, 1, true)
  settings.setUint32(Settings_OFFSETS.nextEpoch, 1, true)
}

export function writeTimeouts(settings: DataView, timeouts: Timeouts): void {
  for (const name of ['tcp', 'tcpfin', 'udp'] as const)
    setTimeout32(settings, SET_STATE[name], timeouts[name])
}

export function readTimeouts(settings: DataView): Timeouts {
  const of = (name: keyof Timeouts) => secondsOf(timeoutTicks(settings, SET_STATE[name]))
  return { tcp: of('tcp'), tcpfin: of('tcpfin'), udp: of('udp') }
}

export function writeTunables(settings: DataView, tunables: Tunables): void {
  for (const [name, number] of TUNABLES) store32(settings, tunableAt(number), tunables[name])
}

export function readTunables(settings: DataView): Tunables {
  const values = TUNABLES.map(
    ([name, number]) => [name, settings.getUint32(tunableAt(number), true)] as const,
  )
  return Object.fromEntries(values) as Tunables
}

export function writeDefence(settings: DataView, { secureTcp, dropRate, dropCounter }: Defence): void {
  store32(settings, Settings_OFFSETS.secureTcp, secureTcp ? 1 : 0)
  if (dropCounter !== undefined) store32(settings, Settings_OFFSETS.dropCounter, dropCounter)
  store32(settings, Settings_OFFSETS.dropRate, dropRate)
}

/** Ticks after which a connection in that state is over. */
export function timeoutTicks(settings: DataView, state: number): number {
  return settings.getUint32(Settings_OFFSETS.timeout + 4 * state, true)
}

/** Packets look for peers before there is one, and as long as there is one. */
export function writePeers({ settings, handles: { peers } }: Maps, macs: readonly MacText[]): void {
  const wanted = new Set(macs)
  if (wanted.size > 0) store32(settings, Settings_OFFSETS.alone, 0)
  for (const mac of wanted) peers.update(peerKey(mac), new Uint8Array(peers.valueSize).fill(1, 0, 1))
  const gone: Uint8Array[] = []
  const kept = new Set([...wanted].map((mac) => peerKey(mac).join()))
  for (let key = peers.nextKey(); key !== undefined; key = peers.nextKey(key)) {
    if (!kept.has(key.join())) gone.push(key)
  }
  for (const key of gone) peers.delete(key)
  if (wanted.size === 0) store32(settings, Settings_OFFSETS.alone, 1)
}

/** What another controller left, one that knew nothing of it too. */
export function notePeers({ settings, handles: { peers } }: Maps): void {
  store32(settings, Settings_OFFSETS.alone, peers.nextKey() === undefined ? 1 : 0)
}

function tunableAt(number: number): number {
  return Settings_OFFSETS.tunable + 4 * number
}

function setTimeout32(settings: DataView, state: number, seconds: number): void {
  store32(settings, Settings_OFFSETS.timeout + 4 * state, ticksOf(seconds))
}

function peerKey(mac: MacText): Uint8Array {
  const key = new Uint8Array(Mac_SIZE)
  key.set(macToBytes(mac))
  return key
}
