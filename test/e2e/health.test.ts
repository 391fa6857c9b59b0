// SPDX-License-Identifier: Apache-2.0
// Real servers that fail are out, for the reason that they fail for, and back when they answer; clients see it through
// the VIP.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { HealthRow, Listing, Status } from '../../src/api/contract.js'
import { askNew, type Held, hold, newPorts, tally } from '../lab/flows.js'
import {
  buildTopology,
  type Director,
  load,
  type Running,
  serve,
  startDirector,
  type Topology,
} from '../lab/index.js'
import { until } from '../lab/until.js'
import { metric, realsOf } from '../lab/view.js'

const VIP = '192.0.2.10'
const REALS = ['192.0.2.21', '192.0.2.22', '192.0.2.23'] as const
const WEB = `${VIP}:80`
const QUORUM = `${VIP}:81`
const OPEN = `${VIP}:82`
const REMOVE = `${VIP}:83`
const PASSIVE = `${VIP}:84`
const KEEP = `${VIP}:85`
const ALPHA = `${VIP}:86`
const MOODY = join(import.meta.dirname, '../lab/programs/moody.mjs')

let topology: Topology
let director: Director
let moods: string
let told: string
let web: Running[]
const held: Held[] = []

function yaml(): string {
  const check = (via: string) =>
    `{kind: http, path: /health, interval: 400ms, timeout: 2s, rise: 2, fall: 2, via: ${via}}`
  const two = `reals: [${REALS.slice(0, 2).join(', ')}]`
  // one write a line: two programs may speak at the same time
  const tell = (words: string) =>
    `[/bin/sh, -c, 'echo "$(env | grep ^XLVS_ | sort | tr "\\n" " ")${words}" >>${told}']`
  const services = [
    `{vip: "${WEB}", scheduler: rr, checks: [{kind: tcp, interval: 400ms, timeout: 2s, rise: 2, fall: 2}], ${two}}`,
    `{vip: "${QUORUM}", scheduler: rr, checks: [${check('real')}],
      health: {quorum: 2, sorry: ${REALS[2]}, notify: {up: ${tell('quorum')}, down: ${tell('quorum')}}},
      reals: [{address: ${REALS[0]}, notify: {up: ${tell('real')}, down: ${tell('real')}}}, ${REALS[1]}]}`,
    `{vip: "${OPEN}", scheduler: rr, checks: [${check('vip')}], health: {fail-open: true}, ${two}}`,
    `{vip: "${REMOVE}", scheduler: rr, checks: [${check('real')}], health: {on-down: remove}, ${two}}`,
    `{vip: "${PASSIVE}", scheduler: rr, health: {passive: {retries: 3, pause: 1, most: 2}}, reals: [${REALS.join(', ')}]}`,
    `{vip: "${ALPHA}", scheduler: rr, checks: [${check('real')}], health: {alpha: true}, ${two}}`,
    `{vip: "${KEEP}", scheduler: rr, checks: [${check('real')}], ${two}}`,
  ]
  return `interfaces: [eth0]
limits: {connections: 65536}
metrics: 127.0.0.1:9612
services:
${services.map((service) => `  - ${service}\n`).join('')}`
}

beforeAll(async () => {
  topology = await buildTopology({ reals: 3 })
  const { lab, reals } = topology
  moods = join(lab.folder, 'moods')
  told = join(lab.folder, 'told')
  mkdirSync(moods)
  const ports = ['81', '82', '83', '84', '85', '86']
  const moody = reals.map(({ namespace, role }) =>
    lab.start(namespace, [process.execPath, MOODY, role, moods, ...ports]),
  )
  await Promise.all(moody.map((one) => one.line(/listens/)))
  web = await Promise.all(reals.slice(0, 2).map((real) => serve(lab, real)))
  director = await startDirector(topology, yaml())
  await everyoneIsUp()
})
afterAll(() => topology?.lab.close())

afterEach(async () => {
  for (const one of held.splice(0)) await one.close()
  rmSync(moods, { recursive: true })
  mkdirSync(moods)
})

