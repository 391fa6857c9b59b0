// SPDX-License-Identifier: Apache-2.0
// A network namespace for a test: fresh, named after this process, gone when closed. What a killed process
// left behind goes when the next one begins.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'

let count = 0

export class TestNamespace {
  readonly name = `libbpf-ts-${process.pid}-${++count}`
  readonly path = `/run/netns/${this.name}`

  constructor() {
    if (count === 1) removeLeftovers()
    run('ip', 'netns', 'add', this.name)
  }

  /** Runs `ip WORDS` inside; throws what it says on failure. */
  ip(words: string): string {
    return run('ip', '-n', this.name, ...words.split(' '))
  }

  exec(...command: string[]): string {
    return run('ip', 'netns', 'exec', this.name, ...command)
  }

  close(): void {
    run('ip', 'netns', 'delete', this.name)
  }
}

function removeLeftovers(): void {
  const names = existsSync('/run/netns') ? readdirSync('/run/netns') : []
  for (const name of names) {
    const pid = /^libbpf-ts-(\d+)-\d+$/.exec(name)?.[1]
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) run('ip', 'netns', 'delete', name)
  }
}

/** No test waits for a program for ever: the runner's own deadline cannot end a synchronous wait. */
const DEADLINE_MS = 60_000

function run(file: string, ...words: string[]): string {
  const limits = { timeout: DEADLINE_MS, killSignal: 'SIGKILL' } as const
  return execFileSync(file, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], ...limits })
}
