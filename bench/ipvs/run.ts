// SPDX-License-Identifier: Apache-2.0
// `make bench-ipvs`: instructions per packet of xlvs and of the kernel's IPVS in one guest, on the same frames. Prints
// a table, writes it as JSON, and fails rather than to print figures that lie.
import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { withScratch } from '../../test/oracle/guest.js'
import { checkFile, writeFile } from '../out.js'
import { boot, emulator } from './boot.js'
import { faultOf, rowsOf, spread } from './figures.js'
import { makeImage } from './image.js'
import type { Line, Order } from './plan.js'
import { answerOf, tableOf } from './table.js'

/** of a batch of live frames */
const BATCH = 64
const SECONDS = 1800
const MODULES = ['veth', 'pktgen', 'ip_vs', 'ip_vs_wrr']
/** IPVS's table as large as it goes: of the 4,096 buckets it has by default flows would share one. */
const OPTIONS = { ip_vs: 'conn_tab_bits=20' }
const COPIES = [
  ['build/bench-ipvs/bench/ipvs', 'bench/agent'],
  ['build/bench-bpf/beside.bpf.o', 'bench/beside.bpf.o'],
] as const
/** Debian's kernel: one whose veth takes what IPVS sends to the sink without a copy, so that the sink costs all the same */
const SERIES = '6.12'

interface Wanted {
  readonly order: Order
  readonly out: string
}

function wanted(args: readonly string[]): Wanted {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '3' },
      packets: { type: 'string', default: `${160 * BATCH}` },
      out: { type: 'string', default: 'bench/results/ipvs.json' },
    },
  })
  const [rounds, packets] = [Number(values.rounds), Number(values.packets)]
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds: ${values.rounds} is no whole number from 1`)
  if (!Number.isInteger(packets / BATCH) || packets < 10_000)
    throw new Error(
      `--packets: ${values.packets} is no multiple of ${BATCH} from 10,000: each of 10,000 flows has to be met`,
    )
  checkFile(values.out)
  return { order: { rounds, packets }, out: values.out }
}

async function measure({ order }: Wanted): Promise<readonly Line[]> {
  const kernel = output('scripts/cloud-kernel', SERIES)
  const command = ['node', 'bench/agent/guest.js', JSON.stringify(order)]
  const parts = { kernel, modules: MODULES, options: OPTIONS, copies: COPIES, command }
  return withScratch(async (folder) => {
    const initrd = join(folder, 'initrd')
    makeImage(parts, join(folder, 'root'), initrd)
    return boot(kernel, initrd, folder, SECONDS)
  })
}

async function main(): Promise<void> {
  // so that the guest's files go when we are interrupted
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  const what = wanted(process.argv.slice(2))
  const started = Date.now()
  const lines = await measure(what)
  const fault = faultOf(lines)
  if (fault !== undefined) throw new Error(fault)
  const measured = lines.filter((line) => 'instructions' in line)
  const rows = rowsOf(measured)
  const header = {
    what: 'instructions per packet, of the one CPU of a guest, between two frames at their end',
    kernel: lines.find((line) => 'kernel' in line)?.kernel,
    emulator: emulator(),
    commit: output('git', 'describe', '--always', '--dirty'),
    machine: `${cpus().length} x ${cpus()[0]?.model}`,
    when: new Date(started).toISOString(),
    seconds: Math.round((Date.now() - started) / 1000),
    ...what.order,
    spread: Number(spread(rows).toFixed(5)),
  }
  writeFile(what.out, `${JSON.stringify({ ...header, rows }, null, 2)}\n`)
  console.log(
    `instructions per packet, Linux ${header.kernel} in ${header.emulator}; xlvs at ${header.commit}`,
  )
  console.log(
    `medians of ${what.order.rounds} rounds, which are ${(header.spread * 100).toFixed(2)} % apart at most\n`,
  )
  console.log(`${tableOf(rows)}\n\n${answerOf(rows)}`)
  console.log(`\n${what.out}: written after ${header.seconds} s`)
}

function output(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim()
}

try {
  await main()
} catch (error) {
  process.stderr.write(`xlvs: bench-ipvs: ${(error as Error).message}\n`)
  process.exitCode = 1
}