const client = () => topology.clients[0]
const asked = async (service: string, count: number) =>
  tally(await askNew(topology.lab, client(), `http://${service}/`, count))
const health = async (...words: readonly string[]) =>
  (await director.json<Listing<HealthRow>>('show', 'health', ...words)).rows

async function standing(service: string, address: string) {
  return (await health(service)).find((row) => row.address === address)?.standing
}

function is(service: string, address: string, up: boolean, reason: string): Promise<HealthRow['standing']> {
  return until(`${address} of ${service} is ${up ? 'up' : 'down'}: ${reason}`, async () => {
    const now = await standing(service, address)
    return now?.up === up && now.reason === reason && now
  })
}

const everyoneIsUp = () =>
  until('everybody is up', async () =>
    (await health()).every(({ standing: s }) => s.up && ['healthy', 'unchecked'].includes(s.reason)),
  )

function mood(real: string, service: string, status: number | undefined): void {
  const file = join(moods, `${real}-${service.split(':')[1]}`)
  if (status === undefined) rmSync(file)
  else writeFileSync(file, String(status))
}

function vip(i: number, how: 'add' | 'del'): Promise<string> {
  return topology.lab.must(topology.reals[i]?.namespace, ['ip', 'address', how, `${VIP}/32`, 'dev', 'lo'])
}

async function holding(service: string): Promise<Held> {
  const one = await hold(topology.lab, client(), `http://${service}/`, { flows: 2 })
  held.push(one)
  return one
}

const log = () => director.daemon().stderr()

describe('a real server', () => {
  it('whose server stops is out, and back when it answers again', async () => {
    await web[0]?.stop('SIGKILL')
    const down = await is(WEB, REALS[0], false, 'refused')
    expect(down.since).toBeGreaterThan(0)
    expect(await asked(WEB, 10)).toEqual({ web2: 10 })
    expect((await realsOf(director, WEB)).find(({ address }) => address === REALS[0])).toMatchObject({
      ...{ weight: 1, effectiveWeight: 0, standing: { up: false, reason: 'refused' } },
    })
    expect(await director.json<Status>('status')).toMatchObject({ down: 1, drained: 0, quiesced: 0 })
    expect(log()).toMatch(/real server 192\.0\.2\.21 of tcp 192\.0\.2\.10:80: up -> down, refused: /)
    web[0] = await serve(topology.lab, topology.reals[0] as Topology['reals'][number])
    await is(WEB, REALS[0], true, 'healthy')
    expect(await asked(WEB, 10)).toEqual({ web1: 5, web2: 5 })
    expect(log()).toMatch(/real server 192\.0\.2\.21 of tcp 192\.0\.2\.10:80: down -> up, healthy/)
  })

  it('that lost the VIP is down with that reason, though it answers at its own address', async () => {
    await vip(0, 'del')
    await is(WEB, REALS[0], false, 'vip-missing')
    expect(await standing(KEEP, REALS[0])).toMatchObject({ up: true })
    expect(await asked(WEB, 10)).toEqual({ web2: 10 })
    await vip(0, 'add')
    await is(WEB, REALS[0], true, 'healthy')
    expect(await asked(WEB, 10)).toEqual({ web1: 5, web2: 5 })
  })

  it('that answers 503 is quiesced: what it has goes on', async () => {
    const some = await holding(KEEP)
    expect(tally(some.latest().names)).toEqual({ web1: 1, web2: 1 })
    mood('web1', KEEP, 503)
    expect((await is(KEEP, REALS[0], false, 'status')).detail).toContain('503')
    expect(await asked(KEEP, 10)).toEqual({ web2: 10 })
    expect(await some.goOn()).toMatchObject({ failed: 0, moved: 0 })
    mood('web1', KEEP, undefined)
    await is(KEEP, REALS[0], true, 'healthy')
    expect(await asked(KEEP, 10)).toEqual({ web1: 5, web2: 5 })
    expect(await some.goOn()).toMatchObject({ failed: 0, moved: 0 })
  })

  it('is out of the service with on-down: remove, and its connections wait in vain until it is back', async () => {
    const some = await holding(REMOVE)
    expect(tally(some.latest().names)).toEqual({ web1: 1, web2: 1 })
    mood('web1', REMOVE, 503)
    await is(REMOVE, REALS[0], false, 'status')
    expect((await realsOf(director, REMOVE)).map(({ address }) => address)).toEqual([REALS[1]])
    expect(await asked(REMOVE, 10)).toEqual({ web2: 10 })
    await until('its connection has no answers', () => (some.latest().failures['TIMEOUT'] ?? 0) > 0)
    mood('web1', REMOVE, undefined)
    await is(REMOVE, REALS[0], true, 'healthy')
    expect(await asked(REMOVE, 10)).toEqual({ web1: 5, web2: 5 })
  })

  it('is shown with what its checks said', async () => {
    const [row] = await health(KEEP)
    expect(row).toMatchObject({ weight: 1, effectiveWeight: 1, quorum: true, passive: false })
    expect(row?.checks).toMatchObject([{ kind: 'http', via: 'real', state: 'up', last: { good: true } }])
    const { stdout } = await director.xlvs('show', 'health', WEB)
    expect(stdout).toMatch(/192\.0\.2\.21 +up +.* 1 +tcp 192\.0\.2\.10:80 at 192\.0\.2\.21 \d+ ms/)
  })
})

