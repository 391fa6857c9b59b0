// SPDX-License-Identifier: Apache-2.0
// A file under watch: kept or rolled back, what a restart finds, and who has to wait. The daemon is whole but for the
// kernel's side, a datapath in memory.
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Applied, type ApplyRequest, readApplyRequest } from '../../../src/api/apply.js'
import { call } from '../../../src/cli/client.js'
import { type Daemon, startDaemon } from '../../../src/daemon/daemon.js'
import { fail, formatProblem } from '../../../src/model/describe.js'
import type { Outcome } from '../../../src/model/types.js'
import { until } from '../../lab/until.js'
import { type Memory, memoryDatapath } from './memory.js'

const WEB = 'tcp 192.0.2.10:80'
/** seconds that no test takes */
const LONG = 3_600

let dir: string
let file: string
let socket: string
let log: string[]
let datapath: Memory
const running: Daemon[] = []

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), `xlvs-apply-${process.pid}-`))
  file = join(dir, 'lb.yaml')
  socket = join(dir, 'xlvs.sock')
  log = []
  await writeFile(file, yaml(3))
  datapath = memoryDatapath()
  await start()
})

afterEach(async () => {
  for (const daemon of running.splice(0)) await daemon.stop('leave')
  await rm(dir, { recursive: true, force: true })
})

function yaml(weight: number, more = ''): string {
  return `interfaces: [eth0]
services:
  - {vip: "192.0.2.10:80", scheduler: wrr, reals: [192.0.2.21, {address: 192.0.2.22, weight: ${weight}}]}
${more}`
}

async function start(path = file): Promise<void> {
  const outcome = await startDaemon({
    source: { kind: 'file', path },
    places: { socket, pinRoot: '/sys/fs/bpf/xlvs-memory', stateDir: join(dir, 'state') },
    open: async () => ({ ok: true, value: datapath }),
    probes: () => fail({ reason: 'there is no kernel here' }),
    now: Date.now,
    pages: () => 1_000_000,
    log: (line) => log.push(line),
  })
  if (!outcome.ok) throw new Error(said(outcome))
  running.push(outcome.value)
}

/** As after kill -9: what is on the disk, and nothing else. */
async function startAnew(): Promise<void> {
  await running.pop()?.stop('leave')
  await start()
}

function said(outcome: Outcome<unknown>): string {
  return outcome.ok ? 'done' : outcome.problems.map(formatProblem).join('; ')
}

function must<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(said(outcome))
  return outcome.value
}

const apply = (text: string | undefined, more: Partial<ApplyRequest> = {}) =>
  call(socket, 'apply', {}, { ...(text !== undefined && { file: 'new.yaml', text }), watch: 0, ...more })
const weight = () => datapath.weights()[WEB]?.['192.0.2.22']
const status = async () => must(await call(socket, 'status'))
const ended = (): Promise<Applied> =>
  until('the watch ends', async () => {
    const { applied } = must(await call(socket, 'applied'))
    return applied?.state !== 'watching' && applied
  })
const edit = (name: string, real: string, to: number) =>
  call(socket, 'setReal', { service: name, real }, { weight: to })

