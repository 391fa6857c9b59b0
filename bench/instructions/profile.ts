// SPDX-License-Identifier: Apache-2.0
// `make bench-profile`: instructions per packet by source file and function, from qemu's log of each one executed.
import { execFileSync } from 'node:child_process'
import { createReadStream, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { withScratch } from '../../test/oracle/guest.js'
import { boot } from '../ipvs/boot.js'
import { parseConsole } from '../ipvs/figures.js'
import { makeImage } from '../ipvs/image.js'
import { CASES } from './cases.js'
import { MARK } from './plan.js'
import { type Executed, LogReader } from './profile-log.js'
import type { Profiled, ProfileLine } from './profile-plan.js'
import { logging, logRounds } from './profile-qemu.js'
import { functionsOf } from './profile-source.js'
import { type Profile, profileOf, type RoundOf, type Sources, wholeOf } from './profile-sum.js'
import { beside, detailOf } from './profile-table.js'

const SERIES = '6.12'
const SECONDS = 900
const AGENT = 'build/bench-instructions'
const OBJECTS = ['beside', 'subject', 'floor', 'control'].map((name) => `build/bench-bpf/${name}.bpf.o`)
const COPIES = [AGENT, 'build/bpf', ...OBJECTS].map((path) => [path, path] as const)
const FOLDERS = ['bpf', 'bench/bpf']

async function main(): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  const { values } = parseArgs({ options: { only: { type: 'string' } } })
  const only = values.only
  if (only !== undefined && !CASES.some(({ id }) => new RegExp(only).test(id)))
    throw new Error(`--only ${only}: no case has such an id`)
  const { lines, logged } = await guest(only)
  const profiles = profilesOf(lines, logged)
  const kernel = lines.find((line) => 'kernel' in line)?.kernel
  console.log(`instructions per packet by source, harness taken away; Linux ${kernel}\n`)
  for (const [id, profile] of profiles) console.log(`${detailOf(id, profile)}\n`)
  console.log(beside(profiles))
}

interface Logged {
  readonly lines: readonly ProfileLine[]
  /** by round */
  readonly logged: ReadonlyMap<number, Executed>
}

async function guest(only: string | undefined): Promise<Logged> {
  const kernel = execFileSync('scripts/cloud-kernel', [SERIES], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim()
  return withScratch(async (folder) => {
    const initrd = join(folder, 'initrd')
    const command = ['node', `${AGENT}/bench/instructions/profile-guest.js`, JSON.stringify({ only })]
    makeImage({ kernel, modules: [], copies: COPIES, command }, join(folder, 'root'), initrd)
    const logged = new Map<number, Executed>()
    const took = async (round: number, log: string) => {
      logged.set(round, await readLog(folder, log))
      rmSync(log)
    }
    const booted = boot(kernel, initrd, folder, SECONDS, logging(folder))
    const [lines] = await Promise.all([booted, logRounds(folder, took)])
    return { lines: lines as readonly ProfileLine[], logged }
  })
}

async function readLog(folder: string, log: string): Promise<Executed> {
  const said = parseConsole(readFileSync(join(folder, 'console'), 'utf8'), MARK) as readonly ProfileLine[]
  const profiled = said.filter((line) => 'profiled' in line).at(-1)
  if (profiled === undefined) throw new Error('the guest begins a round of no program')
  const reader = new LogReader(profiled.code)
  for await (const line of createInterface({ input: createReadStream(log) })) reader.line(line)
  return reader.end()
}

/** Of each program the round with the fewest instructions: a tick of the kernel's clock makes one dearer, nothing makes one cheaper. */
function profilesOf(lines: readonly ProfileLine[], logged: Logged['logged']): ReadonlyMap<string, Profile> {
  const programs = lines.filter((line) => 'profiled' in line)
  const least = new Map(programs.map((program) => [program.profiled, leastOf(program, lines, logged)]))
  const sources = readSources()
  return new Map(
    programs
      .filter(({ profiled, harness }) => profiled !== harness)
      .map(({ profiled, harness }) => {
        const [subject, empty] = [least.get(profiled), least.get(harness)]
        if (!subject || !empty) throw new Error(`${profiled}: the guest left out its harness`)
        return [profiled, profileOf(profiled, subject, empty, sources)]
      }),
  )
}

function leastOf(
  { profiled, code }: Profiled,
  lines: readonly ProfileLine[],
  logged: Logged['logged'],
): RoundOf {
  const rounds = lines
    .filter((line) => 'round' in line)
    .filter(({ of }) => of === profiled)
    .map(({ round, packets, spent }) => {
      const executed = logged.get(round)
      if (executed?.packets !== packets)
        throw new Error(`${profiled}: ${packets} packets were sent and ${executed?.packets} are in the log`)
      return { executed, code, spent: spent / packets }
    })
  const [first] = rounds.sort((a, b) => wholeOf(a.executed) - wholeOf(b.executed))
  if (first === undefined) throw new Error(`${profiled}: the guest ran no round`)
  return first
}

function readSources(): Sources {
  const files = FOLDERS.filter(existsSync).flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /\.[ch]$/.test(name))
      .map((name) => [name, functionsOf(readFileSync(join(folder, name), 'utf8'))] as const),
  )
  return new Map(files)
}

try {
  await main()
} catch (error) {
  process.stderr.write(`xlvs: bench-profile: ${(error as Error).message}\n`)
  process.exit(1)
}
