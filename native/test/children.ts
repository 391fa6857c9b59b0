// SPDX-License-Identifier: Apache-2.0
// Runs test/programs/NAME.mjs as a process of its own, on the package as it is built, and hands it objects as files.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll } from 'vitest'
import { bpfObject } from './lab.js'

const run = promisify(execFile)

/** What the program printed, parsed. Fails with what it wrote to stderr when it fails or crashes. */
export async function child<T>(
  name: string,
  args: readonly string[],
  options: readonly string[] = [],
): Promise<T> {
  const program = join(import.meta.dirname, 'programs', `${name}.mjs`)
  const { stdout } = await run(process.execPath, [...options, program, ...args])
  return JSON.parse(stdout) as T
}

/** Paths of compiled objects, for the tests of one file. */
export function objectFiles(...names: readonly string[]): (name: string) => string {
  let directory = ''
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'libbpf-ts-children-'))
    for (const name of names) writeFileSync(join(directory, `${name}.o`), bpfObject(name))
  })
  afterAll(() => rmSync(directory, { recursive: true }))
  return (name) => join(directory, `${name}.o`)
}
