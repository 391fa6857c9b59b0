// SPDX-License-Identifier: Apache-2.0
// The settings that packets read: timeouts by state, IPVS's sysctls, the peers. Times are seconds here, ticks there.
import type { BpfMap } from 'libbpf-ts'
import { macToBytes } from '../abi/address.js'
import { Clock, Mac_SIZE, Settings_OFFSETS, State } from '../abi/generated.js'
import { DEFAULT_TIMEOUTS, type MacText, type Timeouts } from '../model/types.js'
import { store32 } from './maps.js'

/** ns */
const TICK = 2 ** Clock.TICK_SHIFT
const FRAGMENT_SECONDS = 30

/** IPVS's timeouts in seconds (net/netfilter/ipvs/ip_vs_proto_tcp.c); `ipvsadm --set` changes three of them. */
const STATE_SECONDS: readonly (readonly [state: number, seconds: number])[] = [
  [State.TCP_NONE, 2],
  [State.TCP_SYN_SENT, 120],
  [State.TCP_SYN_RECV, 60],
  [State.TCP_TIME_WAIT, 120],
  [State.TCP_CLOSE, 10],
  [State.TCP_CLOSE_WAIT, 60],
  [State.TCP_LAST_ACK, 30],
  [State.TCP_LISTEN, 120],
  [State.TCP_SYNACK, 120],
]
const SET_STATE: Readonly<Record<keyof Timeouts, number>> = {
  tcp: State.TCP_ESTABLISHED,
  tcpfin: State.TCP_FIN_WAIT,
  udp: State.UDP_NORMAL,
}

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
  settings.setUint32(Settings_OFFSETS.connReuseMode, 1, true)
  settings.setUint32(Settings_OFFSETS.fragmentTimeout, ticksOf(FRAGMENT_SECONDS), true)
  settings.setUint32(Settings_OFFSETS.nextOrder, 1, true)
}

export function writeTimeouts(settings: DataView, timeouts: Timeouts): void {
  for (const name of ['tcp', 'tcpfin', 'udp'] as const)
    setTimeout32(settings, SET_STATE[name], timeouts[name])
}

export function readTimeouts(settings: DataView): Timeouts {
  const of = (name: keyof Timeouts) => secondsOf(timeoutTicks(settings, SET_STATE[name]))
  return { tcp: of('tcp'), tcpfin: of('tcpfin'), udp: of('udp') }
}

/** Ticks after which a connection in that state is over. */
export function timeoutTicks(settings: DataView, state: number): number {
  return settings.getUint32(Settings_OFFSETS.timeout + 4 * state, true)
}

export function writePeers(peers: BpfMap, macs: readonly MacText[]): void {
  const wanted = new Set(macs)
  for (const mac of wanted) peers.update(peerKey(mac), new Uint8Array(peers.valueSize).fill(1, 0, 1))
  const gone: Uint8Array[] = []
  const kept = new Set([...wanted].map((mac) => peerKey(mac).join()))
  for (let key = peers.nextKey(); key !== undefined; key = peers.nextKey(key)) {
    if (!kept.has(key.join())) gone.push(key)
  }
  for (const key of gone) peers.delete(key)
}

function setTimeout32(settings: DataView, state: number, seconds: number): void {
  store32(settings, Settings_OFFSETS.timeout + 4 * state, ticksOf(seconds))
}

function peerKey(mac: MacText): Uint8Array {
  const key = new Uint8Array(Mac_SIZE)
  key.set(macToBytes(mac))
  return key
}
