// SPDX-License-Identifier: Apache-2.0
// What a new connection costs by scheduler and number of real servers: SYNs of flows that were never seen, all services in
// one datapath, interleaved round by round.

import { SCHEDULERS } from '../src/model/rules.js'
import type { SchedulerName } from '../src/model/types.js'
import { Rig, type ServiceWords } from '../test/bpf/rig.js'
import { load, type Subject } from './subjects.js'

const COUNTS = [1, 10, 100, 1000] as const
const ROUNDS = 7
const PACKETS = 1 << 13
const MEASURED: readonly SchedulerName[] = SCHEDULERS.filter((name) => name !== 'none')

/** min ns per packet beyond the harness, by scheduler, in the order of COUNTS */
export type SchedulerCosts = ReadonlyMap<SchedulerName, readonly number[]>

export async function costOfSchedulers(object: string, jiffy: number): Promise<SchedulerCosts> {
  const limits = { connections: 1 << 20, reals: 16_384, services: 128 }
  const rig = await Rig.open({ object, limits, manualClock: false })
  try {
    rig.apply(
      MEASURED.flatMap((scheduler, i) => COUNTS.map((count, k) => service(scheduler, vip(i, k), count))),
    )
    const program = load(rig, jiffy, 'subject')
    return measure(program('empty'), program('subject'))
  } finally {
    await rig.close()
  }
}

export function printSchedulers(costs: SchedulerCosts): void {
  console.log(`\nnew connection, ns by scheduler and real servers (min of ${ROUNDS} interleaved rounds)`)
  const cells = (values: readonly (number | string)[]) =>
    values.map((value) => String(value).padStart(8)).join('')
  console.log(`${''.padEnd(8)}${cells(COUNTS)}   ns per real server, 10 to 1000`)
  for (const [name, row] of costs) {
    const slope = ((row[3] as number) - (row[1] as number)) / 990
    console.log(`${name.padEnd(8)}${cells(row)}   ${slope.toFixed(2)}`)
  }
}

function measure(empty: Subject, subject: Subject): SchedulerCosts {
  const taken = new Map<string, number>()
  let first = 1n << 41n
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i] of MEASURED.entries()) {
      for (const [k] of COUNTS.entries()) {
        const work = { to: vip(i, k), flows: 1 << 30, flags: 'syn', first } as const
        const bare = empty.run({ ...work, expected: 'pass' }, PACKETS).ns
        const { ns, wrong } = subject.run({ ...work, expected: 'tx' }, PACKETS)
        if (wrong > 0)
          throw new Error(`${MEASURED[i]} with ${COUNTS[k]} real servers: ${wrong} SYNs went nowhere`)
        taken.set(`${i} ${k}`, Math.min(taken.get(`${i} ${k}`) ?? Number.POSITIVE_INFINITY, ns - bare))
        first += BigInt(PACKETS)
      }
    }
  }
  return new Map(MEASURED.map((name, i) => [name, COUNTS.map((_, k) => taken.get(`${i} ${k}`) as number)]))
}

function vip(scheduler: number, count: number): string {
  return `192.0.2.${1 + scheduler * COUNTS.length + count}`
}

/** Weights differ, or wrr would be rr. ovf's are beyond reach: a full server is passed over. */
function service(scheduler: SchedulerName, address: string, count: number): ServiceWords {
  const weight = (i: number) => (scheduler === 'ovf' ? 1_000_000 : 1 + (i % 8))
  const reals = Array.from({ length: count }, (_, i) => ({ address: host(i), weight: weight(i) }))
  return { vip: address, scheduler, reals }
}

function host(i: number): string {
  return `10.1.${i >> 7}.${1 + (i & 127)}`
}
