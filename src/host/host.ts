// SPDX-License-Identifier: Apache-2.0
// This host, as far as a real server's set-up touches it: the ip command, /proc/sys and files.
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'

/** Everything throws when it cannot be done; the message is one line. */
export interface Host {
  /** may change sysctls, addresses and files */
  readonly privileged: boolean
  /** runs `ip WORDS`, gives its output */
  ip(words: readonly string[]): string
  /** runs `nft WORDS`, gives its output; undefined = there is no such command */
  nft(words: readonly string[], input?: string): string | undefined
  /** undefined = there is no such setting; `key` as in 'net/ipv4/conf/all/arp_ignore' */
  setting(key: string): number | undefined
  set(key: string, value: number): void
  exists(path: string): boolean
  /** undefined = there is no such file */
  read(path: string): string | undefined
  /** whole or not at all; makes the folders it lacks */
  write(path: string, text: string, mode: number): void
  remove(path: string): void
  /** nothing happens unless it is empty */
  removeFolder(path: string): void
  /** names in a folder; none when there is none */
  list(folder: string): readonly string[]
}

export function thisHost(): Host {
  return {
    privileged: process.geteuid?.() === 0,
    ip,
    nft,
    setting: (key) => {
      const text = read(`/proc/sys/${key}`)
      return text === undefined ? undefined : Number(text)
    },
    set: (key, value) => writeFileSync(`/proc/sys/${key}`, `${value}\n`),
    exists: existsSync,
    read,
    write,
    remove: (path) => rmSync(path, { force: true }),
    removeFolder,
    list: (folder) => (existsSync(folder) ? readdirSync(folder) : []),
  }
}

function ip(words: readonly string[]): string {
  const said = run('ip', words)
  if (said === undefined) throw new Error('there is no ip command; apt install iproute2')
  return said
}

function nft(words: readonly string[], input?: string): string | undefined {
  return run('nft', words, input)
}

/** undefined: there is no such command. An unprivileged PATH may lack where it is. */
function run(command: string, words: readonly string[], input = ''): string | undefined {
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` }
  try {
    return execFileSync(command, words, { encoding: 'utf8', stdio: 'pipe', input, env })
  } catch (error) {
    const { code, stderr, message } = error as NodeJS.ErrnoException & { stderr?: string }
    if (code === 'ENOENT') return undefined
    const said = (stderr ?? '').trim().split('\n')[0] || message
    throw new Error(said.replace(/^(?:RTNETLINK answers|Error): /, '').replace(/\.$/, ''), { cause: error })
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

function write(path: string, text: string, mode: number): void {
  mkdirSync(dirname(path), { recursive: true })
  const fresh = `${path}.new`
  try {
    writeFileSync(fresh, text, { mode })
    renameSync(fresh, path)
  } catch (error) {
    rmSync(fresh, { force: true })
    throw error
  }
}

function removeFolder(path: string): void {
  try {
    rmdirSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOTEMPTY' && code !== 'ENOENT') throw error
  }
}
