// SPDX-License-Identifier: Apache-2.0
// What `make` says before it builds: nothing when all is there, one clear sentence when it cannot go on.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const NO_CLANG = { CLANG: 'clang-that-is-nowhere' }
const { PATH: path = '' } = process.env
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), `xlvs-bootstrap-${process.pid}-`))
  writeFileSync(join(folder, 'apt-get'), '#!/bin/sh\nexit 100\n')
  chmodSync(join(folder, 'apt-get'), 0o755)
})
afterAll(() => rmSync(folder, { recursive: true }))

function bootstrap(stage: string, env: Record<string, string> = {}, as: string[] = []) {
  const [program = '', ...words] = [...as, 'scripts/bootstrap', stage]
  const result = spawnSync(program, words, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${folder}:${path}`, ...env },
  })
  return { status: result.status, stdout: result.stdout, lines: result.stderr.trimEnd().split('\n') }
}

describe('scripts/bootstrap', () => {
  it('says nothing when nothing is missing', () => {
    expect(bootstrap('test')).toEqual({ status: 0, stdout: '', lines: [''] })
  })

  it('names what is missing and how to install it by hand when the package servers cannot be reached', () => {
    const { status, lines } = bootstrap('build', NO_CLANG)
    expect(status).toBe(1)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^xlvs: apt-get update failed .* by hand: apt-get install clang-19 /)
  })

  it('asks for root in one sentence before it touches anything', () => {
    const somebody = ['setpriv', '--reuid=65534', '--clear-groups']
    expect(bootstrap('test', {}, somebody)).toEqual({
      status: 1,
      stdout: '',
      lines: ['xlvs: root is needed to make network namespaces and to load XDP programs: run it with sudo'],
    })
  })
})
