// SPDX-License-Identifier: Apache-2.0
// The daemon's writer of the state file is killed before each of its calls to a real disk, and meets disks that are
// full or take nothing: what was there is there, or what was to come.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { stateFile } from '../../src/daemon/state.js'
import { NO_RUNTIME, type Runtime } from '../../src/daemon/store.js'

const WRITER = fileURLToPath(new URL('../lab/programs/write-state.mjs', import.meta.url))

let dir: string
let mounted: boolean

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), `xlvs-cut-${process.pid}-`))
  mounted = false
})
afterEach(() => {
  if (mounted) must('umount', dir)
  rmSync(dir, { recursive: true, force: true })
})

const runtimeOf = (tcp: number, services = 0): Runtime => ({
  ...NO_RUNTIME,
  timeouts: { tcp },
  services: Array.from({ length: services }, (_, i) => ({
    vip: `192.0.2.${i}`,
    port: 80,
    protocol: 'tcp',
    scheduler: 'rr',
    owner: 'api',
    reals: [{ address: '192.0.2.251', weight: 1 }],
  })),
})
const [OLD, NEW] = [runtimeOf(60), runtimeOf(61)]

function must(program: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
}

/** A file system of its own, of so many bytes. */
function mount(bytes: number): void {
  must('mount', '-t', 'tmpfs', '-o', `size=${bytes}`, 'xlvs-test', dir)
  mounted = true
}

/** The writer's words; undefined when it was killed at that call. */
function write(state: string, runtime: Runtime, last = -1): string | undefined {
  const argv = [WRITER, state, String(last), JSON.stringify(runtime)]
  const { signal, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' })
  if (stderr !== '') throw new Error(stderr)
  return signal === 'SIGKILL' ? undefined : stdout.trim()
}

const read = async (state = dir) => {
  const outcome = await stateFile(state).read()
  return outcome.ok ? outcome.value : outcome.problems[0]?.reason
}

describe('the writer of the state file', () => {
  it('killed before any of its calls leaves the old state or the new one, and the next one goes on', async () => {
    const calls = Number(write(dir, OLD))
    expect(calls).toBeGreaterThan(6)
    const found = new Set<unknown>()
    for (let last = 0; last < calls; last++) {
      expect((await stateFile(dir).write(OLD)).ok).toBe(true)
      expect(write(dir, NEW, last)).toBeUndefined()
      const now = await read()
      expect([OLD, NEW]).toContainEqual(now)
      found.add(JSON.stringify(now))
      expect(Number(write(dir, NEW))).toBe(calls)
      expect(await read()).toEqual(NEW)
      expect(readdirSync(dir)).toEqual(['state.json'])
    }
    expect(found.size).toBe(2)
  })

  it('killed at the first state of all leaves none, or it', async () => {
    const state = join(dir, 'var', 'lib', 'xlvs')
    const calls = Number(write(state, OLD))
    for (let last = 0; last < calls; last++) {
      rmSync(join(dir, 'var'), { recursive: true })
      expect(write(state, OLD, last)).toBeUndefined()
      expect([NO_RUNTIME, OLD]).toContainEqual(await read(state))
      mkdirSync(state, { recursive: true })
    }
  })

  it('on a full disk refuses, keeps what was there, and leaves nothing half-written', async () => {
    mount(16_384)
    expect((await stateFile(dir).write(OLD)).ok).toBe(true)
    expect(write(dir, runtimeOf(62, 200))).toBe(
      'the disk is full, so the change could not be kept and was not made',
    )
    expect(await read()).toEqual(OLD)
    expect(readdirSync(dir)).toEqual(['state.json'])
    expect(Number(write(dir, NEW))).toBeGreaterThan(6)
    expect(await read()).toEqual(NEW)
  })

  it('on a disk that may only be read refuses, and what is there is read', async () => {
    mount(1_048_576)
    expect((await stateFile(dir).write(OLD)).ok).toBe(true)
    must('mount', '-o', 'remount,ro', dir)
    expect(write(dir, NEW)).toMatch(/^the change could not be kept and was not made: EROFS/)
    expect(await read()).toEqual(OLD)
  })

  it('writes over what another one left half-written', async () => {
    expect((await stateFile(dir).write(OLD)).ok).toBe(true)
    writeFileSync(join(dir, 'state.json.new'), '{"version": 2, "serv')
    expect(await read()).toEqual(OLD)
    expect(Number(write(dir, NEW))).toBeGreaterThan(6)
    expect(await read()).toEqual(NEW)
    expect(readdirSync(dir)).toEqual(['state.json'])
  })
})
