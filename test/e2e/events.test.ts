// SPDX-License-Identifier: Apache-2.0
// What happened is known afterwards: who went down and why, who was drained, what the file said, over kill -9; and so is
// how everything stood a moment before.
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EventRow, PastListing, PastReal } from '../../src/api/contract-sight.js'
import {
  buildTopology,
  type Director,
  type Running,
  serve,
  startDirector,
  type Topology,
} from '../lab/index.js'
import { until } from '../lab/until.js'
import { realsOf } from '../lab/view.js'

const WEB = '192.0.2.10:80'
const SERVICE = `tcp ${WEB}`
const [FIRST, SECOND] = ['192.0.2.21', '192.0.2.22']
const COMMAND = join(import.meta.dirname, '../../bin/xlvs')

let topology: Topology
let director: Director
let web: Running[]
/** ms: before the first of the changes below */
let calm: number

const yaml = (more = '') => `interfaces: [eth0]
limits: {connections: 4096, templates: 1024}
${more}services:
  - {vip: "${WEB}", scheduler: wrr, reals: [${FIRST}, ${SECOND}],
     checks: [{kind: tcp, via: real, interval: 200ms, timeout: 2s, rise: 1, fall: 1}]}
`
const events = async (...words: readonly string[]) =>
  (await director.json<{ rows: readonly EventRow[] }>('events', '--limit', '0', ...words)).rows
const named = async (kind: string, to: string) =>
  (await events('--kind', kind)).filter((row) => row.to === to)
const standing = async (address: string) =>
  (await realsOf(director, WEB)).find((real) => real.address === address)?.standing

function following(...words: readonly string[]): Running {
  const argv = [process.execPath, COMMAND, 'events', '--follow', ...words]
  return topology.lab.start(topology.director.namespace, argv, director.env)
}

beforeAll(async () => {
  topology = await buildTopology({ reals: 2 })
  const { lab, reals } = topology
  web = await Promise.all(reals.map((real) => serve(lab, real)))
  director = await startDirector(topology, yaml())
  calm = await until('both are healthy, and that is remembered', async () => {
    const { at, rows } = await director.json<PastListing<PastReal>>('show', 'reals', '--at', '-0s')
    return rows.length === 2 && rows.every((row) => row.standing?.reason === 'healthy') && at
  })
})
afterAll(() => topology?.lab.close())

describe('xlvs events', () => {
  it('has every change with what was, what is and why, and --follow sees it happen', async () => {
    const live = following('--json', '--limit', '0')
    try {
      await live.line(/"daemon"/)
      await web[0]?.stop('SIGKILL')
      await until(`${FIRST} is down`, async () => (await standing(FIRST))?.up === false)
      await live.line(/"real".*"to":"down"/)
      await director.json('drain', SECOND)
      await director.json('set', 'real', WEB, FIRST, '--weight', '5')
      director.writeFile(yaml('timeouts: {udp: 60}\n'))
      await director.json('reload')
      director.writeFile('services: nonsense')
      expect((await director.xlvs('reload')).code).toBe(1)
      await live.line(/"reload".*"to":"refused"/)
      expect(await live.stop('SIGINT')).toBe(0)
    } finally {
      await live.stop('SIGKILL')
    }
    const [down] = await named('real', 'down')
    expect(down).toMatchObject({
      ...{ service: SERVICE, real: `${SERVICE} > ${FIRST}`, from: 'up', severity: 'warning' },
      reason: expect.any(String),
    })
    const weights = (await events('--kind', 'weight')).map(({ from, to, reason }) => [from, to, reason])
    expect(weights).toEqual([
      ['1', '5', 'by request'],
      ['5', '1', 'the file was read again'],
    ])
    expect(await named('drain', 'begun')).toMatchObject([
      { service: SERVICE, real: `${SERVICE} > ${SECOND}` },
    ])
    expect(await events('--kind', 'setting')).toMatchObject([
      { from: 'timeouts.udp 300', to: 'timeouts.udp 60' },
    ])
    expect((await events('--kind', 'reload')).map(({ to }) => to)).toEqual(['done', 'refused'])
    const shown = live
      .stdout()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as EventRow)
    const all = await events()
    expect(all.map(({ id }) => id)).toEqual(all.map((_, i) => i + 1))
    expect(all).toEqual(expect.arrayContaining(shown))
    expect((await director.xlvs('events', '--kind', 'drain')).stdout).toMatch(
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}notice {3}drain of real server 192\.0\.2\.22 of tcp 192\.0\.2\.10:80 begun/,
    )
  })

  it('goes on over kill -9: nothing is lost, numbers go on, and who follows is told that the daemon went', async () => {
    const before = await events()
    const live = following('--kind', 'reload')
    try {
      await live.line(/reload refused/)
      await director.daemon().stop('SIGKILL')
      expect(await live.exited).toBe(1)
      expect(live.stderr()).toMatch(/^the daemon on \S+ has ended; start it again with: xlvs run -c FILE$/m)
    } finally {
      await live.stop('SIGKILL')
    }
    director.writeFile(yaml())
    await director.restart()
    const after = await events()
    expect(after.slice(0, before.length)).toEqual(before)
    expect(after[before.length]).toMatchObject({
      ...{ id: before.length + 1, kind: 'daemon', from: 'killed', to: 'adopted' },
      reason: 'the one before did not end by itself',
    })
  })

  it('ends for who follows when the daemon ends by itself, after its last word', async () => {
    const live = following('--kind', 'daemon')
    try {
      await live.line(/took over/)
      await director.daemon().stop('SIGTERM', 20_000)
      expect(await live.exited).toBe(1)
      expect(live.stdout()).toMatch(/the daemon ended: packets are forwarded on\n$/)
      expect(live.stderr()).toContain('has ended; start it again with: xlvs run -c FILE')
    } finally {
      await live.stop('SIGKILL')
    }
    await director.restart()
  })
})

