// SPDX-License-Identifier: Apache-2.0
// Runs in the guest: sets up the datapath, tells where the code of each program is, and runs its rounds while the host logs them.
import { execFileSync } from 'node:child_process'
import { openSync, readSync, writeSync } from 'node:fs'
import { release } from 'node:os'
import { enableRunStats } from 'libbpf-ts'
import { harnessId, seriesId } from '../series-names.js'
import { CASES, MANY, ROOM } from './cases.js'
import { MARK } from './plan.js'
import { codeOf } from './profile-code.js'
import { DUMPER, PORT, PROFILED, type ProfileLine, ROUNDS } from './profile-plan.js'
import { openStage, type Series, trimmed } from './stage.js'

/** Each instruction of theirs is a line of the log. */
const PACKETS = 256
/** of a case that looks at many real servers for each */
const FEW_PACKETS = 8

const host = openSync(PORT, 'r+')
let nextFresh = 2n ** 40n
let nextRound = 0

function say(line: ProfileLine): void {
  writeSync(1, `${MARK}${JSON.stringify(line)}\n`)
}

/** Waits for the host's answer. */
function ask(words: string): void {
  writeSync(host, `${words}\n`)
  readSync(host, new Uint8Array(64))
}

/** The first round is not logged: it makes what a flow's first packet makes, and gives every real server a flow. */
function profile({ id, subject, work, fresh, ready }: Series, harness: string): void {
  say({ profiled: id, harness, code: codeOf(JSON.parse(dump(subject.id))) })
  const many = id.includes(`/${MANY} `)
  for (let count = 0; count <= ROUNDS; count++) {
    const packets = many ? (count === 0 ? 2 * MANY : FEW_PACKETS) : PACKETS
    ready()
    subject.prepare(work, fresh ? nextFresh : 0n)
    if (fresh) nextFresh += BigInt(packets)
    if (count === 0) {
      subject.run(packets)
      continue
    }
    const round = nextRound++
    const before = subject.spentNs()
    ask(`begin ${round}`)
    const wrong = subject.run(packets)
    ask(`end ${round}`)
    say({ round, of: id, packets, spent: subject.spentNs() - before, wrong })
  }
}

function dump(program: number): string {
  return execFileSync(DUMPER, [`${program}`], { encoding: 'utf8', maxBuffer: 16 << 20 })
}

async function main(): Promise<void> {
  const { only } = JSON.parse(process.argv[2] ?? '') as { only?: string }
  say({ kernel: release() })
  const wanted = only === undefined ? undefined : new RegExp(only)
  const cases = CASES.filter(({ id }) => wanted?.test(id) ?? PROFILED.includes(id)).map((one) => ({
    ...one,
    programs: one.programs.filter((program) => program !== 'control'),
  }))
  const stats = enableRunStats()
  const stage = await openStage(trimmed(ROOM, cases), cases)
  const harnesses = new Map(
    cases.flatMap(({ id, work, programs }) =>
      programs.map((program) => [seriesId(id, program), harnessId(work)] as const),
    ),
  )
  for (const series of stage.series) profile(series, harnesses.get(series.id) ?? series.id)
  stats.close()
  say({ done: true })
}

try {
  await main()
} catch (error) {
  say({ error: (error as Error).stack ?? String(error) })
}