describe('a service', () => {
  it('that loses its quorum is served by its sorry server alone; programs are told, with the environment that is documented', async () => {
    mood('web1', QUORUM, 500)
    await is(QUORUM, REALS[0], false, 'status')
    await until('the sorry server serves', async () => {
      const rows = await realsOf(director, QUORUM)
      return rows.some(({ address, effectiveWeight }) => address === REALS[2] && effectiveWeight === 1)
    })
    expect(await asked(QUORUM, 10)).toEqual({ web3: 10 })
    expect(log()).toContain(`service tcp ${QUORUM}: quorum lost`)
    const { namespace } = topology.director
    const quorum = await metric(topology.lab, namespace, '127.0.0.1:9612', 'xlvs_service_quorum')
    expect(quorum('port="81"')).toBe(0)
    expect(quorum('port="80"')).toBe(1)
    const up = await metric(topology.lab, namespace, '127.0.0.1:9612', 'xlvs_real_up')
    expect([up('port="81"', `real="${REALS[0]}"`), up('port="81"', `real="${REALS[1]}"`)]).toEqual([0, 1])
    const failures = await metric(topology.lab, namespace, '127.0.0.1:9612', 'xlvs_real_check_failures_total')
    expect(failures('port="81"', `real="${REALS[0]}"`)).toBeGreaterThanOrEqual(2)
    mood('web1', QUORUM, undefined)
    await is(QUORUM, REALS[0], true, 'healthy')
    expect(await asked(QUORUM, 10)).toEqual({ web1: 5, web2: 5 })
    const lines = await until('both ends are told of both', () => {
      const text = existsSync(told) ? readFileSync(told, 'utf8').trim().split('\n') : []
      return text.length >= 4 && text.toSorted()
    })
    const event = (name: string, real: string, reason: string, state: string, word: string) =>
      `XLVS_EVENT=${name} XLVS_REAL=${real} XLVS_REASON=${reason} XLVS_SERVICE=tcp ${QUORUM} XLVS_STATE=${state} ${word}`
    expect(lines).toEqual([
      event('down', REALS[0], 'status', 'down', 'real'),
      event('quorum-down', '', 'too little weight is up', 'down', 'quorum'),
      event('quorum-up', '', 'enough weight is up', 'up', 'quorum'),
      event('up', REALS[0], 'healthy', 'up', 'real'),
    ])
  })

  it('that fails open uses all when all are down', async () => {
    mood('web1', OPEN, 500)
    await is(OPEN, REALS[0], false, 'status')
    expect(await asked(OPEN, 6)).toEqual({ web2: 6 })
    mood('web2', OPEN, 500)
    await is(OPEN, REALS[0], true, 'fail-open')
    expect(await asked(OPEN, 6)).toEqual({ web1: 3, web2: 3 })
    mood('web2', OPEN, undefined)
    await is(OPEN, REALS[1], true, 'healthy')
    expect(await standing(OPEN, REALS[0])).toMatchObject({ up: false, reason: 'status' })
    mood('web1', OPEN, undefined)
    await is(OPEN, REALS[0], true, 'healthy')
  })

  it('that looks at its clients takes out who swallows their SYNs, tries it again, and has it back', async () => {
    const from = newPorts(2_000)
    const requests = load(topology.lab, client(), `http://${PASSIVE}/`, {
      rate: 40,
      concurrency: 400,
      ports: from,
    })
    await until('all three answer', () => Object.keys(requests.latest().by).length === 3)
    await vip(0, 'del')
    await is(PASSIVE, REALS[0], false, 'swallows')
    expect(log()).toMatch(/real server 192\.0\.2\.21 of tcp 192\.0\.2\.10:84: up -> down, swallows/)
    await until('it is tried again, and again in vain', () => count(log(), /:84: up -> down, swallows/g) >= 2)
    await vip(0, 'add')
    const { by } = requests.latest()
    await until('it answers again', () => (requests.latest().by['web1'] ?? 0) > (by['web1'] ?? 0) + 20)
    await is(PASSIVE, REALS[0], true, 'unchecked')
    await requests.stop()
  })
})