describe('a file that is applied', () => {
  it('is in force at once, and kept when nothing jumps', async () => {
    const begun = must(await apply(yaml(5), { watch: 0.2 }))
    expect(begun).toMatchObject({ id: 1, file: 'new.yaml', state: 'watching', change: { changed: true } })
    expect(weight()).toBe(5)
    expect(await ended()).toMatchObject({ state: 'kept', agrees: false, jumps: [], problems: [] })
    expect(weight()).toBe(5)
    expect(log).toContain('new.yaml was kept')
  })

  it('is rolled back by itself when packets come to a bad end, and says which', async () => {
    must(await apply(yaml(5), { watch: LONG }))
    datapath.end(() => ({ drop_no_real: 10_000_000, forward_conn: 50 }))
    const { state, jumps } = await ended()
    expect(state).toBe('rolled-back')
    expect(jumps.map(({ reason, before }) => [reason, before])).toEqual([['drop_no_real', 0]])
    expect(weight()).toBe(3)
    expect(log.join()).toMatch(/new\.yaml was rolled back: drop_no_real \d+\.\d\/s/)
  })

  it('is judged once more at the end of a short watch', async () => {
    datapath.end(() => ({ pass_no_conn: weight() === 5 ? 10_000_000 : 0 }))
    must(await apply(yaml(5), { watch: 0.3 }))
    expect((await ended()).state).toBe('rolled-back')
  })

  it('is rolled back when its operator says so, and only while it is watched', async () => {
    expect(said(await call(socket, 'rollback'))).toContain('nothing is being watched')
    must(await apply(yaml(5), { watch: LONG }))
    expect(must(await call(socket, 'rollback'))).toMatchObject({ state: 'rolled-back', jumps: [] })
    expect(weight()).toBe(3)
    expect(said(await call(socket, 'rollback'))).toContain('nothing is being watched')
  })

  it('is not watched when it changes nothing', async () => {
    expect(must(await apply(yaml(3), { watch: LONG }))).toMatchObject({ state: 'kept', agrees: true })
  })

  it('that is wrong or refused changes nothing, and the next one may come', async () => {
    expect(said(await apply(yaml(3_000_000_000)))).toContain('new.yaml:3:')
    datapath.failNext({ ok: false, problems: [{ reason: 'no room' }] })
    expect(said(await apply(yaml(5)))).toBe('no room')
    expect(weight()).toBe(3)
    expect(must(await apply(yaml(6))).state).toBe('kept')
  })

  it('that cannot be rolled back says so, and stays what is in force', async () => {
    must(await apply(yaml(5), { watch: LONG }))
    datapath.failNext({ ok: false, problems: [{ reason: 'no room' }] })
    expect(must(await call(socket, 'rollback'))).toMatchObject({
      state: 'stuck',
      problems: [{ reason: 'no room' }],
    })
    expect(weight()).toBe(5)
    expect(said(await call(socket, 'reload'))).toBe('done')
    expect(weight()).toBe(3)
  })
})

describe('while a file is watched', () => {
  it('a reload and another apply are refused, and requests are taken', async () => {
    must(await apply(yaml(5), { watch: LONG }))
    for (const refused of [await call(socket, 'reload'), await apply(yaml(6))])
      expect(said(refused)).toMatch(
        /^new\.yaml was applied and is being watched for another \d+ s; wait for it, or end it with: xlvs apply --rollback$/,
      )
    expect(said(await edit(WEB, '192.0.2.21', 0))).toBe('done')
    must(await call(socket, 'rollback'))
    expect(datapath.weights()[WEB]).toEqual({ '192.0.2.21': 0, '192.0.2.22': 3 })
  })

  it('a daemon that ends has not kept it: it starts with its file and all that the change had ended', async () => {
    must(await edit(WEB, '192.0.2.21', 9))
    must(await call(socket, 'addService', {}, { vip: '192.0.2.11', port: 80, reals: [] }))
    must(await apply(yaml(5, '  - {vip: "192.0.2.11:80", reals: [192.0.2.29]}\n'), { watch: LONG }))
    expect(datapath.weights()).toEqual({
      [WEB]: { '192.0.2.21': 1, '192.0.2.22': 5 },
      'tcp 192.0.2.11:80': { '192.0.2.29': 1 },
    })
    await startAnew()
    expect(datapath.weights()).toEqual({
      [WEB]: { '192.0.2.21': 9, '192.0.2.22': 3 },
      'tcp 192.0.2.11:80': {},
    })
    expect((await status()).applied).toBeUndefined()
  })
})

