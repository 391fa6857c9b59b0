// SPDX-License-Identifier: Apache-2.0
// Runs one of the operator's programs for a notice: as the daemon's user, so only if nobody else could have written it;
// argv, no shell, nothing of the daemon's environment, an end in time.
import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { harmless } from '../model/describe.js'
import { assertOnlyTrustedWrite } from './kinds/script-program.js'

export interface Running {
  /** never rejects */
  readonly done: Promise<Ran>
  /** ends it and all it started; 'the daemon ends' */
  kill(why: string): void
}

export interface Ran {
  /** 'gave exit code 3'; absent = exit code 0 */
  readonly fault?: string
  /** the beginning of what it wrote, on one line */
  readonly said: string
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
/** characters of its output that are kept */
const MOST_SAID = 200
/** ms for what it left behind to close its output */
const LINGER = 200

/** `deadline` in ms */
export function runProgram(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
  deadline: number,
): Running {
  const [program = '', ...args] = command
  let child: ChildProcess
  try {
    assertOnlyTrustedWrite(program, { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 })
    const env = { PATH, ...environment }
    child = spawn(program, args, { env, cwd: '/', detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    return { done: Promise.resolve({ fault: cannot(error as Error), said: '' }), kill: () => {} }
  }
  let killed: string | undefined
  const kill = (why: string) => {
    killed ??= why
    killGroup(child)
  }
  const timer = setTimeout(() => kill(`it ran for ${deadline / 1000} s`), deadline)
  const said = beginningOf(child)
  const done = endOf(child).then((fault): Ran => {
    clearTimeout(timer)
    const why = killed === undefined ? fault : `was killed: ${killed}`
    return why === undefined ? { said: said() } : { fault: why, said: said() }
  })
  return { done, kill }
}

/** Its fault, once it has ended and its output too; what it leaves running is waited for only a moment. */
function endOf(child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    let lingering: NodeJS.Timeout | undefined
    const over = (fault: string | undefined) => {
      clearTimeout(lingering)
      child.stdout?.destroy()
      child.stderr?.destroy()
      resolve(fault)
    }
    child.on('error', (error) => {
      if (child.pid === undefined) over(cannot(error))
    })
    child.on('exit', (code, signal) => {
      const fault = faultOf(code, signal)
      child.on('close', () => over(fault))
      lingering = setTimeout(() => over(fault), LINGER)
    })
  })
}

function faultOf(code: number | null, signal: NodeJS.Signals | null): string | undefined {
  if (code === 0) return undefined
  return code === null ? `was ended by ${signal}` : `gave exit code ${code}`
}

function beginningOf({ stdout, stderr }: ChildProcess): () => string {
  let text = ''
  const read = (stream: Readable | null) => {
    stream?.setEncoding('utf8').on('data', (piece: string) => {
      if (text.length < MOST_SAID) text += piece.slice(0, MOST_SAID)
    })
    stream?.on('error', () => {})
  }
  read(stdout)
  read(stderr)
  return () => harmless(text.trim().replace(/\s*\n\s*/g, ' | ')).slice(0, MOST_SAID)
}

function cannot({ message }: Error): string {
  return `cannot be run: ${message}`
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // the group has ended by itself
  }
}
