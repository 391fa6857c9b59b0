// SPDX-License-Identifier: Apache-2.0
// A program on a pseudo-terminal: what it shows, keys for it, its size, and how it leaves the terminal.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createScreen, type Screen } from './screen.js'

export interface End {
  /** below 0: by that signal */
  readonly code: number
  /** what `stty -g` says of the terminal */
  readonly before: string
  readonly after: string
}

export interface PseudoTerminal {
  readonly screen: Screen
  /** everything that was written */
  raw(): string
  send(keys: string): void
  resize(columns: number, rows: number): void
  signal(name: string): void
  /** how often the program has stopped, and the terminal's settings the last time */
  stops(): readonly string[]
  /** undefined while it runs */
  end(): End | undefined
  /** ends the program if it runs, and all that belongs to it */
  close(): void
}

/** Longer than any test, so that nothing stays behind. */
const TIMEOUT_MS = 120_000

export function openPseudoTerminal(
  argv: readonly string[],
  { columns = 80, rows = 24, env = {} }: { columns?: number; rows?: number; env?: Record<string, string> },
): PseudoTerminal {
  const program = fileURLToPath(new URL('./programs/pseudo-terminal.py', import.meta.url))
  const { NO_COLOR: _, FORCE_COLOR: _colour, ...inherited } = process.env
  const child = spawn('python3', [program, JSON.stringify({ argv, columns, rows })], {
    env: { ...inherited, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  })
  const screen = createScreen()
  const decoder = new TextDecoder('utf-8')
  const stops: string[] = []
  let raw = ''
  let rest = ''
  let end: End | undefined
  const hear = (line: string) => {
    const said = JSON.parse(line)
    if (said.out !== undefined) {
      const text = decoder.decode(Buffer.from(said.out, 'base64'), { stream: true })
      raw += text
      screen.write(text)
    }
    if (said.stopped !== undefined) stops.push(said.stopped)
    if (said.ended !== undefined) end = { code: said.ended, before: said.before, after: said.after }
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    lines.forEach(hear)
  })
  child.stdin.on('error', () => undefined)
  const order = (what: object) => void child.stdin.write(`${JSON.stringify(what)}\n`)
  return {
    screen,
    raw: () => raw,
    send: (keys) => order({ send: keys }),
    resize: (wide, high) => order({ columns: wide, rows: high }),
    signal: (name) => order({ signal: name }),
    stops: () => stops,
    end: () => end,
    close: () => void child.stdin.end(),
  }
}
