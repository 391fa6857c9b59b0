// SPDX-License-Identifier: Apache-2.0
// The datapath takes no more instructions, and its programs and maps no more bytes, than bench/baseline.json says: counted in
// a guest, so other work on the machine makes it later and nothing else.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { expect, it } from 'vitest'

const CHECK = 'build/bench-instructions/bench/instructions/check.js'
/** All but the schedulers with 1,000 real servers, which take the guest longest to set up. */
const QUICK = '^(?!scheduler/\\w+/1000$)'

it('is no dearer than its baseline', { timeout: 900_000 }, async () => {
  const check = spawn(process.execPath, [CHECK, '--only', QUICK], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [told, failed, [code]] = await Promise.all([
    text(check.stdout),
    text(check.stderr),
    once(check, 'close'),
  ])
  expect({ code, failed, told }).toEqual({
    code: 0,
    failed: '',
    told: expect.stringMatching(/\d{2,} figures compared/),
  })
})
