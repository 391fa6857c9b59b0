// SPDX-License-Identifier: Apache-2.0
// Runs in the guest: sets up each group's datapath, runs each series of it in rounds and says on the console what the kernel
// says they took. One CPU, one process, no timers but the kernel's.
import { readFileSync, writeSync } from 'node:fs'
import { release } from 'node:os'
import { enableRunStats, jiffyNs } from 'libbpf-ts'
import type { Case, Group } from '../cases.js'
import type { Series } from '../harness.js'
import { openStage } from '../stage.js'
import { GROUPS } from './cases.js'
import { thousand } from './clock.js'
import { type Line, MARK, type Order } from './plan.js'

const CLOCK = '/sys/devices/system/clocksource/clocksource0/current_clocksource'
/** So few that most rounds see no tick of the kernel's clock, which is 4,000,000 instructions apart. */
const PACKETS = 512
const ROUNDS = 7

function say(line: Line): void {
  writeSync(1, `${MARK}${JSON.stringify(line)}\n`)
}

/** The first round is not told: it makes what a flow's first packet or a template makes. */
function count(series: Series, group: string): void {
  const packets = Math.min(PACKETS, series.most ?? PACKETS)
  const rounds: number[] = []
  let wrong = 0
  for (let round = 0; round <= ROUNDS; round++) {
    series.before?.(packets)
    const before = series.spentNs?.() ?? 0
    const lost = series.run(packets)
    const spent = (series.spentNs?.() ?? 0) - before
    series.after?.()
    if (round === 0) continue
    rounds.push(spent / packets)
    wrong += lost
  }
  say({ series: series.id, group, packets, rounds, wrong })
}

/** To set up thousands of real servers takes the guest longest, so a service that no case sends to has one. */
function trimmed(group: Group, cases: readonly Case[]): Group {
  const wanted = new Set<string | undefined>(cases.map(({ work }) => work.to))
  const services = group.services.map((service) =>
    wanted.has(service.vip) ? service : { ...service, reals: service.reals.slice(0, 1) },
  )
  return { ...group, services }
}

async function main(): Promise<void> {
  const { only } = JSON.parse(process.argv[2] ?? '') as Order
  const wanted = new RegExp(only)
  say({ kernel: release(), clock: readFileSync(CLOCK, 'utf8').trim() })
  const stats = enableRunStats()
  say({ thousand: thousand() })
  for (const group of GROUPS) {
    const cases = group.cases.filter(({ id }) => wanted.test(id))
    if (cases.length === 0) continue
    const stage = await openStage(trimmed(group, cases), cases, jiffyNs())
    for (const series of stage.series) count(series, group.name)
    await stage.close()
  }
  stats.close()
  say({ done: true })
}

try {
  await main()
} catch (error) {
  say({ error: (error as Error).stack ?? String(error) })
}
