// SPDX-License-Identifier: Apache-2.0
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readToken, tokenOf } from '../../../src/web/token.js'

const SECRET = 'correct-horse-battery-staple'
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), `xlvs-token-${process.pid}-`))
})
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, text: string, mode: number): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

async function refusal(path: string) {
  const read = await readToken(path)
  return read.ok ? undefined : read.problems[0]
}

describe('a token', () => {
  it.each([`Bearer ${SECRET}`, `bearer ${SECRET}`, `Bearer   ${SECRET} `])('lets in: %s', (header) => {
    expect(tokenOf(SECRET).allows(header)).toBe(true)
  })

  it.each([
    undefined,
    '',
    SECRET,
    'Bearer ',
    'Bearer',
    `Bearer ${SECRET}x`,
    `Bearer ${SECRET.slice(1)}`,
    `Bearer ${SECRET} ${SECRET}`,
    `Basic ${SECRET}`,
    `Bearer ${'x'.repeat(100_000)}`,
  ])('keeps out: %.40s', (header) => {
    expect(tokenOf(SECRET).allows(header)).toBe(false)
  })
})

describe('the file of a token', () => {
  it.each([0o600, 0o400, 0o640])('is read with mode %o, without the line end', async (mode) => {
    const read = await readToken(file(`good-${mode}`, `${SECRET}\n`, mode))
    expect(read.ok && read.value.allows(`Bearer ${SECRET}`)).toBe(true)
  })

  it.each([0o644, 0o604, 0o602, 0o777])('is refused with mode %o', async (mode) => {
    const path = file(`open-${mode}`, SECRET, mode)
    expect(await refusal(path)).toMatchObject({
      reason: `${path} is open to everybody on this host (mode ${mode.toString(8)})`,
      fix: `chmod 600 ${path}`,
    })
  })

  it.each(['', 'short', 'two words that are long enough', 'x'.repeat(5_000)])(
    'is refused when it does not hold a secret: %.20j',
    async (text) => {
      expect((await refusal(file('bad', text, 0o600)))?.reason).toMatch(/is not 16 or more|is larger than/)
    },
  )

  it('is refused when it is not there, or no file', async () => {
    expect((await refusal(join(folder, 'gone')))?.reason).toBe(`there is no ${join(folder, 'gone')}`)
    mkdirSync(join(folder, 'sub'))
    expect((await refusal(join(folder, 'sub')))?.reason).toContain('is not a regular file')
  })
})
