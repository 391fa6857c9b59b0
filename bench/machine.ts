// SPDX-License-Identifier: Apache-2.0
// The machine a figure belongs to, and its clock: CPU time of this process, who took the CPU away, what the hypervisor stole.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { arch, cpus, release, totalmem, version } from 'node:os'
import type { Taken } from './harness.js'

/** /proc/stat counts in ticks of USER_HZ, which is 100 on every architecture Linux has today. */
const TICK_MS = 10

function stolenMs(): number {
  const [, ...fields] = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]?.split(/\s+/) ?? []
  return Number(fields[7] ?? 0) * TICK_MS
}

export function timed(work: () => void): Taken {
  const stolen = stolenMs()
  const { involuntaryContextSwitches } = process.resourceUsage()
  const cpu = process.cpuUsage()
  work()
  const spent = process.cpuUsage(cpu)
  return {
    cpuNs: (spent.user + spent.system) * 1000,
    switches: process.resourceUsage().involuntaryContextSwitches - involuntaryContextSwitches,
    stolenMs: stolenMs() - stolen,
  }
}

export interface Machine {
  readonly machine: string
  readonly cpu: string
  /** as `L1d 32K`, of the first CPU */
  readonly caches: readonly string[]
  readonly memoryMiB: number
  readonly kernel: string
  readonly commit: string
  readonly flags: readonly string[]
  /** ISO 8601, UTC */
  readonly date: string
}

export function machineOf(flags: readonly string[], now: Date): Machine {
  const all = cpus()
  return {
    machine:
      `${read('/sys/class/dmi/id/sys_vendor')} ${read('/sys/class/dmi/id/product_name')}`.trim() || arch(),
    cpu: `${all.length} × ${all[0]?.model.trim() ?? arch()}`,
    caches: caches('/sys/devices/system/cpu/cpu0/cache'),
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    kernel: `Linux ${release()} ${arch()} ${version()}`,
    commit: commit(),
    flags,
    date: now.toISOString(),
  }
}

function read(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : ''
}

function caches(folder: string): readonly string[] {
  const indexes = existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith('index')) : []
  return indexes.sort().map((index) => {
    const of = (what: string) => read(`${folder}/${index}/${what}`)
    const kind = { Data: 'd', Instruction: 'i' }[of('type')] ?? ''
    return `L${of('level')}${kind} ${of('size')}`
  })
}

/** What is measured beside HEAD is said: figures of a changed tree belong to no commit. */
function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim()
  try {
    const changed = git('status', '--porcelain', '--', 'bpf', 'src', 'bench', 'native/src', 'native/addon')
    return git('rev-parse', '--short=10', 'HEAD') + (changed === '' ? '' : '-changed')
  } catch {
    return 'no-commit'
  }
}
