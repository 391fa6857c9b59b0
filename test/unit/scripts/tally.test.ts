// SPDX-License-Identifier: Apache-2.0
// The last line of `make test` and its exit status, by real runs of vitest.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))

function tally(...files: string[]) {
  const config = 'test/fixtures/tally/vitest.config.ts'
  const argv = [
    'node_modules/.bin/vitest',
    'run',
    '--config',
    config,
    '--reporter=./scripts/tally.js',
    ...files,
  ]
  const { status, stdout } = spawnSync(process.execPath, argv, { cwd: root, encoding: 'utf8' })
  return { status, lines: stdout.trimEnd().split('\n') }
}

describe('the tally of a run', () => {
  it('ends with the numbers alone on a line, status 0 when nothing failed', () => {
    const { status, lines } = tally('good')
    expect(lines.at(-1)).toBe('2 passed, 0 failed')
    expect(status).toBe(0)
  })

  it('counts failed tests, broken preparations, unloadable files and escaped errors as failures', () => {
    const { status, lines } = tally()
    expect(lines.at(-1)).toBe('3 passed, 4 failed')
    expect(status).not.toBe(0)
  })

  it('names what could not be run', () => {
    expect(tally('bad').lines).toContain('not run: a broken preparation > is never reached')
  })

  it('calls a run without tests a failure', () => {
    const { status, lines } = tally('no-such-file')
    expect(lines.at(-1)).toBe('0 passed, 0 failed')
    expect(status).not.toBe(0)
  })
})
