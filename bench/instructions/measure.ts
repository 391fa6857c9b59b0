// SPDX-License-Identifier: Apache-2.0
// The host's side: boots a guest with the compiled datapath and has it count.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { withScratch } from '../../test/oracle/guest.js'
import { boot, emulator } from '../ipvs/boot.js'
import { makeImage } from '../ipvs/image.js'
import { CASES } from './cases.js'
import { faultOf, type PerReal, perReal, type Row, rowsOf, spread } from './figures.js'
import type { Line, MapBytes, Order, ProgramSize } from './plan.js'

const SERIES = '6.12'
const SECONDS = 900
const AGENT = 'build/bench-instructions'
const OBJECTS = ['beside', 'subject', 'floor', 'control'].map((name) => `build/bench-bpf/${name}.bpf.o`)
const COPIES = [AGENT, 'build/bpf', ...OBJECTS].map((path) => [path, path] as const)

export interface Result {
  readonly what: string
  readonly kernel: string
  readonly compiler: string
  readonly emulator: string
  readonly commit: string
  /** of the rounds of one series, at most, as a share */
  readonly spread: number
  readonly rows: readonly Row[]
  /** instructions per real server that a scheduler looks at */
  readonly perReal: readonly PerReal[]
  readonly programs: readonly ProgramSize[]
  readonly maps: readonly MapBytes[]
}

/** Throws an Error of one sentence when there is nothing to say. */
export async function measure(order: Order): Promise<Result> {
  const only = new RegExp(order.only)
  if (!CASES.some(({ id }) => only.test(id))) throw new Error(`--only ${order.only}: no case has such an id`)
  const lines = await guest(order)
  const fault = faultOf(lines, CASES)
  if (fault !== undefined) throw new Error(fault)
  const rows = rowsOf(lines, CASES)
  return {
    what: 'instructions per packet beyond the harness, least of five rounds',
    kernel: `Linux ${lines.find((line) => 'kernel' in line)?.kernel}`,
    compiler: compiler(),
    emulator: emulator(),
    commit: output('git', 'describe', '--always', '--dirty'),
    spread: Number(spread(lines).toFixed(5)),
    rows,
    perReal: perReal(rows),
    programs: lines.filter((line) => 'program' in line),
    maps: lines.filter((line) => 'map' in line),
  }
}

async function guest(order: Order): Promise<readonly Line[]> {
  const kernel = output('scripts/cloud-kernel', SERIES)
  return withScratch(async (folder) => {
    const initrd = join(folder, 'initrd')
    const command = ['node', `${AGENT}/bench/instructions/guest.js`, JSON.stringify(order)]
    makeImage({ kernel, modules: [], copies: COPIES, command }, join(folder, 'root'), initrd)
    return (await boot(kernel, initrd, folder, SECONDS)) as readonly Line[]
  })
}

function compiler(): string {
  return output(output('scripts/clang'), '--version').split('\n')[0] ?? ''
}

function output(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim()
}
