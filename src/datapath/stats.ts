// SPDX-License-Identifier: Apache-2.0
// Counters: CPU-major rows that only their CPU writes, summed here. Sums stay 64 bits wide.
import {
  Limit,
  RealStats_OFFSETS,
  RealStats_SIZE,
  Reason,
  ReasonClass,
  ReasonNames,
  ServiceInfo_OFFSETS,
  ServiceInfo_SIZE,
} from '../abi/generated.js'
import type { Maps } from './maps.js'
import type { Action, Counters, Handshakes, RealCounters, ReasonName, TotalsSnapshot } from './types.js'

const REAL_WORDS = RealStats_SIZE / 8
const PACKETS = RealStats_OFFSETS.packets / 8
const BYTES = RealStats_OFFSETS.bytes / 8
const CONNECTIONS = RealStats_OFFSETS.connections / 8
/** retries in its lower half, handshakes in its upper one */
const HANDSHAKES = RealStats_OFFSETS.retries / 8
const VERDICT_WORDS = 2
const TOTALS_WORDS = 8

/** [packets, bytes, connections] of one real server. */
export function realStats(maps: Maps, cpus: number, id: number): RealCounters {
  const words = maps.realStats
  const rows = maps.sizes.reals
  let [packets, bytes, connections] = [0n, 0n, 0n]
  for (let cpu = 0; cpu < cpus; cpu++) {
    const at = (cpu * rows + id) * REAL_WORDS
    if (words[at + PACKETS] === 0n && words[at + CONNECTIONS] === 0n) continue
    packets = BigInt.asUintN(64, packets + (words[at + PACKETS] as bigint))
    bytes = BigInt.asUintN(64, bytes + (words[at + BYTES] as bigint))
    connections = BigInt.asUintN(64, connections + (words[at + CONNECTIONS] as bigint))
  }
  return { packets, bytes, connections }
}

/** Of one real server, both modulo 2^32: look at differences. */
export function handshakesOf(maps: Maps, cpus: number, id: number): Handshakes {
  let [retries, handshakes] = [0, 0]
  for (let cpu = 0; cpu < cpus; cpu++) {
    const word = maps.realStats[(cpu * maps.sizes.reals + id) * REAL_WORDS + HANDSHAKES] as bigint
    retries += Number(word & 0xffffffffn)
    handshakes += Number(word >> 32n)
  }
  return { retries: retries >>> 0, handshakes: handshakes >>> 0 }
}

/** What real servers that are gone have counted for their service. */
export function retiredStats(maps: Maps, service: number): RealCounters {
  const at = service * ServiceInfo_SIZE
  return {
    packets: maps.serviceInfo.getBigUint64(at + ServiceInfo_OFFSETS.packets, true),
    bytes: maps.serviceInfo.getBigUint64(at + ServiceInfo_OFFSETS.bytes, true),
    connections: maps.serviceInfo.getBigUint64(at + ServiceInfo_OFFSETS.connections, true),
  }
}

/** A real server goes: its service keeps its counts, so that they never go back; its rows start from zero. */
export function retireStats(maps: Maps, cpus: number, id: number, service: number): void {
  const sum = addCounters(retiredStats(maps, service), realStats(maps, cpus, id))
  const at = service * ServiceInfo_SIZE
  maps.serviceInfo.setBigUint64(at + ServiceInfo_OFFSETS.packets, sum.packets, true)
  maps.serviceInfo.setBigUint64(at + ServiceInfo_OFFSETS.bytes, sum.bytes, true)
  maps.serviceInfo.setBigUint64(at + ServiceInfo_OFFSETS.connections, sum.connections, true)
  clearStats(maps, cpus, id)
}

/** Nobody counts for it at this moment: it gets no packets. */
export function clearStats(maps: Maps, cpus: number, id: number): void {
  for (let cpu = 0; cpu < cpus; cpu++) {
    const row = (cpu * maps.sizes.reals + id) * REAL_WORDS
    maps.realStats.fill(0n, row, row + REAL_WORDS)
  }
}

export function addCounters(a: RealCounters, b: RealCounters): RealCounters {
  return {
    packets: a.packets + b.packets,
    bytes: a.bytes + b.bytes,
    connections: a.connections + b.connections,
  }
}

