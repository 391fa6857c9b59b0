// SPDX-License-Identifier: Apache-2.0
// A kernel in qemu's software emulation whose clock is the number of instructions executed: one CPU, one nanosecond an
// instruction, the same clock and the same random numbers in every boot.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { lastWords, runGuest } from '../../test/oracle/guest.js'
import { parseConsole } from './figures.js'
import { type Line, MARK } from './plan.js'

const MEMORY = '1536'

/** Boots until the guest powers off; what it said, line by line. `more` is for qemu. */
export async function boot(
  kernel: string,
  initrd: string,
  folder: string,
  seconds: number,
  more: readonly string[] = [],
): Promise<readonly Line[]> {
  const image = readdirSync(join(kernel, 'boot')).find((name) => name.startsWith('vmlinuz-'))
  if (image === undefined)
    throw new Error(`${kernel}/boot has no vmlinuz: remove ${kernel} and run this again`)
  const machine = [
    '-M',
    'q35',
    '-accel',
    'tcg',
    '-cpu',
    'max',
    '-smp',
    '1',
    '-m',
    MEMORY,
    '-nodefaults',
    '-no-user-config',
  ]
  const clock = ['-icount', 'shift=0,sleep=off', '-rtc', 'base=2026-01-01,clock=vm', '-seed', '1']
  const quiet = ['-display', 'none', '-no-reboot', '-serial', 'stdio']
  const line = 'console=ttyS0 quiet panic=-1 mitigations=off nokaslr'
  const what = ['-kernel', join(kernel, 'boot', image), '-initrd', initrd, '-append', line]
  await runGuest(['qemu-system-x86_64', ...machine, ...clock, ...quiet, ...what, ...more], folder, seconds)
  const lines = parseConsole(readFileSync(join(folder, 'console'), 'utf8'), MARK)
  const last = lines.at(-1)
  if (last !== undefined && 'error' in last) throw new Error(`the guest gave up: ${last.error}`)
  if (last === undefined || !('done' in last))
    throw new Error(`the guest ended before its work was done${lastWords(folder)}`)
  return lines
}

export function emulator(): string {
  return execFileSync('qemu-system-x86_64', ['--version'], { encoding: 'utf8' }).split('\n')[0] ?? ''
}
