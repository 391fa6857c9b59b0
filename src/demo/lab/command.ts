// SPDX-License-Identifier: Apache-2.0
// Running programs inside a network namespace: to their end (`run`), or beside the caller (`start`).
// Only the network namespace changes: mounts stay the caller's, so /sys/fs/bpf is the same inside.
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

/** Name under /run/netns; undefined = the caller's own network. */
export type NamespaceName = string | undefined

export interface Result {
  /** exit status; 128 + number for a signal, as a shell has it */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
  /** the program is killed after this long; 30 s unless told */
  readonly timeoutMs?: number
}

/** Runs a program to its end. A program that cannot be found is code 127. */
export function run(
  namespace: NamespaceName,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<Result> {
  const [file, ...args] = enter(namespace, argv)
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      env: { ...process.env, ...options.env },
      timeout: options.timeoutMs ?? 30_000,
      killSignal: 'SIGKILL',
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.on('error', (error) => resolve({ code: 127, stdout, stderr: `${stderr}${error.message}\n` }))
    child.on('close', (code, signal) => resolve({ code: exitCode(code, signal), stdout, stderr }))
    child.stdin.on('error', () => undefined).end(options.input ?? '')
  })
}

/** As `run`; anything but exit status 0 throws, with what the program said. Returns its stdout. */
export async function must(
  namespace: NamespaceName,
  argv: readonly string[],
  options?: RunOptions,
): Promise<string> {
  const result = await run(namespace, argv, options)
  if (result.code !== 0)
    throw new Error(`${argv.join(' ')} (in ${namespace ?? 'host'}): ${result.code}: ${result.stderr}`)
  return result.stdout
}

/** A program that goes on beside the caller. What it prints is kept in two files. */
export interface Running {
  readonly pid: number
  readonly argv: readonly string[]
  readonly exited: Promise<number>
  /** the exit status, undefined while it runs */
  ended(): number | undefined
  stdout(): string
  stderr(): string
  /** The first line of either stream that matches; throws what was printed when the program ends without it. */
  line(pattern: RegExp, timeoutMs?: number): Promise<string>
  /** Asks it to end, kills it when it does not; the exit status. */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<number>
  /** Lets the caller end before it. */
  leave(): void
}

export interface StartOptions {
  /** paths without ending; `.out` and `.err` are added */
  readonly output: string
  readonly env?: Readonly<Record<string, string>>
}

export function start(namespace: NamespaceName, argv: readonly string[], options: StartOptions): Running {
  const [file, ...args] = enter(namespace, argv)
  const out = openSync(`${options.output}.out`, 'w')
  const err = openSync(`${options.output}.err`, 'w')
  const env = { ...process.env, ...options.env }
  const child = spawn(file, args, { env, stdio: ['ignore', out, err], detached: true })
  closeSync(out)
  closeSync(err)
  const pid = child.pid
  if (pid === undefined) throw new Error(`cannot start ${argv.join(' ')}`)
  let status: number | undefined
  const exited = new Promise<number>((resolve) => {
    child.on('error', () => resolve(127))
    child.on('exit', (code, signal) => resolve(exitCode(code, signal)))
  })
  void exited.then((code) => {
    status = code
  })
  const stdout = () => readFileSync(`${options.output}.out`, 'utf8')
  const stderr = () => readFileSync(`${options.output}.err`, 'utf8')
  const ended = () => status
  return {
    pid,
    argv,
    exited,
    ended,
    stdout,
    stderr,
    line: (pattern, timeoutMs) =>
      waitForLine(() => stdout() + stderr(), ended, { pattern, timeoutMs: timeoutMs ?? 15_000, argv }),
    stop: (signal = 'SIGTERM', graceMs = 3_000) => stop({ pid, exited, ended }, signal, graceMs),
    leave: () => child.unref(),
  }
}

/** The command line that runs `argv` inside the namespace; the process keeps its id. */
export function enter(namespace: NamespaceName, argv: readonly string[]): [string, ...string[]] {
  const [file, ...args] = argv
  if (file === undefined) throw new Error('no program to run')
  return namespace === undefined ? [file, ...args] : ['nsenter', `--net=/run/netns/${namespace}`, ...argv]
}

async function waitForLine(
  printed: () => string,
  ended: () => number | undefined,
  wanted: { pattern: RegExp; timeoutMs: number; argv: readonly string[] },
): Promise<string> {
  const deadline = performance.now() + wanted.timeoutMs
  for (;;) {
    const over = ended() !== undefined || performance.now() > deadline
    const text = printed()
    const found = text.split('\n').find((line) => wanted.pattern.test(line))
    if (found !== undefined) return found
    if (over)
      throw new Error(`${wanted.argv.join(' ')}: no line like ${wanted.pattern}; status ${ended()}\n${text}`)
    await sleep(20)
  }
}

async function stop(
  running: { pid: number; exited: Promise<number>; ended: () => number | undefined },
  signal: NodeJS.Signals,
  graceMs: number,
): Promise<number> {
  if (running.ended() === undefined) process.kill(running.pid, signal)
  const grace = new AbortController()
  const killer = sleep(graceMs, undefined, { signal: grace.signal }).then(
    () => running.ended() === undefined && process.kill(running.pid, 'SIGKILL'),
    () => undefined,
  )
  const status = await running.exited
  grace.abort()
  await killer
  return status
}

function exitCode(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal])
}
