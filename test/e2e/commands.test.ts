// SPDX-License-Identifier: Apache-2.0
// The commands as they are built, one file each: every verb says what its source says, and V8's cache is taken.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { HELP } from '../../src/cli/ipvsadm/help.js'
import { PLAIN } from '../../src/cli/look.js'
import { main } from '../../src/cli/main.js'
import { VERBS } from '../../src/cli/verbs.js'

const { load } = createRequire(import.meta.url)(join(process.cwd(), 'bin/load.cjs'))

function built(...words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })
  return { status, stdout, stderr }
}

async function written(...words: readonly string[]) {
  let stdout = ''
  let stderr = ''
  const out = (text: string) => {
    stdout += text
  }
  const err = (text: string) => {
    stderr += text
  }
  const status = await main(words, { env: {}, out, err, look: PLAIN, now: Date.now })
  return { status, stdout, stderr }
}

describe('the built commands', () => {
  it.each(VERBS.map(({ name }) => name))(
    '%s: its help, and what it says to a word it does not know',
    async (verb) => {
      for (const word of ['--help', '--nonsense'])
        expect(built('bin/xlvs', verb, word)).toEqual(await written(verb, word))
    },
  )

  it.each([['--help'], ['statuz'], ['version', '--json'], ['schema'], ['check', '/nonexistent']])(
    'xlvs %s',
    async (...words) => {
      expect(built('bin/xlvs', ...words)).toEqual(await written(...words))
    },
  )

  it('xlvsadm --help', () => {
    expect(built('bin/xlvsadm', '--help')).toEqual({ status: 0, stdout: HELP, stderr: '' })
  })

  it.each(['xlvs', 'xlvsadm'])('%s starts from what V8 compiled when it was built', (name) => {
    expect(load(name).script.cachedDataRejected).toBe(false)
  })
})