describe('xlvs show --at', () => {
  it('shows how everything stood before the changes, and after', async () => {
    const then = await director.json<PastListing<PastReal>>(
      'show',
      'reals',
      '--at',
      new Date(calm).toISOString(),
    )
    expect(then.at).toBe(calm)
    expect(
      then.rows.map(({ address, weight, effectiveWeight, standing: s }) => [
        address,
        weight,
        effectiveWeight,
        s?.reason,
      ]),
    ).toEqual([
      [FIRST, 1, 1, 'healthy'],
      [SECOND, 1, 1, 'healthy'],
    ])
    expect(then.rows[0]).not.toHaveProperty('connections')
    const [begun] = await named('drain', 'begun')
    const [set] = await named('weight', '5')
    const between = await director.json<PastListing<PastReal>>(
      ...['show', 'reals', '--real', FIRST, '--at', new Date((set?.at ?? 0) - 1).toISOString()],
    )
    expect(between.rows).toMatchObject([{ weight: 1, effectiveWeight: 0, standing: { up: false } }])
    expect((begun?.at ?? 0) >= calm).toBe(true)
    const { stdout } = await director.xlvs('show', 'services', '--at', new Date(calm).toISOString())
    expect(stdout).toMatch(
      /^as it was at .*; counters are not kept\nSERVICE +SCHED +PERSIST +OWNER +REALS|NAME/,
    )
    expect(stdout).toContain(SERVICE)
    expect(stdout).not.toContain('PACKETS')
  })

  it('says so when it does not go back so far, or there was no such moment yet', async () => {
    const early = await director.xlvs('show', 'services', '--at', '2001-01-01')
    expect(early).toMatchObject({ code: 1, stdout: '' })
    expect(early.stderr).toMatch(/^at: 2000-12-31T|^at: 2001-01-01T/)
    expect(early.stderr).toMatch(/is before the oldest moment that is remembered, \d{4}-\d\d-\d\dT/)
    const wrong = async (...words: readonly string[]) => {
      const { code, stderr } = await director.xlvs(...words)
      expect(code).toBe(2)
      return stderr.trim()
    }
    expect(await wrong('show', 'reals', '--at', '2999-01-01')).toBe(
      '--at: "2999-01-01" is in the future; name a moment that is gone',
    )
    expect(await wrong('show', 'services', '--at', '25:00')).toContain(
      '--at: "25:00" is no moment; write it like',
    )
    expect(await wrong('events', '--since', 'soon')).toContain(
      '--since: "soon" is no moment; write it like 1h',
    )
    expect(await wrong('events', '--kind', 'reel')).toContain('did you mean real?')
  })
})

it('the log is one line a change, as it was asked for', async () => {
  director.writeFile(yaml('log: keyvalue\n'))
  await director.json('reload')
  await director.json('undrain', SECOND)
  expect(await director.daemon().line(/^event=drain-ended /)).toMatch(
    /^event=drain-ended service="tcp 192\.0\.2\.10:80" real="tcp 192\.0\.2\.10:80 > 192\.0\.2\.22" from=drained to=ended reason="by request" severity=notice id=\d+$/,
  )
})
