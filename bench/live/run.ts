// SPDX-License-Identifier: Apache-2.0
// `make bench-live`: packets per second through veth and native XDP with one CPU and with two at once, xlvs beside a director
// that only swaps MACs. Prints a table, writes JSON, and fails rather than to print figures that lie.
import { readFileSync } from 'node:fs'
import { machineOf } from '../machine.js'
import { checkFile, writeFile } from '../out.js'
import { gapsOf, rowsOf } from './figures.js'
import { CASES, type Case, cpusOf } from './plan.js'
import { play } from './play.js'
import { openRig } from './rig.js'
import { openSenders } from './senders.js'
import { type Report, toJson, toText } from './table.js'
import { chosenCpus, USAGE, type Wanted, wanted } from './words.js'

const ONE_CPU = 'one CPU is online or allowed: two at once are not measurable here'

async function measure(what: Wanted, cases: readonly Case[], cpus: readonly number[]) {
  const rig = await openRig(cpus)
  try {
    const senders = await openSenders(rig, cpus)
    try {
      return await play(rig, senders, cases, cpus, what)
    } finally {
      senders.close()
    }
  } finally {
    await rig.close()
  }
}

/** Whose CPUs share a core cannot double. */
function notesOn(cpus: readonly number[]): readonly string[] {
  const [a, b] = cpus
  if (b === undefined) return [ONE_CPU]
  const siblings = readFileSync(
    `/sys/devices/system/cpu/cpu${a}/topology/thread_siblings_list`,
    'utf8',
  ).trim()
  const shared = chosenCpus(`Cpus_allowed_list: ${siblings}`).includes(b)
  return shared ? [`CPUs ${a} and ${b} are threads of one core: two of them cannot do twice the work`] : []
}

function write({ out, json }: Wanted, report: Report): void {
  writeFile(out, toJson(report))
  console.log(json ? toJson(report).trimEnd() : `${toText(report)}\n\n${out}`)
}

async function main(args: readonly string[]): Promise<number> {
  const what = understood(args)
  if (what === undefined) return 2
  const cpus = chosenCpus(readFileSync('/proc/self/status', 'utf8'))
  const cases = CASES.filter((each) => what.only.test(each.id) && cpusOf(each) <= cpus.length)
  if (cases.length === 0) throw new Error(`${ONE_CPU}, and --only names no case of one`)
  const started = new Date()
  const measured = await measure(what, cases, cpus)
  const [rows, faults] = [rowsOf(cases, measured), gapsOf(cases, measured)]
  const seconds = Math.round((Date.now() - started.getTime()) / 1000)
  const header = { ...machineOf(args, started), onCpus: cpus, packets: what.packets, seconds }
  write(what, { version: 1, header, rows, notes: notesOn(cpus), faults })
  return faults.length > 0 ? 1 : 0
}

function understood(args: readonly string[]): Wanted | undefined {
  try {
    const what = wanted(args)
    checkFile(what.out)
    return what
  } catch (error) {
    console.error(`bench-live: ${(error as Error).message}\n${USAGE}`)
    return undefined
  }
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(`bench-live: ${(error as Error).message}`)
  process.exitCode = 1
}