describe('a daemon', () => {
  it('that reloads keeps who is down, and the generation counts edits only', async () => {
    mood('web1', KEEP, 503)
    const before = await director.json<Status>('status')
    await is(KEEP, REALS[0], false, 'status')
    expect((await director.json<Status>('status')).generation).toBe(before.generation)
    await director.json('reload')
    expect(await standing(KEEP, REALS[0])).toMatchObject({ up: false, reason: 'status' })
    expect(await asked(KEEP, 6)).toEqual({ web2: 6 })
  })

  it('that is killed and starts again remembers who is down', async () => {
    mood('web1', KEEP, 503)
    const down = await is(KEEP, REALS[0], false, 'status')
    const state = join(director.env['XLVS_STATE_DIR'] as string, 'state.json')
    const kept = () =>
      (JSON.parse(readFileSync(state, 'utf8')) as { down: { service: string; real: string }[] }).down
    await until('the state file has it', () =>
      kept().some(({ service, real }) => service === `tcp ${KEEP}` && real === REALS[0]),
    )
    await director.daemon().stop('SIGKILL')
    expect(await asked(KEEP, 6)).toEqual({ web2: 6 })
    await director.restart()
    expect(await standing(KEEP, REALS[0])).toMatchObject({ up: false, reason: 'status', since: down.since })
    expect(await asked(KEEP, 6)).toEqual({ web2: 6 })
    expect(log()).not.toContain('up -> down')
    mood('web1', KEEP, undefined)
    await is(KEEP, REALS[0], true, 'healthy')
    await until('the state file has forgotten it', () => kept().length === 0)
  })

  it('that starts again keeps those in that were, also where real servers start down', async () => {
    expect(await asked(ALPHA, 6)).toEqual({ web1: 3, web2: 3 })
    await director.daemon().stop('SIGKILL')
    await director.restart()
    await everyoneIsUp()
    expect(log()).not.toMatch(/:86: (up|down) -> /)
    expect(await asked(ALPHA, 6)).toEqual({ web1: 3, web2: 3 })
  })

  it('that ends leaves the interfaces without its probes, and packets go on', async () => {
    const { lab, director: host } = topology
    const filters = () => lab.must(host.namespace, ['tc', 'filter', 'show', 'dev', 'eth0', 'egress'])
    expect(await filters()).toContain('xlvs_probe')
    expect(await director.daemon().stop('SIGTERM')).toBe(0)
    expect(await filters()).not.toContain('xlvs_probe')
    expect(await asked(KEEP, 6)).toEqual({ web1: 3, web2: 3 })
    await director.restart()
    await everyoneIsUp()
  })
})

function count(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].length
}
