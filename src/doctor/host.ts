// SPDX-License-Identifier: Apache-2.0
// The host around the daemon: whether its clock can be trusted, and whether its checks have descriptors enough.
import type { Facts, HostFacts } from './facts.js'
import type { Finding } from './finding.js'
import type { World } from './gather.js'

/** Sockets that checks have open at the most (src/health), and what else a daemon holds. */
const IN_FLIGHT = 4_096
const OTHERS = 256

/** `pid`: the daemon's, if it answers; `checks`: how many it makes. */
export async function lookAtHost(world: World, pid: number | undefined, checks: number): Promise<HostFacts> {
  const [clock, limits] = await Promise.all([
    world.run('timedatectl', 'show', '--property=NTPSynchronized', '--value'),
    pid === undefined ? undefined : world.read(`/proc/${pid}/limits`),
  ])
  const most = limits?.ok ? readOpenFiles(limits.value) : undefined
  return {
    synchronised: clock?.trim() === 'yes' ? true : clock?.trim() === 'no' ? false : undefined,
    files: most === undefined ? undefined : { most, needed: OTHERS + Math.min(checks, IN_FLIGHT) },
  }
}

/** The soft limit of /proc/PID/limits; 'unlimited' is infinite. */
export function readOpenFiles(text: string): number | undefined {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(text)?.[1]
  if (soft === undefined) return undefined
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft)
}

export function judgeHost({ host: { synchronised, files }, unit }: Facts): readonly Finding[] {
  return [...clock(synchronised), ...(files === undefined ? [] : [descriptors(files, unit)])]
}

function clock(synchronised: boolean | undefined): readonly Finding[] {
  if (synchronised === undefined)
    return [
      { check: 'clock', level: 'green', says: 'not checked: timedatectl does not say whether it is set' },
    ]
  if (synchronised) return [{ check: 'clock', level: 'green', says: 'the clock is set by the network' }]
  const says = 'the clock is not set by the network: logs of two directors cannot be laid side by side'
  return [{ check: 'clock', level: 'yellow', says, fix: 'timedatectl set-ntp true' }]
}

function descriptors({ most, needed }: { most: number; needed: number }, unit: string | undefined): Finding {
  const room = most === Number.POSITIVE_INFINITY ? 'any number of' : String(most)
  if (most >= needed)
    return {
      check: 'limits',
      level: 'green',
      says: `the daemon may open ${room} files; ${needed} are enough`,
    }
  const says = `the daemon may open ${room} files, and its checks may want ${needed} at once`
  const where = unit === undefined ? `ulimit -n ${needed}, then start it again` : undefined
  return where === undefined
    ? { check: 'limits', level: 'red', says, fix: `systemctl edit ${unit}`, advice: `LimitNOFILE=${needed}` }
    : { check: 'limits', level: 'red', says, advice: where }
}
