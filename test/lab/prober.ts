// SPDX-License-Identifier: Apache-2.0
// The test's end of programs/prober.mjs: probes through the VIP, asked from a director's network namespace.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { enter } from '../../src/demo/lab/command.js'
import type { Outcome } from '../../src/model/types.js'

const SCRIPT = new URL('./programs/prober.mjs', import.meta.url).pathname

export interface Question {
  /** of a target; without, an ordinary socket */
  readonly mark?: number
  readonly address: string
  /** ms until 'silence'; 20 s unless told */
  readonly patience?: number
}

export interface From {
  readonly localAddress?: string
  readonly localPort?: number
}

/** What the other side said, the code of an error, or 'silence'. */
export interface Told {
  readonly said: unknown
  /** TCP: the local port */
  readonly used?: number
}

export interface Prober {
  open(options: { readonly pinRoot: string }): Promise<Outcome<void>>
  attach(interfaces: readonly string[]): Promise<Outcome<void>>
  target(vip: string, real: string): Promise<number>
  release(mark: number): Promise<void>
  tcp(question: Question & From & { readonly port: number }): Promise<Told>
  udp(question: Question & From & { readonly port: number }): Promise<Told>
  ping(question: Question & { readonly sequence: number }): Promise<Told>
  sysctls(): Promise<Readonly<Record<string, string>>>
  displaced(): Promise<boolean>
  close(): Promise<void>
  /** kill -9 */
  kill(): Promise<void>
}

export function proberIn(namespace: string): Prober {
  const [file, ...args] = enter(namespace, [process.execPath, SCRIPT])
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const exited = once(child, 'exit')
  const ask = async <T>(...command: readonly unknown[]): Promise<T> => {
    child.stdin.write(`${JSON.stringify(command)}\n`)
    const { value: line, done } = await answers.next()
    if (done) throw new Error('the prober ended')
    const answer = JSON.parse(line as string)
    if (answer.thrown !== undefined) throw new Error(answer.thrown)
    return answer.value as T
  }
  return {
    open: (options) => ask('open', options),
    attach: (interfaces) => ask('attach', interfaces),
    target: async (vip, real) => {
      const made = await ask<Outcome<number>>('target', vip, real)
      if (!made.ok) throw new Error(JSON.stringify(made.problems))
      return made.value
    },
    release: (mark) => ask('release', mark),
    tcp: (question) => ask('tcp', question),
    udp: (question) => ask('udp', question),
    ping: (question) => ask('ping', question),
    sysctls: () => ask('sysctls'),
    displaced: () => ask('displaced'),
    close: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      await ask('close')
      child.stdin.end()
      await exited
    },
    kill: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}
