// SPDX-License-Identifier: Apache-2.0
// `make bench`: ns per packet of the datapath beside a floor and a control, interleaved in one run; ratios are the
// result, nanoseconds only their raw material.
import { cpus, release } from 'node:os'
import { jiffyNs } from 'libbpf-ts'
import { Rig } from '../test/bpf/rig.js'
import { costOfReasons, printCosts } from './reasons.js'
import { costOfSchedulers, printSchedulers } from './schedulers.js'
import { load, type Subject, type Work } from './subjects.js'
import { costOfTraces, printTraces } from './traces.js'

const ROUNDS = 11
const PACKETS = 1 << 18
const VIPS = { 4: '192.0.2.10', 6: '2001:db8:ffff::10' } as const
const REALS = {
  4: ['192.0.2.21', '192.0.2.22', '192.0.2.23', '192.0.2.24'],
  6: ['2001:db8:1::21', '2001:db8:1::22', '2001:db8:1::23', '2001:db8:1::24'],
} as const
const CONNECTIONS = 2_097_152
const OBJECT = 'build/bpf/xlvs.bpf.o'

type Row = Readonly<Record<string, { readonly min: number; readonly median: number; readonly wrong: number }>>

interface Case {
  readonly name: string
  readonly subjects: Readonly<Record<string, Subject>>
  readonly work: Work
  /** another first frame in every round: flows that were never seen */
  readonly fresh?: boolean
  readonly packets?: number
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1] as number
}

let nextFresh = 1n << 40n

/** All subjects of a case in turn, round by round; the empty harness is measured with them and subtracted. */
function measure({ subjects, work, fresh, packets = PACKETS }: Case): Row {
  const taken: Record<string, number[]> = {}
  const wrong: Record<string, number> = {}
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, subject] of Object.entries(subjects)) {
      const first = fresh ? nextFresh : 0n
      nextFresh += BigInt(packets)
      const expected = name === 'empty' ? 'pass' : work.expected
      const result = subject.run({ ...work, first, expected }, packets)
      taken[name] = [...(taken[name] ?? []), result.ns]
      wrong[name] = Math.max(wrong[name] ?? 0, result.wrong)
    }
  }
  const empty = taken['empty'] as number[]
  const row = ([name, values]: [string, number[]]) => {
    const minus = name === 'empty' ? [0, 0] : [Math.min(...empty), median(empty)]
    const [min, middle] = [Math.min(...values) - (minus[0] ?? 0), median(values) - (minus[1] ?? 0)]
    return [name, { min, median: middle, wrong: wrong[name] ?? 0 }] as const
  }
  return Object.fromEntries(Object.entries(taken).map(row))
}

const ratio = (row: Row, a: string, b: string) => (row[a]?.min ?? 0) / Math.max(row[b]?.min ?? 0, 1)

function print(name: string, row: Row, against: string, target: string): void {
  const cell = (subject: string) => {
    const figure = row[subject]
    return figure ? `${figure.min}–${figure.median}`.padStart(9) : ''.padStart(9)
  }
  const sure = Math.max(...Object.values(row).map(({ wrong }) => wrong))
  const times = against === 'control' ? ratio(row, 'control', 'xlvs') : ratio(row, 'xlvs', against)
  const how =
    against === 'control' ? `${times.toFixed(2)} × faster than control` : `${times.toFixed(2)} × ${against}`
  const note = sure > 0 ? `  (${sure} verdicts of another kind)` : ''
  console.log(
    `${name.padEnd(26)}${cell('floor')}${cell('xlvs')}${cell('control')}   ${how.padEnd(30)}${target}${note}`,
  )
}

async function main(): Promise<void> {
  const rig = await Rig.open({ object: OBJECT, limits: { connections: CONNECTIONS }, manualClock: false })
  try {
    rig.apply(
      ([4, 6] as const).map((family) => ({
        vip: VIPS[family],
        scheduler: 'wrr' as const,
        reals: REALS[family],
      })),
    )
    const jiffy = jiffyNs()
    const [full, least, hash] = [
      load(rig, jiffy, 'subject'),
      load(rig, jiffy, 'floor'),
      load(rig, jiffy, 'control', { lru: CONNECTIONS }),
    ]
    const xlvs = { empty: full('empty'), xlvs: full('subject') }
    const all = { ...xlvs, floor: least('subject'), control: hash('subject') }
    console.log(
      `ns per packet beyond the harness, min–median of ${ROUNDS} interleaved rounds; ${cpus().length} × ${cpus()[0]?.model}, Linux ${release()}`,
    )
    console.log(
      `${''.padEnd(26)}${'floor'.padStart(9)}${'xlvs'.padStart(9)}${'LRU_HASH'.padStart(9)}   ratio of the minima`,
    )
    for (const family of [4, 6] as const) {
      for (const [label, flows] of [
        ['1 flow', 1],
        ['64K flows', 1 << 16],
        ['1M flows', 1 << 20],
      ] as const) {
        const work = { to: VIPS[family], flows, expected: 'tx' } as const
        for (const flags of ['syn', 'ack', 'ack'] as const) {
          for (const name of ['xlvs', 'control'] as const) all[name].run({ ...work, flags }, flows)
        }
        const row = measure({
          name: label,
          subjects: all,
          work: { ...work, flags: 'ack' },
          packets: Math.max(PACKETS, flows),
        })
        print(`IPv${family} DR hit, ${label}`, row, 'floor', flows === 1 ? 'target 1.3' : '')
        if (flows > 1) print('', row, 'control', flows > 1 << 16 ? 'target 2.5' : '')
      }
    }
    const missed = { to: '192.0.2.99', flows: 1 << 16, flags: 'ack', expected: 'pass' } as const
    print(
      'not for a VIP',
      measure({ name: 'miss', subjects: { ...xlvs, floor: least('parsed') }, work: missed }),
      'floor',
      '',
    )
    const opened = { to: VIPS[4], flows: 1 << 30, flags: 'syn', expected: 'tx' } as const
    const fresh = measure({
      name: 'new',
      subjects: { ...xlvs, control: hash('subject') },
      work: opened,
      fresh: true,
    })
    print('new flow (wrr), full table', fresh, 'control', '')
  } finally {
    await rig.close()
  }
}

await main()
printTraces(await costOfTraces(OBJECT, jiffyNs()))
printSchedulers(await costOfSchedulers(OBJECT, jiffyNs()))
printCosts(await costOfReasons(OBJECT))
