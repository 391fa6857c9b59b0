// SPDX-License-Identifier: Apache-2.0
// Programs under test stay attached to interfaces nobody uses. The kernel's XDP dispatcher then knows them already; else every
// test run makes it forget and learn its program: 16 ms of waiting, 0.3 ms of work, and a cold start.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { attachXdp, type BpfProgram } from 'libbpf-ts'

/** The dispatcher knows no more; later ones would be called as if they were not held. */
const MOST = 48
const INTERFACES = '/sys/class/net'

export interface Holders {
  /** until what it returns is closed, or the program is */
  hold(program: BpfProgram): { close(): void }
  close(): void
}

export function openHolders(): Holders {
  clearOrphans()
  const pairs: string[] = []
  const free: number[] = []
  let held = 0
  return {
    hold(program) {
      if (held === MOST) throw new Error(`more than ${MOST} programs are measured at once`)
      const ifindex = free.pop() ?? another(pairs, free)
      const link = attachXdp(program, ifindex, { mode: 'generic' })
      held++
      return {
        close: () => {
          link.close()
          free.push(ifindex)
          held--
        },
      }
    },
    close: () => {
      for (const pair of pairs.splice(0)) remove(pair)
    },
  }
}

function another(pairs: string[], free: number[]): number {
  const name = `xb${process.pid}-${pairs.length}`
  execFileSync('ip', ['link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}p`])
  pairs.push(name)
  free.push(indexOf(`${name}p`))
  return indexOf(name)
}

function indexOf(name: string): number {
  return Number(readFileSync(`${INTERFACES}/${name}/ifindex`, 'utf8'))
}

/** Of runs that were killed. */
function clearOrphans(): void {
  for (const name of readdirSync(INTERFACES)) {
    const pid = /^xb(\d+)-\d+$/.exec(name)?.[1]
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) remove(name)
  }
}

function remove(name: string): void {
  execFileSync('ip', ['link', 'delete', name])
}
