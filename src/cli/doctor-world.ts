// SPDX-License-Identifier: Apache-2.0
// The real world for the doctor: this kernel, these tools, this daemon.
import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, readFile, stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { dirname } from 'node:path'
import type { DaemonView, DirectoryFault } from '../doctor/facts.js'
import type { World } from '../doctor/gather.js'
import { fail, succeed } from '../model/describe.js'
import { call, isNoDaemon } from './client.js'

/** Tools an unprivileged PATH may lack. */
const SBIN = '/usr/local/sbin:/usr/sbin:/sbin'
const PATIENCE_MS = 10_000

export function processWorld(): World {
  return {
    kernel: async (pinRoot, vips) => (await import('../datapath/inspect.js')).inspectKernel(pinRoot, vips),
    daemon: askDaemon,
    readConfig: async (path, text) => (await import('../config/yaml.js')).parseYaml(text, path),
    run,
    read: async (path) => {
      try {
        return succeed(await readFile(path, 'utf8'))
      } catch (error) {
        return fail({ subject: path, reason: `cannot be read: ${(error as Error).message}` })
      }
    },
    cannotWrite,
    probes: openProbes,
    cpus: availableParallelism(),
  }
}

/** The daemon's own programs are on the interfaces as long as one of its checks goes through a VIP. */
async function openProbes(pinRoot: string, daemonAnswers: boolean) {
  const datapath = await import('../datapath/probes.js')
  if (daemonAnswers && datapath.probesAreOn(pinRoot))
    return fail({
      reason: 'the daemon has its own probes on the interfaces, and checks these not',
      fix: 'give their services a check: health of the daemon is told here',
    })
  return datapath.openProbes({ pinRoot })
}

async function askDaemon(socket: string): Promise<DaemonView> {
  const status = await call(socket, 'status')
  if (!status.ok) {
    const [problem = { reason: 'no answer' }] = status.problems
    return { state: isNoDaemon(status.problems) ? 'none' : 'broken', problem }
  }
  const [reals, health, desired] = await Promise.all([
    call(socket, 'reals', { limit: 0 }),
    call(socket, 'health', { limit: 0 }),
    call(socket, 'desired'),
  ])
  if (reals.ok && health.ok && desired.ok)
    return {
      state: 'answers',
      status: status.value,
      reals: reals.value.rows,
      health: health.value.rows,
      desired: desired.value,
    }
  const [problem = { reason: 'no answer' }] = [reals, health, desired].flatMap((each) =>
    each.ok ? [] : each.problems,
  )
  return { state: 'broken', problem }
}

function run(...[command = '', ...words]: readonly string[]): Promise<string | undefined> {
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:${SBIN}`, LC_ALL: 'C' }
  return new Promise((resolve) => {
    execFile(command, words, { env, timeout: PATIENCE_MS }, (error, stdout) => {
      resolve((error as NodeJS.ErrnoException | null)?.code === 'ENOENT' ? undefined : stdout)
    })
  })
}

/** What is not there yet is made where its nearest ancestor lets us. */
async function cannotWrite(directory: string): Promise<DirectoryFault | undefined> {
  try {
    if (!(await stat(directory)).isDirectory()) return { kind: 'not-a-directory', at: directory }
    await access(directory, constants.W_OK)
    return undefined
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    const above = dirname(directory)
    if ((code === 'ENOENT' || code === 'ENOTDIR') && above !== directory) return cannotWrite(above)
    const kind = code === 'EACCES' || code === 'EPERM' ? 'forbidden' : 'refused'
    return { kind, at: directory, code }
  }
}
