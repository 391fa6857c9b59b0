// SPDX-License-Identifier: Apache-2.0
// Sockets of health checks, and ping sockets among them, which the kernel gives to groups that it is told of.
import { readFileSync, writeFileSync } from 'node:fs'
import { BpfError, openSocket } from 'libbpf-ts'
import { fail } from '../model/describe.js'
import type { AddressText, Family, Outcome, Problem } from '../model/types.js'
import { problemOf } from './problems.js'

export interface ProbeSocket {
  readonly family: Family
  /** 'icmp': a ping socket */
  readonly type: 'tcp' | 'udp' | 'icmp'
  /** of a target; without, its packets go to where it is connected */
  readonly mark?: number
  /**
   * Where it sends from; port absent = one that no other socket has. A marked socket needs that: on the wire all
   * that asks one VIP has the same destination, and two connections with one port would be one flow.
   */
  readonly bind?: { readonly address: AddressText; readonly port?: number }
}

/** For both families. */
const PING_GROUPS = '/proc/sys/net/ipv4/ping_group_range'

export function openProbeSocket(spec: ProbeSocket): Outcome<number> {
  try {
    return { ok: true, value: open(spec) }
  } catch (error) {
    if (!(error instanceof BpfError)) throw error
    if (error.code === 'EACCES' && spec.type === 'icmp') return withPingGroup(spec)
    return { ok: false, problems: [refusal(error)] }
  }
}

function open({ family, type, mark, bind }: ProbeSocket): number {
  return openSocket({ family, type, ...(mark !== undefined && { mark }), ...(bind && { bind }) })
}

/** The range is widened so far that this process's group is in it, as keepalived does. */
function withPingGroup(spec: ProbeSocket): Outcome<number> {
  const group = process.getegid?.() ?? 0
  const wanted = widened(readFileSync(PING_GROUPS, 'utf8'), group)
  try {
    writeFileSync(PING_GROUPS, wanted)
    return { ok: true, value: open(spec) }
  } catch (error) {
    if (error instanceof BpfError) return { ok: false, problems: [refusal(error)] }
    const reason = `group ${group} may not open ping sockets, which ICMP checks need`
    return fail({ reason, fix: `sysctl -w net.ipv4.ping_group_range="${wanted}"` })
  }
}

/** `range`: as the kernel writes it, first and last group; the first greater than the last is nobody. */
export function widened(range: string, group: number): string {
  const [first = 1, last = 0] = range.trim().split(/\s+/).map(Number)
  if (first > last) return `${group} ${group}`
  return `${Math.min(first, group)} ${Math.max(last, group)}`
}

function refusal(error: BpfError): Problem {
  if (error.code === 'EADDRINUSE')
    return {
      reason: `no local port is free for a health check: ${error.message}`,
      fix: 'widen net.ipv4.ip_local_port_range, or check less often',
    }
  if (error.code === 'EMFILE' || error.code === 'ENFILE')
    return { reason: error.message, fix: 'raise LimitNOFILE of the service, or fs.file-max' }
  return problemOf(error)
}
