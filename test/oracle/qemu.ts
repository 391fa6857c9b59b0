// SPDX-License-Identifier: Apache-2.0
// The second runner: a distribution's kernel in qemu's software emulation, with a clock that counts instructions, so
// that time is exact and sleeping costs next to nothing. All it needs travels in an initramfs made of this machine's
// programs; the job comes on one raw disk and the answers go to another.
import { execFileSync } from 'node:child_process'
import { closeSync, ftruncateSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lastWords, OracleError, runGuest } from './guest.js'
import { makeInitrd } from './initrd.js'

const ANSWER_BYTES = 256 << 20
/** One instruction takes 2^SHIFT ns of the guest's time. */
const SHIFT = 3
/** Debian's series whose newest kernel is fetched: with IPVS's thresholds as they are now. */
const SERIES = '6.1'

/** Plays a job, returns what the guest wrote. `kernel` is a directory with an unpacked linux-image package. */
export async function runQemu(
  job: string,
  folder: string,
  seconds: number,
  kernel?: string,
): Promise<string> {
  const unpacked = kernel ?? fetchedKernel()
  const [initrd, jobDisk, answerDisk] = ['initrd', 'job', 'answers'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  makeInitrd(unpacked, join(folder, 'root'), initrd)
  writeFileSync(jobDisk, `${job}\n`)
  sized(jobDisk, Math.ceil((job.length * 4) / 512 + 2) * 512)
  sized(answerDisk, ANSWER_BYTES)
  const machine = ['-M', 'q35', '-accel', 'tcg', '-cpu', 'max', '-m', '768', '-nodefaults', '-no-user-config']
  const clock = ['-icount', `shift=${SHIFT},sleep=off`]
  const quiet = ['-display', 'none', '-no-reboot', '-serial', 'stdio']
  const disks = [answerDisk, jobDisk].flatMap((file, i) => [
    ...['-drive', `file=${file},format=raw,if=none,id=disk${i},cache=unsafe`],
    ...['-device', `virtio-blk-pci,drive=disk${i}`],
  ])
  const line =
    'console=ttyS0 quiet panic=-1 mitigations=off rdinit=/usr/bin/python3 -- /guest/agent.py disk /dev/vda /dev/vdb'
  const boot = ['-kernel', imageOf(unpacked), '-initrd', initrd, '-append', line]
  needs('qemu-system-x86_64', 'qemu-system-x86')
  await runGuest(['qemu-system-x86_64', ...machine, ...clock, ...quiet, ...disks, ...boot], folder, seconds)
  const written = readFileSync(answerDisk)
  const end = written.indexOf(0)
  if (end === 0) throw new OracleError(`the guest wrote nothing${lastWords(folder)}`)
  return written.subarray(0, end < 0 ? undefined : end).toString('utf8')
}

function sized(path: string, bytes: number): void {
  const file = openSync(path, 'a')
  ftruncateSync(file, bytes)
  closeSync(file)
}

function imageOf(kernel: string): string {
  const image = readdirSync(join(kernel, 'boot')).find((name) => name.startsWith('vmlinuz-'))
  if (image === undefined)
    throw new OracleError(`${kernel}/boot has no vmlinuz: is it an unpacked linux-image package?`)
  return join(kernel, 'boot', image)
}

/** Debian's newest cloud kernel of the series, unpacked in build/ once. */
function fetchedKernel(): string {
  const named = `^linux-image-${SERIES.replace('.', '\\.')}\\.[0-9].*-cloud-amd64$`
  const packages = output('apt-cache', ['search', '--names-only', named]).split('\n')
  const newest = packages
    .map((line) => line.split(' ')[0] ?? '')
    .filter((name) => name !== '')
    .sort(new Intl.Collator('en', { numeric: true }).compare)
    .at(-1)
  if (newest === undefined)
    throw new OracleError(
      `apt knows no cloud kernel of series ${SERIES}: run apt-get update, or name one with --kernel`,
    )
  const folder = join('build/oracle-kernel', newest)
  const script =
    'set -e; test -d "$0/boot" && exit; mkdir -p "$0.new"; cd "$0.new"; apt-get download -qq "$1"; dpkg-deb -x "$1"_*.deb .; rm ./*.deb; cd - >/dev/null; mv -T "$0.new" "$0"'
  output('sh', ['-c', script, folder, newest])
  return folder
}

function needs(program: string, debianPackage: string): void {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' })
  } catch {
    throw new OracleError(`${program} is missing: apt-get install ${debianPackage}`)
  }
}

function output(program: string, args: readonly string[]): string {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    throw new OracleError(
      `${program} ${args.slice(-1).join('')}: ${(error as Error).message.split('\n').slice(0, 3).join(' ')}`,
    )
  }
}
