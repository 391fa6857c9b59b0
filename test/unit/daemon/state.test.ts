// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { stateFile } from '../../../src/daemon/state.js'
import { NO_RUNTIME, type Runtime } from '../../../src/daemon/store.js'
import { formatProblem } from '../../../src/model/describe.js'
import { fileService } from './given.js'

let dir: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), `xlvs-state-${process.pid}-`))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const full: Runtime = {
  services: [
    fileService({ owner: 'api', name: 'web "1"', persistence: { timeout: 300, prefix: 24 } }),
    fileService({
      owner: 'api',
      vip: '2001:db8::1',
      reals: [{ address: '2001:db8::21', weight: 0, name: 'r' }],
    }),
    {
      mark: 6,
      family: 6,
      scheduler: 'mh',
      flags: [1, 2],
      onePacket: true,
      owner: 'api',
      reals: [{ address: '2001:db8::21', port: 80, weight: 1, upper: 100, lower: 50 }],
    },
  ],
  interfaces: [{ name: 'eth1', mode: 'generic' }],
  detached: ['eth0'],
  overrides: [{ service: 'tcp 192.0.2.10:80', real: '192.0.2.21', weight: 0 }],
  marks: [
    {
      vip: '192.0.2.12',
      protocol: 'sctp',
      ports: [
        [80, 80],
        [1000, 2000],
      ],
      mark: 4_294_967_295,
      owner: 'api',
    },
  ],
  timeouts: { udp: 5 },
  drains: [
    { address: '192.0.2.21', port: 8080, service: 'fwm 6', since: 1_000, deadline: 61_000, end: 'reset' },
    { address: '192.0.2.21', since: 1_000, end: 'move' },
  ],
  down: [{ service: 'tcp 192.0.2.10:80', real: '192.0.2.22', reason: 'timeout', since: 2_000 }],
  tunables: { sloppy_tcp: 1, drop_entry: 3 },
  zero: {
    gone: [1, 2, 3],
    total: [4, 5, 6],
    services: { 'tcp 192.0.2.10:80': [1, 2, 3] },
    reals: { 'fwm 6 > 192.0.2.21:80': [7, 8, 9] },
  },
}

describe('the state file', () => {
  it('gives back what was written', async () => {
    const state = stateFile(join(dir, 'made', 'on', 'the', 'way'))
    expect(await state.write(full)).toEqual({ ok: true, value: undefined })
    expect(await state.read()).toEqual({ ok: true, value: full })
  })

  it('is nothing at the first start', async () => {
    expect(await stateFile(dir).read()).toEqual({ ok: true, value: NO_RUNTIME })
  })

  it('is for its owner only, and leaves no other file beside it', async () => {
    await stateFile(dir).write(full)
    await stateFile(dir).write(NO_RUNTIME)
    expect(await readdir(dir)).toEqual(['state.json'])
    expect((await stat(join(dir, 'state.json'))).mode & 0o777).toBe(0o600)
  })

  it('survives a half-written successor', async () => {
    await stateFile(dir).write(full)
    await writeFile(join(dir, 'state.json.new'), '{"version":1,"serv')
    expect(await stateFile(dir).read()).toEqual({ ok: true, value: full })
    expect((await stateFile(dir).write(NO_RUNTIME)).ok).toBe(true)
  })

  it('is refused, not guessed at, when any part of it is cut off or changed', async () => {
    await stateFile(dir).write(full)
    const path = join(dir, 'state.json')
    const text = await readFile(path, 'utf8')
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 3), async (length) => {
        await writeFile(path, text.slice(0, length))
        expect((await stateFile(dir).read()).ok).toBe(false)
      }),
    )
    for (const [from, to] of [
      ['"version": 3', '"version": 4'],
      ['"end": "reset"', '"end": "stay"'],
      ['"since": 1000', '"since": "1000"'],
      ['"reason": "timeout"', '"reason": 7'],
      ['"mark": 6', '"mark": "6"'],
      ['"sloppy_tcp": 1', '"sloppy_tcp": 2'],
      ['"udp": 5', '"udp": "5"'],
      ['"gone"', '"went"'],
      ['"weight": 0', '"weight": "0"'],
      ['"generic"', '"skb"'],
      ['"port": 80', '"port": "80"'],
    ] as const) {
      expect(text).toContain(from)
      await writeFile(path, text.replace(from, to))
      const outcome = await stateFile(dir).read()
      expect(outcome.ok ? 'taken' : outcome.problems.map(formatProblem).join()).toBe(
        `${path}: this state file is damaged or of another version of xlvs; ` +
          'move it away to start without what was added at run time',
      )
    }
  })

  it('of version 1, which had no marks, settings and zeros, is taken', async () => {
    const { services, interfaces, detached, overrides } = full
    const old = { version: 1, services, interfaces, detached, overrides }
    await writeFile(join(dir, 'state.json'), JSON.stringify(old))
    expect(await stateFile(dir).read()).toEqual({
      ok: true,
      value: { ...NO_RUNTIME, services, interfaces, detached, overrides },
    })
  })

  it('of version 2, which had no drains and nothing of health, is taken', async () => {
    const { drains: _, down: __, ...rest } = full
    await writeFile(join(dir, 'state.json'), JSON.stringify({ version: 2, ...rest }))
    expect(await stateFile(dir).read()).toEqual({ ok: true, value: { ...full, drains: [], down: [] } })
  })

  it('that cannot be written says so and stays as it was', async () => {
    const state = stateFile(join(dir, 'state.json'))
    await writeFile(join(dir, 'state.json'), 'a file where a directory should be')
    const outcome = await state.write(full)
    expect(outcome.ok ? 'written' : outcome.problems[0]?.reason).toContain('the change could not be kept')
  })
})
