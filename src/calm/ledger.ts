// SPDX-License-Identifier: Apache-2.0
// The kernel's own books, read while nothing is under way: packets that left for the VIPs, packets that arrived, and
// packets that a queue of the virtual wire had no room for.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Stage } from './stage.js'

export interface Books {
  /** TCP segments and datagrams that clients sent, and the director (its checks) */
  readonly sent: number
  /** of those, what reached TCP or UDP in a real server, whether or not a socket had room for it */
  readonly arrived: number
  /** frames that an interface of the lab dropped: its queue was full */
  readonly wire: number
  /** segments that clients sent again */
  readonly again: number
}

/** Nothing is under way when the books have been the same for so long; ms. */
const STILL = 120
/** What is missing for so long is lost; longer than the first repetition of any segment takes. */
const LOST = 2_500

/** Waits until everything has arrived, or what has not is lost. */
export async function booksAtRest(stage: Stage): Promise<Books> {
  const began = performance.now()
  let books = readBooks(stage)
  for (let since = began; ; await sleep(20)) {
    const next = readBooks(stage)
    const rest = performance.now()
    if (next.sent !== books.sent || next.arrived !== books.arrived || next.wire !== books.wire) since = rest
    books = next
    const missing = books.sent - books.arrived - books.wire
    if (rest - since > STILL && (missing === 0 || rest - began > LOST)) return books
    if (rest - began > 30_000) throw new Error(`the traffic does not come to rest: ${JSON.stringify(books)}`)
  }
}

export function difference(before: Books, after: Books): Books {
  return {
    sent: after.sent - before.sent,
    arrived: after.arrived - before.arrived,
    wire: after.wire - before.wire,
    again: after.again - before.again,
  }
}

function readBooks({ servers, clients, idle }: Stage): Books {
  const at = [...clients.map(({ process }) => process.pid), idle.director.pid]
  const to = servers.map(({ process }) => process.pid)
  return {
    // what arrived is read first, so that it never exceeds what was sent
    arrived: sum(to, (pid) => {
      const counts = countsOf(pid)
      return (
        counts('Tcp', 'InSegs') +
        udp(counts, 'InDatagrams') +
        udp(counts, 'InErrors') +
        udp(counts, 'NoPorts')
      )
    }),
    sent: sum(at, (pid) => {
      const counts = countsOf(pid)
      // what is sent again is no part of OutSegs
      return counts('Tcp', 'OutSegs') + counts('Tcp', 'RetransSegs') + udp(counts, 'OutDatagrams')
    }),
    wire: sum([...at, ...to, idle.wire.pid], dropsOf),
    again: sum(at, (pid) => countsOf(pid)('Tcp', 'RetransSegs')),
  }
}

type Counts = (group: string, name: string) => number

function udp(counts: Counts, name: string): number {
  return counts('Udp', name) + counts('Udp6', name)
}

/** Of the network namespace of a process: /proc/PID/net/snmp and snmp6. TCP's are of both families. */
function countsOf(pid: number): Counts {
  const found = new Map<string, number>()
  const lines = readFileSync(`/proc/${pid}/net/snmp`, 'utf8').trim().split('\n')
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const [names, values] = [lines[i]?.split(' ') ?? [], lines[i + 1]?.split(' ') ?? []]
    for (const [k, name] of names.entries()) found.set(`${names[0]}${name}`, Number(values[k]))
  }
  for (const line of readFileSync(`/proc/${pid}/net/snmp6`, 'utf8').trim().split('\n')) {
    const [name = '', value] = line.split(/\s+/)
    found.set(name.replace(/^Udp6/, 'Udp6:'), Number(value))
  }
  return (group, name) => {
    const count = found.get(`${group}:${name}`)
    if (count === undefined) throw new Error(`the kernel does not count ${group} ${name}`)
    return count
  }
}

/** Dropped on the way in and out, of all interfaces: /proc/PID/net/dev. */
function dropsOf(pid: number): number {
  const lines = readFileSync(`/proc/${pid}/net/dev`, 'utf8').trim().split('\n').slice(2)
  return lines.reduce((all, line) => {
    const counts = (line.split(':')[1] ?? '').trim().split(/\s+/).map(Number)
    return all + (counts[3] ?? 0) + (counts[11] ?? 0)
  }, 0)
}

function sum(pids: readonly number[], of: (pid: number) => number): number {
  return pids.reduce((all, pid) => all + of(pid), 0)
}
