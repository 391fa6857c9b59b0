// SPDX-License-Identifier: Apache-2.0
// What --wait shows, over a real socket: the daemon behind it says what it is told to.
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DrainRow } from '../../../src/api/contract.js'
import type { Context } from '../../../src/cli/context.js'
import { PLAIN } from '../../../src/cli/look.js'
import { watchDrain } from '../../../src/cli/watch-drain.js'

const ROW: DrainRow = {
  service: 'tcp 192.0.2.10:80',
  real: 'tcp 192.0.2.10:80 > 192.0.2.21',
  ...{ address: '192.0.2.21', everywhere: true, since: 0, end: 'move', stage: 'soft' },
  ...{ active: 0, inactive: 0, persistent: 0 },
}

let dir: string
let server: Server | undefined

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), `xlvs-drain-${process.pid}-`))
})
afterEach(async () => {
  await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()))
  server = undefined
  await rm(dir, { recursive: true, force: true })
})

/** Each answer once, then the last again and again. */
async function watched(
  answers: readonly (readonly Partial<DrainRow>[])[],
  columns = Number.POSITIVE_INFINITY,
) {
  const socket = join(dir, 'sock')
  let asked = 0
  server = createServer((_, response) => {
    const rows = (answers[Math.min(asked++, answers.length - 1)] ?? []).map((row) => ({ ...ROW, ...row }))
    response.end(JSON.stringify({ rows, more: false }))
  })
  await new Promise<void>((resolve) => server?.listen(socket, resolve))
  const out: string[] = []
  const err: string[] = []
  const context: Context = {
    env: {},
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    look: { ...PLAIN, columns },
    now: () => 0,
  }
  const name = { address: '192.0.2.21' }
  const code = await watchDrain({ context, socket, json: false, name, text: '192.0.2.21' })
  return { code, out: out.join(''), err: err.join('') }
}

describe('waiting for a drain', () => {
  it('is a line for each change into a pipe, and ends when nothing is left', async () => {
    const answers = [[{ active: 2, inactive: 1 }], [{ active: 2, inactive: 1 }], [{ active: 1 }], [{}]]
    expect(await watched(answers)).toEqual({
      code: 0,
      out:
        '3 connections left (2 active, 1 inactive)\n1 connection left (1 active, 0 inactive)\n' +
        '0 connections left (0 active, 0 inactive)\n192.0.2.21 is empty after 0 s\n',
      err: '',
    })
  })

  it('is one line that changes on a terminal, and never wider than that', async () => {
    const { out } = await watched([[{ active: 2, inactive: 1 }], [{}]], 20)
    expect(out).toBe(
      '\r\x1b[K3 connections left \r\x1b[K0 connections left \r\x1b[K192.0.2.21 is empty after 0 s\n',
    )
  })

  it('adds up all services, and says at the deadline what comes of those that are left', async () => {
    const over = { active: 1, stage: 'reset', end: 'reset' } as const
    const { code, out } = await watched([[over, { ...over, service: 'tcp 192.0.2.10:81' }]])
    expect(out).toMatch(/the deadline has come: 2 connections are reset with their next packet\n$/)
    expect(code).toBe(0)
  })

  it('says of a single one that it chooses another', async () => {
    const { out } = await watched([[{ active: 1, stage: 'move' }]])
    expect(out).toMatch(/: 1 connection chooses another real server with its next packet\n$/)
  })

  it('fails when somebody ends the drain meanwhile', async () => {
    const { code, out } = await watched([[{ active: 1 }], []])
    expect(out).toMatch(/192\.0\.2\.21 is not drained any more\n$/)
    expect(code).toBe(1)
  })
})
