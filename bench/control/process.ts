// SPDX-License-Identifier: Apache-2.0
// What the kernel says of a process, and of the maps it made: CPU, memory, and which part of it is mapped kernel memory.
import { readdirSync, readFileSync } from 'node:fs'
import { openMap } from 'libbpf-ts'

const KIB = 1024

/** ns of CPU time of all threads that live. */
export function cpuNs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  return threads.reduce((sum, thread) => sum + runTime(readThread(pid, thread)), 0)
}

/** A thread may end between the listing and the look. */
function readThread(pid: number, thread: string): string {
  try {
    return readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8')
  } catch {
    return '0'
  }
}

/** The first of the three figures of schedstat. */
export function runTime(schedstat: string): number {
  return Number(schedstat.split(' ', 1)[0])
}

export interface Memory {
  /** bytes resident, now and at most so far; both with what is mapped of BPF maps, which is the kernel's */
  readonly resident: number
  readonly peak: number
  /** bytes of BPF maps among them */
  readonly mapped: number
}

export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return {
    resident: statusBytes(status, 'VmRSS'),
    peak: statusBytes(status, 'VmHWM'),
    mapped: mappedBytes(readFileSync(`/proc/${pid}/smaps`, 'utf8')),
  }
}

export function statusBytes(status: string, name: string): number {
  const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]
  if (kib === undefined) throw new Error(`/proc/PID/status has no ${name}`)
  return Number(kib) * KIB
}

/** Resident bytes of the mappings of BPF maps. */
export function mappedBytes(smaps: string): number {
  let [bytes, inMap] = [0, false]
  for (const line of smaps.split('\n')) {
    if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) inMap = line.endsWith('anon_inode:bpf-map')
    const kib = inMap ? /^Rss:\s+(\d+) kB$/.exec(line)?.[1] : undefined
    if (kib !== undefined) bytes += Number(kib) * KIB
  }
  return bytes
}

/** Bytes of kernel memory by name of the map. */
export function mapBytes(pinRoot: string): Readonly<Record<string, number>> {
  return Object.fromEntries(
    readdirSync(`${pinRoot}/maps`).map((name) => {
      const map = openMap(`${pinRoot}/maps/${name}`)
      try {
        return [name, chargedBytes(readFileSync(`/proc/self/fdinfo/${map.fd}`, 'utf8'))]
      } finally {
        map.close()
      }
    }),
  )
}

export function chargedBytes(fdinfo: string): number {
  const bytes = /^memlock:\s+(\d+)$/m.exec(fdinfo)?.[1]
  if (bytes === undefined) throw new Error('the kernel does not say what a map takes: fdinfo has no memlock')
  return Number(bytes)
}
