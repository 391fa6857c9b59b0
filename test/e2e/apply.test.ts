// SPDX-License-Identifier: Apache-2.0
// A file that is applied is watched: what lets packets come to a bad end is rolled back by itself, with live
// connections going on; what does not is kept.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Applied } from '../../src/api/apply.js'
import type { Status } from '../../src/api/contract.js'
import { type Held, hold } from '../lab/flows.js'
import {
  answered,
  buildTopology,
  type Director,
  type Load,
  load,
  serve,
  startDirector,
  type Topology,
} from '../lab/index.js'
import { until } from '../lab/until.js'
import { realsOf } from '../lab/view.js'

const SERVICE = '192.0.2.10:80'
const HEAD = 'interfaces: [eth0]\nlimits: {connections: 131072, templates: 1024}\nservices:\n'
const of = (scheduler: string, reals: string) =>
  `${HEAD}  - {vip: "${SERVICE}", scheduler: ${scheduler}, reals: [${reals}]}\n`
const BEFORE = of('rr', '192.0.2.21, 192.0.2.22')
const GOOD = of('wrr', '192.0.2.21, {address: 192.0.2.22, weight: 3}')
/** Nobody is at that address. */
const DARK = of('rr', '{address: 192.0.2.21, weight: 0}, {address: 192.0.2.22, weight: 0}, 192.0.2.99')
/** Live connections lose their real server. */
const CUT = of('rr', '192.0.2.21')

let topology: Topology
let director: Director
let requests: Load
let held: Held

beforeAll(async () => {
  topology = await buildTopology({ reals: 2 })
  const { lab, reals, clients } = topology
  await Promise.all(reals.map((real) => serve(lab, real)))
  director = await startDirector(topology, BEFORE)
  held = await hold(lab, clients[0], `http://${SERVICE}/`, { flows: 6 })
  // slow enough that no port comes again while a connection of it, to a real server that is gone, is half-open
  requests = load(lab, clients[0], `http://${SERVICE}/`, { concurrency: 4, rate: 200 })
  await answered(requests, 100)
})
afterAll(() => topology?.lab.close())

function fileOf(text: string): string {
  const path = join(topology.lab.folder, 'new.yaml')
  writeFileSync(path, text)
  return path
}

const apply = (text: string, ...words: string[]) => director.xlvs('apply', '-c', fileOf(text), ...words)
const weights = async () =>
  Object.fromEntries((await realsOf(director, SERVICE)).map((real) => [real.address, real.effectiveWeight]))
const lastLine = (text: string) => text.trimEnd().split('\n').at(-1)

