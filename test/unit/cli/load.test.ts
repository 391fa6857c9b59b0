// SPDX-License-Identifier: Apache-2.0
// A command's cache is used when it is of this file and this Node; whatever else lies there, the command is the same.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Script } from 'node:vm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

interface Loaded {
  readonly script: Script
  readonly command: { readonly answer: () => number; readonly other: () => Promise<{ named: string }> }
}

const SOURCE = "exports.answer = () => 42\nexports.other = () => importHere('./verbs/other.mjs')\n// "
const MARK = 'a'.repeat(64)

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'xlvs-load-'))
  file = join(folder, 'dist/cli/thing.cjs')
  mkdirSync(join(folder, 'bin'))
  mkdirSync(join(folder, 'dist/cli/verbs'), { recursive: true })
  copyFileSync('bin/load.cjs', join(folder, 'bin/load.cjs'))
  writeFileSync(file, SOURCE + MARK)
  writeFileSync(join(folder, 'dist/cli/verbs/other.mjs'), "export const named = 'other'\n")
})

afterEach(() => rmSync(folder, { recursive: true }))

function load(name = 'thing'): Loaded | undefined {
  return createRequire(import.meta.url)(join(folder, 'bin/load.cjs')).load(name)
}

function keep(): void {
  const compiled = load()?.script.createCachedData() ?? Buffer.alloc(0)
  writeFileSync(`${file}.cache`, Buffer.concat([compiled, Buffer.from(MARK)]))
}

describe('loading a command', () => {
  it('takes what was compiled for this file', () => {
    keep()
    const loaded = load()
    expect(loaded?.script.cachedDataRejected).toBe(false)
    expect(loaded?.command.answer()).toBe(42)
  })

  it('looks at no cache of another file of the same length', () => {
    keep()
    writeFileSync(file, SOURCE.replace('42', '43') + 'b'.repeat(64))
    const loaded = load()
    expect(loaded?.script.cachedDataRejected).toBeUndefined()
    expect(loaded?.command.answer()).toBe(43)
  })

  it('compiles when V8 refuses the cache', () => {
    writeFileSync(`${file}.cache`, Buffer.concat([Buffer.alloc(1_000), Buffer.from(MARK)]))
    const loaded = load()
    expect(loaded?.script.cachedDataRejected).toBe(true)
    expect(loaded?.command.answer()).toBe(42)
  })

  it.each(['', 'x', 'x'.repeat(64)])('compiles when the cache is %j', (cache) => {
    writeFileSync(`${file}.cache`, cache)
    expect(load()?.command.answer()).toBe(42)
  })

  it('imports what stayed apart beside the file, from the cache too', async () => {
    keep()
    expect(await load()?.command.other()).toMatchObject({ named: 'other' })
  })

  it('is undefined when nothing was built', () => {
    expect(load('nothing')).toBeUndefined()
  })
})