/** Row of reason -> counts, for one block of rows. */
export function verdictRows(maps: Maps, cpus: number, slot: number): Counters[] {
  return sumVerdicts(maps, cpus, slot, slot + 1)
}

/** Packets by reason, all interfaces together. */
export function reasonsOf(maps: Maps, cpus: number, interfaces: number): Record<ReasonName, Counters> {
  return byReason(sumVerdicts(maps, cpus, 0, interfaces))
}

/** Blocks of rows from one up to another; most rows are 0, and to see that costs no bigint. */
function sumVerdicts(maps: Maps, cpus: number, first: number, end: number): Counters[] {
  const sums: Counters[] = Array.from({ length: Limit.REASONS }, () => NONE)
  const words = halves(maps.verdicts)
  const rows = maps.sizes.verdicts / cpus
  for (let cpu = 0; cpu < cpus; cpu++)
    for (let row = first * Limit.REASONS; row < end * Limit.REASONS; row++) {
      const at = (cpu * rows + row) * VERDICT_WORDS
      if (words[2 * at] === 0 && words[2 * at + 1] === 0) continue
      const reason = row % Limit.REASONS
      const seen = { packets: maps.verdicts[at] as bigint, bytes: maps.verdicts[at + 1] as bigint }
      sums[reason] = add(sums[reason] as Counters, seen)
    }
  return sums
}

/** 64-bit words as halves, the lower first: to look at one makes no bigint. */
export function halves({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint32Array {
  return new Uint32Array(buffer, byteOffset, Math.floor(byteLength / 4))
}

/** Every reason by name, redirected packets with the reason they were forwarded for. */
export function byReason(rows: readonly Counters[]): Record<ReasonName, Counters> {
  const found: Record<ReasonName, Counters> = {}
  for (const [number, name] of REASONS) {
    const redirected = isForward(number) ? rows[number + Reason.FORWARD_REDIRECTED] : undefined
    found[name] = redirected ? add(rows[number] ?? NONE, redirected) : (rows[number] ?? NONE)
  }
  return found
}

export function byAction(rows: readonly Counters[]): Record<Action, Counters> {
  const found: Record<Action, Counters> = { pass: NONE, tx: NONE, redirect: NONE, drop: NONE }
  for (const [reason, counters] of rows.entries()) {
    if (counters.packets === 0n) continue
    const action = actionOf(reason)
    found[action] = add(found[action], counters)
  }
  return found
}

export function sumRows(all: readonly (readonly Counters[])[]): Counters[] {
  return Array.from({ length: Limit.REASONS }, (_, reason) =>
    all.reduce<Counters>((sum, rows) => add(sum, rows[reason] ?? NONE), NONE),
  )
}

export function readTotals(maps: Maps, cpus: number): TotalsSnapshot {
  const sum = (word: number) => {
    let total = 0n
    for (let cpu = 0; cpu < cpus; cpu++) total += maps.totals[cpu * TOTALS_WORDS + word] as bigint
    return total
  }
  return {
    connsCreated: sum(0),
    connsExpired: sum(1),
    connsEvicted: sum(2),
    connsUnstored: sum(3),
    templatesCreated: sum(4),
    templatesExpired: sum(5),
    templatesEvicted: sum(6),
    templatesUnstored: sum(7),
  }
}

const NONE: Counters = { packets: 0n, bytes: 0n }

const REASONS: readonly (readonly [number, ReasonName])[] = Object.entries(ReasonNames)
  .map(([number, name]) => [Number(number), name.toLowerCase()] as const)
  .filter(([number]) => number !== Reason.FORWARD_END)

function add(a: Counters, b: Counters): Counters {
  return { packets: a.packets + b.packets, bytes: a.bytes + b.bytes }
}

function isForward(reason: number): boolean {
  return reason >= Reason.FORWARD_CONN && reason < Reason.FORWARD_END
}

function actionOf(reason: number): Action {
  if (reason < Reason.FORWARD_CONN) return 'pass'
  // answered: the director's own message goes back where the packet came from
  if (reason >= ReasonClass.REASON_ANSWER) return 'tx'
  if (reason >= Reason.DROP_NO_REAL) return 'drop'
  return reason >= Reason.FORWARD_CONN + Reason.FORWARD_REDIRECTED ? 'redirect' : 'tx'
}
