// SPDX-License-Identifier: Apache-2.0
// Runs in the guest: sets up the datapath, runs each series in rounds and says on the console what the kernel says they took.
// One CPU, one process, no timers but the kernel's.
import { readFileSync, writeSync } from 'node:fs'
import { release } from 'node:os'
import { enableRunStats, openObject } from 'libbpf-ts'
import { CASES, MANY, ROOM } from './cases.js'
import { mapBytes, programSizes } from './inventory.js'
import { type Line, MARK, type Order } from './plan.js'
import { openStage, type Series, trimmed } from './stage.js'

/** So few that most rounds see no tick of the kernel's clock, which is 4,000,000 instructions apart. */
const PACKETS = 512
/** of a case that looks at many real servers for each */
const FEW_PACKETS = 32
const ROUNDS = 5

function say(line: Line): void {
  writeSync(1, `${MARK}${JSON.stringify(line)}\n`)
}

let nextFresh = 2n ** 40n

/** The first round is not told: it makes what a flow's first packet or a template makes, and gives every real server a flow. */
function count({ id, subject, work, fresh, ready }: Series): void {
  const many = id.includes(`/${MANY} `)
  const packets = many ? FEW_PACKETS : PACKETS
  const rounds: number[] = []
  let wrong = 0
  for (let round = 0; round <= ROUNDS; round++) {
    const sent = round === 0 && many ? 2 * MANY : packets
    ready()
    subject.prepare(work, fresh ? nextFresh : 0n)
    if (fresh) nextFresh += BigInt(sent)
    const before = subject.spentNs()
    const lost = subject.run(sent)
    const spent = subject.spentNs() - before
    if (round === 0) continue
    rounds.push(spent / packets)
    wrong += lost
  }
  say({ series: id, packets, rounds, wrong })
}

/** What the kernel says 1,000 instructions take, in ns: two programs that differ by so many. */
function thousand(): number {
  const object = openObject(readFileSync('build/bench-bpf/beside.bpf.o'), { name: 'beside' }).load()
  const [idle, thousand] = ['idle', 'thousand'].map((name) => {
    const program = object.program(name)
    const { runTimeNs } = program.info()
    program.run({ data: new Uint8Array(60), repeat: PACKETS })
    return Math.round((program.info().runTimeNs - runTimeNs) / PACKETS)
  }) as [number, number]
  object.close()
  return thousand - idle
}

async function main(): Promise<void> {
  const { only, inventory } = JSON.parse(process.argv[2] ?? '') as Order
  const wanted = new RegExp(only)
  say({ kernel: release() })
  if (inventory) mapBytes().forEach(say)
  const stats = enableRunStats()
  say({ thousand: thousand() })
  const cases = CASES.filter(({ id }) => wanted.test(id))
  const stage = await openStage(trimmed(ROOM, cases), cases)
  for (const series of stage.series) count(series)
  stats.close()
  if (inventory) programSizes(stage.rig).forEach(say)
  say({ done: true })
}

try {
  await main()
} catch (error) {
  say({ error: (error as Error).stack ?? String(error) })
}
