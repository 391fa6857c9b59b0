// SPDX-License-Identifier: Apache-2.0
// What does the operator's program say? It runs unprivileged, in a process group of its own that does not outlive the
// question, with nothing of the daemon's environment.
import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { ScriptCheck } from '../../model/checks.js'
import { splitServiceKey } from '../../model/keys.js'
import type { AskNames } from '../types.js'
import { Failure } from './failure.js'
import { asks, type Good } from './question.js'
import { type Account, accountOf, assertOnlyTrustedWrite } from './script-program.js'

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
/** characters of its output that are told */
const LINE = 200
/** ms: between SIGTERM and SIGKILL, from there until it is given up, and for output that is still on its way */
const GRACE = 500

export const askScript = asks<ScriptCheck>(async (question) => {
  const { check, world } = question
  const [program] = check.command
  const account = accountOf(check)
  assertOnlyTrustedWrite(program, account)
  const child = started(check, world.names, account)
  const { ended, closed } = endsOf(child)
  question.own(child, (it) => stopped(it, ended))
  question.awaits(`exit of ${program}`)
  const said = firstLine(child)
  const { code, signal, error } = await ended
  if (error !== undefined) throw cannotRun(program, error)
  killGroup(child, 'SIGKILL')
  await within(GRACE, closed)
  return judged(check, code, signal, said())
})

function started({ command }: ScriptCheck, names: AskNames, { uid, gid }: Account): ChildProcess {
  const [program, ...args] = command
  const already = process.geteuid?.() === uid && process.getegid?.() === gid
  const env = {
    PATH,
    XLVS_VIP: names.vip ?? '',
    XLVS_PORT: String(names.port),
    XLVS_REAL: names.real,
    XLVS_SERVICE: names.service,
    XLVS_PROTOCOL: splitServiceKey(names.service)?.protocol ?? 'fwm',
  }
  try {
    return spawn(program, args, {
      ...(already ? {} : { uid, gid }),
      ...{ env, cwd: '/', detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
    })
  } catch (error) {
    throw cannotRun(program, error as NodeJS.ErrnoException)
  }
}

interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** it did not run at all */
  readonly error?: NodeJS.ErrnoException
}

/** It exits before its output is closed: others may hold that. */
function endsOf(child: ChildProcess): { ended: Promise<End>; closed: Promise<void> } {
  const ended = new Promise<End>((resolve) => {
    child.on('error', (error) => {
      if (child.pid === undefined) resolve({ code: null, signal: null, error })
    })
    child.on('exit', (code, signal) => resolve({ code, signal }))
  })
  const closed = new Promise<void>((resolve) => child.on('close', () => resolve()))
  return { ended, closed }
}

/** Exit 0 is good; with dynamicWeight, as keepalived has it, all but 1 are, and from 2 on they say the weight. */
function judged(check: ScriptCheck, code: number | null, signal: string | null, said: string): Good {
  const [program] = check.command
  if (code === 0) return {}
  if (code !== null && code >= 2 && check.dynamicWeight === true) return { weight: code - 2 }
  const how = code === null ? `was ended by ${signal}` : `gave exit code ${code}`
  throw new Failure('script', `${program} ${how}${said === '' ? '' : `: ${said}`}`)
}

/** The first line of stdout, or of stderr when that says nothing; the rest is read and dropped, so nobody waits. */
function firstLine({ stdout, stderr }: ChildProcess): () => string {
  const [out, err] = [beginning(stdout), beginning(stderr)]
  return () => out() || err()
}

function beginning(stream: Readable | null): () => string {
  let text = ''
  stream?.setEncoding('utf8').on('data', (piece: string) => {
    if (text.length < LINE) text += piece
  })
  stream?.on('error', () => {})
  return () => (text.trimStart().split('\n', 1)[0] ?? '').trimEnd().slice(0, LINE)
}

async function stopped(child: ChildProcess, ended: Promise<End>): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (hasEnded(child)) break
    killGroup(child, signal)
    await within(GRACE, ended)
    if (hasEnded(child)) killGroup(child, 'SIGKILL')
  }
  child.stdout?.destroy()
  child.stderr?.destroy()
}

function hasEnded({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null
}

async function within(ms: number, done: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([done, late])
  clearTimeout(timer)
}

function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // the group has ended by itself
  }
}

function cannotRun(program: string, { code, message }: NodeJS.ErrnoException): Failure {
  const why: Readonly<Record<string, string>> = {
    ENOENT: 'it, or the interpreter in its first line, does not exist',
    EACCES: 'the user it runs as may not execute it',
    EPERM: 'this daemon may not become the user it runs as: CAP_SETUID and CAP_SETGID are needed',
    EAGAIN: 'too many processes on this director',
  }
  return new Failure('cannot-check', `${program} cannot run: ${why[code ?? ''] ?? message}`)
}
