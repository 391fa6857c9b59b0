// SPDX-License-Identifier: Apache-2.0
// The test's end of datapath-inside.mjs.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { enter } from '../../src/demo/lab/command.js'

const SCRIPT = new URL('./datapath-inside.mjs', import.meta.url).pathname

export interface Inside {
  /** One of the script's commands; what it threw is thrown here. */
  // biome-ignore lint/suspicious/noExplicitAny: answers are JSON, checked by the expectation that follows
  do(command: string, ...args: unknown[]): Promise<any>
  /** A method of the datapath. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  call(method: string, ...args: unknown[]): Promise<any>
  /** kill -9 */
  kill(): Promise<void>
  /** ends with its input, letting go of everything */
  end(): Promise<void>
}

/** `through`: a program that starts it, with its arguments. */
export function controllerIn(namespace: string, through: readonly string[] = []): Inside {
  const [file, ...args] = enter(namespace, [...through, process.execPath, SCRIPT])
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const exited = once(child, 'exit')
  onTestFinished(() => void child.kill('SIGKILL'))
  const ask = async (...command: unknown[]) => {
    child.stdin.write(`${JSON.stringify(command)}\n`)
    const { value: line, done } = await answers.next()
    if (done) throw new Error('the controller ended')
    const answer = JSON.parse(line as string)
    if (answer.thrown !== undefined) throw new Error(answer.thrown)
    return answer.value
  }
  return {
    do: ask,
    call: (method, ...args) => ask('call', method, ...args),
    kill: async () => {
      child.kill('SIGKILL')
      await exited
    },
    end: async () => {
      child.stdin.end()
      child.kill('SIGTERM')
      await exited
    },
  }
}