describe('a file that was kept', () => {
  it('and is not what the daemon reads is in force until a reload, which gives back what it had ended', async () => {
    must(await call(socket, 'addService', {}, { vip: '192.0.2.11', port: 80, reals: [] }))
    must(await apply(yaml(5, '  - {vip: "192.0.2.11:80", reals: [192.0.2.29]}\n')))
    expect((await status()).applied).toMatchObject({ state: 'kept', agrees: false })
    must(await call(socket, 'reload'))
    expect(datapath.weights()).toMatchObject({ [WEB]: { '192.0.2.22': 3 }, 'tcp 192.0.2.11:80': {} })
    expect((await status()).applied).toBeUndefined()
  })

  it('and is not what the daemon reads is in force until a restart, requests made since stay', async () => {
    must(await apply(yaml(5)))
    must(await call(socket, 'addService', {}, { vip: '192.0.2.12', port: 80, reals: [] }))
    await startAnew()
    expect(datapath.weights()).toMatchObject({ [WEB]: { '192.0.2.22': 3 }, 'tcp 192.0.2.12:80': {} })
  })

  it('is the base of the next one, and a rollback of that leads back to it', async () => {
    must(await apply(yaml(5)))
    must(await apply(yaml(6), { watch: LONG }))
    must(await call(socket, 'rollback'))
    expect(weight()).toBe(5)
    await startAnew()
    expect(weight()).toBe(3)
  })

  it('with --write becomes the file, mode and links as they were, and is there after a restart', async () => {
    const link = join(dir, 'link.yaml')
    await symlink(file, link)
    await running.pop()?.stop('leave')
    await start(link)
    const text = yaml(5, '# by hand\n')
    expect(must(await apply(text, { write: true }))).toMatchObject({ state: 'kept', agrees: true })
    expect(await readFile(file, 'utf8')).toBe(text)
    expect((await stat(file)).mode & 0o777).toBe(0o644)
    expect((await readdir(dir)).filter((name) => name.endsWith('.new'))).toEqual([])
    await startAnew()
    expect(weight()).toBe(5)
  })

  it('with --write and rolled back leaves the file alone', async () => {
    must(await apply(yaml(5), { write: true, watch: LONG }))
    expect(await readFile(file, 'utf8')).toBe(yaml(3))
    must(await call(socket, 'rollback'))
    expect(await readFile(file, 'utf8')).toBe(yaml(3))
    expect((await readdir(dir)).filter((name) => name.endsWith('.new'))).toEqual([])
  })
})

describe("the daemon's own file", () => {
  it('applied is a reload under watch: overrides end when it is kept', async () => {
    must(await edit(WEB, '192.0.2.21', 9))
    await writeFile(file, yaml(5))
    expect(must(await apply(undefined))).toMatchObject({ file, state: 'kept', agrees: true })
    expect(datapath.weights()[WEB]).toEqual({ '192.0.2.21': 1, '192.0.2.22': 5 })
    await startAnew()
    expect(datapath.weights()[WEB]).toEqual({ '192.0.2.21': 1, '192.0.2.22': 5 })
  })

  it('rolled back is not in force, though it says so, and status tells', async () => {
    await writeFile(file, yaml(5))
    must(await apply(undefined, { watch: LONG }))
    must(await call(socket, 'rollback'))
    expect(weight()).toBe(3)
    expect(await status()).toMatchObject({
      applied: { state: 'rolled-back', agrees: false },
      reload: { ok: false },
    })
  })

  it('is recognised by what it says, whatever the name', async () => {
    expect(must(await apply(`# the same\n${yaml(3)}`))).toMatchObject({ agrees: true })
  })

  it('settles what was kept before it', async () => {
    must(await call(socket, 'addService', {}, { vip: '192.0.2.11', port: 80, reals: [] }))
    must(await apply(yaml(5, '  - {vip: "192.0.2.11:80", reals: [192.0.2.29]}\n')))
    must(await apply(undefined))
    expect(datapath.weights()).toEqual({
      [WEB]: { '192.0.2.21': 1, '192.0.2.22': 3 },
      'tcp 192.0.2.11:80': {},
    })
  })
})

describe('what is asked for', () => {
  it('is read with a sentence for what is wrong', () => {
    expect(readApplyRequest({})).toEqual({ ok: true, value: { watch: 10 } })
    const all = { file: 'a', text: 'b', write: true, watch: 1.5, rate: 0, packets: 3 }
    expect(readApplyRequest(all)).toEqual({ ok: true, value: all })
    for (const [body, words] of [
      [undefined, 'body is'],
      [[], 'body is'],
      [{ colour: 1 }, 'unknown key "colour"'],
      [{ file: 'a' }, 'file and text'],
      [{ file: 1, text: 'b' }, 'file and text'],
      [{ watch: -1 }, 'watch -1 is out of range'],
      [{ watch: '10s' }, 'watch is'],
      [{ rate: Number.NaN }, 'rate NaN is out of range'],
      [{ packets: -1 }, 'packets -1 is out of range'],
      [{ write: 'yes' }, 'write is'],
    ] as const)
      expect(said(readApplyRequest(body))).toContain(words)
  })
})