describe('a file that is applied under traffic', () => {
  it('is only planned with --dry-run', async () => {
    const { code, stdout } = await apply(GOOD, '--dry-run')
    expect(stdout).toMatch(
      /^~ tcp 192\.0\.2\.10:80\n {4}scheduler rr → wrr\n[\s\S]*harmless: 1 service would change/,
    )
    expect(code).toBe(0)
    expect(await weights()).toEqual({ '192.0.2.21': 1, '192.0.2.22': 1 })
  })

  it('is kept when packets end as before, and fails no request', async () => {
    const { code, stdout } = await apply(GOOD, '--watch', '2s')
    expect(stdout).toMatch(/in force; watched for 2 s\n.*new\.yaml is in force, watched for \d+ s\n/)
    expect(code).toBe(0)
    expect(await weights()).toEqual({ '192.0.2.21': 1, '192.0.2.22': 3 })
    expect((await director.xlvs('status')).stdout).toContain(
      `new.yaml is in force: ${director.file} says otherwise, and its word comes back with a reload or a restart`,
    )
    expect(await director.xlvs('reload')).toMatchObject({ code: 0 })
    expect(await weights()).toEqual({ '192.0.2.21': 1, '192.0.2.22': 1 })
    await answered(requests, 50, requests.latest())
    expect(requests.latest().failed).toBe(0)
    expect((await held.goOn()).failed).toBe(0)
  })

  it('is refused when live connections would break and nobody said --yes', async () => {
    const { code, stdout, stderr } = await apply(CUT)
    expect(code).toBe(3)
    expect(stdout).toMatch(/^ {4}- 192\.0\.2\.22 {2}weight 1, [\d,]+ live connections break$/m)
    expect(stderr).toContain('nothing was changed')
    expect(await weights()).toEqual({ '192.0.2.21': 1, '192.0.2.22': 1 })
  })

  it('is rolled back by itself when new connections get nowhere, and those that live go on', async () => {
    const { code, stdout } = await apply(DARK, '--watch', '10m')
    expect(stdout).toMatch(/new\.yaml was rolled back: packets came to a bad end\n {4}\w+: \d+/)
    expect(stdout).toMatch(
      /^ {4}drop_nexthop: .* a second, at most 0\.0 before; [\d,]+ packets? more than usual$/m,
    )
    expect(code).toBe(4)
    expect(await weights()).toEqual({ '192.0.2.21': 1, '192.0.2.22': 1 })
    await answered(requests, 100, requests.latest())
    expect((await held.goOn()).failed).toBe(0)
  })

  it('is rolled back when it takes a real server from under its connections, which go on afterwards', async () => {
    const before = held.latest().failed
    const { code, stdout } = await apply(CUT, '--watch', '10m', '--yes', '--max-drop-rate', '2')
    expect(stdout).toContain('drop_real_gone')
    expect(code).toBe(4)
    await until('all six are answered again', async () => {
      const { failed, answered: now } = held.latest()
      await held.goOn()
      return held.latest().failed === failed && held.latest().answered > now
    })
    expect(held.latest().failed - before).toBeLessThanOrEqual(6)
  })

  it('can be rolled back by its operator, from another terminal', async () => {
    const waiting = apply(GOOD, '--watch', '10m')
    await until('it is in force', async () => (await weights())['192.0.2.22'] === 3)
    const refused = await director.xlvs('reload')
    expect(refused).toMatchObject({ code: 1 })
    expect(refused.stderr).toContain('new.yaml was applied and is being watched for another')
    expect((await director.xlvs('status')).stdout).toContain('to go back: xlvs apply --rollback')
    expect(await director.xlvs('apply', '--rollback')).toMatchObject({ code: 0 })
    expect(await waiting).toMatchObject({ code: 4 })
    expect(await weights()).toEqual({ '192.0.2.21': 1, '192.0.2.22': 1 })
    expect((await director.xlvs('apply', '--rollback')).code).toBe(1)
  })

  it('and whose daemon is killed while it watches is not kept: the next one has what its file says', async () => {
    await director.json('set', 'real', SERVICE, '192.0.2.21', '--weight', '2')
    const waiting = apply(GOOD, '--watch', '10m')
    await until('it is in force', async () => (await weights())['192.0.2.22'] === 3)
    await director.daemon().stop('SIGKILL')
    expect((await waiting).code).toBe(1)
    await director.restart()
    expect(await weights()).toEqual({ '192.0.2.21': 2, '192.0.2.22': 1 })
    await director.json('reload')
  })

  it('becomes the file with --write once it was kept, and is there after kill -9', async () => {
    const { code } = await apply(GOOD, '--watch', '1s', '--write')
    expect(code).toBe(0)
    expect(readFileSync(director.file, 'utf8')).toBe(GOOD)
    expect((await director.json<Status>('status')).applied).toMatchObject({ state: 'kept', agrees: true })
    await director.daemon().stop('SIGKILL')
    await director.restart()
    expect(await weights()).toEqual({ '192.0.2.21': 1, '192.0.2.22': 3 })
  })

  it("is the daemon's own without -c: a reload under watch", async () => {
    director.writeFile(BEFORE)
    const answer = await director.json<{ applied: Applied }>('apply', '--watch', '1s')
    expect(answer.applied).toMatchObject({ file: director.file, state: 'kept', agrees: true })
    expect(await weights()).toEqual({ '192.0.2.21': 1, '192.0.2.22': 1 })
  })

  it('with a word that is no time or number is a wrong command line', async () => {
    for (const [words, said] of [
      [['--watch', 'soon'], '--watch: "soon" is no time'],
      [['--watch', '2d'], '--watch: "2d" is no time'],
      [['--watch', '25h'], 'more than a day'],
      [['--max-drops', '1.5'], '--max-drops: "1.5" is no such number'],
      [['--max-drop-rate', '-1'], '--max-drop-rate: "-1" is no such number'],
    ] as const) {
      const { code, stderr } = await director.xlvs('apply', ...words)
      expect(code).toBe(2)
      expect(stderr).toContain(said)
    }
    expect(lastLine((await director.xlvs('apply', '-c', '/nowhere.yaml')).stderr)).toContain(
      'there is no such file',
    )
  })
})
