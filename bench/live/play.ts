// SPDX-License-Identifier: Apache-2.0
// The rounds: every case and director has its turn before any has its next. After each the frames are counted, and one that
// is missing ends the run.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { faultOf, keep, type Measured, type Work } from './figures.js'
import { type Case, type Director, directorsOf, type Share, sharesOf } from './plan.js'
import { linkOf, type Rig } from './rig.js'
import type { Senders } from './senders.js'

/** Rounds of a series, disturbed ones included, are at most so many times the wanted ones; */
const BOUND = 3
/** and beyond this many ms none is repeated. */
const LONG_ENOUGH = 90_000
/** ms for the last frames to come to their end, should a soft interrupt have been put off */
const PATIENCE = 2000
/** /proc/stat counts in ticks of USER_HZ */
const TICK_MS = 10

/** Where its frames are counted. */
const END = { stop: 'stopped', swap: 'returned', line: 'returned', xlvs: 'delivered' } as const

interface Turn {
  readonly each: Case
  readonly director: Director
  readonly shares: readonly Share[]
  readonly packets: number
}

interface Series {
  readonly each: Case
  readonly director: Director
  readonly measured: Measured[]
}

export async function play(
  rig: Rig,
  senders: Senders,
  cases: readonly Case[],
  cpus: readonly number[],
  { rounds, packets }: { readonly rounds: number; readonly packets: number },
): Promise<readonly Measured[]> {
  const started = performance.now()
  const all = cases.flatMap((each) =>
    directorsOf(each).map((director): Series => ({ each, director, measured: [] })),
  )
  const wants = ({ measured }: Series) =>
    measured.length < rounds ||
    (measured.length < BOUND * rounds &&
      performance.now() - started < LONG_ENOUGH &&
      keep(measured).kept.length < rounds)
  let unseen = 2 ** 20
  for (let round = 0, left = all; left.length > 0; left = all.filter(wants), round++) {
    tell(`round ${round + 1}, ${left.length} of ${all.length}`)
    for (const { each, director, measured } of left) {
      const shares = sharesOf(each, cpus, measured.length, packets, unseen)
      unseen += each.flows === undefined ? shares.length * packets : 0
      const turn = { each, director, shares, packets }
      if (director === 'xlvs') await prepare(rig, senders, turn)
      const taken = await send(rig, senders, turn)
      const fault = faultOf(taken)
      if (fault !== undefined) throw new Error(fault)
      measured.push(taken)
    }
  }
  tell('')
  return all.flatMap(({ measured }) => measured)
}

function tell(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

/** Nothing is known when new flows come; known flows are made known by the CPUs that send them. */
async function prepare(rig: Rig, senders: Senders, turn: Turn): Promise<void> {
  const { flows } = turn.each
  if (flows === undefined) rig.forget()
  else await send(rig, senders, { ...turn, packets: flows }, false)
}

async function send(rig: Rig, senders: Senders, turn: Turn, together = true): Promise<Measured> {
  const { each, director, shares, packets } = turn
  const kind = each.flows === undefined ? 'fresh' : 'known'
  const counted = () => shares.map(({ cpu }) => rig.forwarded(cpu)[kind])
  const [before, stolen] = [counted(), stolenMs()]
  const rest = { link: linkOf(director), port: each.service.port, packets, together }
  await senders.send(shares.map((share) => ({ ...share, ...rest })))
  const stole = stolenMs() - stolen
  await allEnded(rig, turn)
  const after = counted()
  const work = shares.map(({ cpu }, i): Work => {
    const read = (count: Parameters<typeof rig.lanes.read>[1]) => rig.lanes.read(cpu, count)
    const own = director === 'xlvs' ? { counted: (after[i] ?? 0) - (before[i] ?? 0) } : {}
    const times = { start: read('start'), until: read('until'), waited: read('waited') }
    return {
      cpu,
      sent: read('sent'),
      ended: read(END[director]),
      ...times,
      deferred: read('deferred'),
      ...own,
    }
  })
  return { id: each.id, director, work, stolen: stole }
}

/** They are, unless a soft interrupt was put off; frames that do not come are for faultOf() to tell. */
async function allEnded(rig: Rig, { director, shares }: Turn): Promise<void> {
  const missing = () =>
    shares.reduce((sum, { cpu }) => sum + rig.lanes.read(cpu, 'sent') - rig.lanes.read(cpu, END[director]), 0)
  for (const until = performance.now() + PATIENCE; missing() > 0 && performance.now() < until; )
    await sleep(5)
}

/** What the hypervisor took from all CPUs. */
function stolenMs(): number {
  const [, ...fields] = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]?.split(/\s+/) ?? []
  return Number(fields[7] ?? 0) * TICK_MS
}
