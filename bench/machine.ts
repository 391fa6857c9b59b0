// SPDX-License-Identifier: Apache-2.0
// The machine a figure belongs to, and its clock: CPU time of this process.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { arch, constants, cpus, release, setPriority, totalmem, version } from 'node:os'

/** /proc/stat counts in ticks of USER_HZ, which is 100 on every architecture Linux has today. */
const TICK_MS = 10

export function stolenMs(): number {
  const [, ...fields] = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]?.split(/\s+/) ?? []
  return Number(fields[7] ?? 0) * TICK_MS
}

/** CPU time of this process: what others do meanwhile counts for the caches only. ns, by the microsecond. */
export function cpuNs(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) * 1000
}

/** This thread stays on one CPU, the last it may use, before all others that want it: another CPU has other caches. */
export function keepOneCpu(): void {
  const allowed = /Cpus_allowed_list:\s*(\S+)/.exec(readFileSync('/proc/thread-self/status', 'utf8'))?.[1]
  const last = allowed?.split(/[,-]/).at(-1)
  if (last === undefined) throw new Error('/proc/thread-self/status names no CPU')
  execFileSync('taskset', ['-p', '-c', last, String(process.pid)], { stdio: 'ignore' })
  setPriority(constants.priority.PRIORITY_HIGHEST)
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
