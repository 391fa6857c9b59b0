// SPDX-License-Identifier: Apache-2.0
// Runs a throw-away kernel as a process of this machine, to its end and no longer than it may take. Nothing outlives
// us: guests die with this process, scratch directories are removed when it exits.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The machinery failed, or the machine lacks something; not the scenario's fault. */
export class OracleError extends Error {}

/** What the guest runs is in guest/, beside the sources also when this is compiled into build/. */
export function guestFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return join(folder, 'test/oracle/guest')
}

const guests = new Set<ChildProcess>()
const folders = new Set<string>()

process.on('exit', () => {
  for (const guest of guests) kill(guest)
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

export async function withScratch<T>(act: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'xlvs-oracle-'))
  folders.add(folder)
  try {
    return await act(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
    folders.delete(folder)
  }
}

/** Resolves when the guest has powered off; its console goes to `folder`/console. */
export async function runGuest(command: readonly string[], folder: string, seconds: number): Promise<void> {
  const log = openSync(join(folder, 'console'), 'w')
  // a kernel is many processes here: they share a process namespace and end with it, which ends when we are killed
  const inNamespace = ['--pdeathsig', 'KILL', 'unshare', '--pid', '--fork', '--kill-child=KILL', ...command]
  const guest = spawn('setpriv', inNamespace, {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, TMPDIR: memoryFolder(folder) },
  })
  closeSync(log)
  guests.add(guest)
  let late = false
  const timer = setTimeout(() => {
    late = true
    kill(guest)
  }, seconds * 1000)
  try {
    await new Promise<void>((resolve, reject) => {
      guest.once('error', (error) =>
        reject(new OracleError(`${command[0]} does not start: ${error.message}`)),
      )
      guest.once('exit', () => resolve())
    })
  } finally {
    clearTimeout(timer)
    kill(guest)
    guests.delete(guest)
  }
  if (late)
    throw new OracleError(`the guest did not finish within ${Math.round(seconds)} s${lastWords(folder)}`)
}

const GUEST_MEMORY = 512 << 20

/** user-mode-linux keeps the guest's memory in an unlinked file, which a disk would slow down. */
function memoryFolder(otherwise: string): string {
  const shared = '/dev/shm'
  if (!existsSync(shared)) return otherwise
  const { bavail, bsize } = statfsSync(shared)
  return bavail * bsize > GUEST_MEMORY ? shared : otherwise
}

/** The end of what the guest's console showed, for a sentence about its failure. */
export function lastWords(folder: string): string {
  const shown = readFileSync(join(folder, 'console'), 'utf8').trim().split('\n').slice(-15).join('\n  ')
  return shown === '' ? '; its console stayed empty' : `; its console ended with:\n  ${shown}`
}

function kill(guest: ChildProcess): void {
  try {
    if (guest.pid !== undefined) process.kill(-guest.pid, 'SIGKILL')
  } catch {
    // the group is gone
  }
}
