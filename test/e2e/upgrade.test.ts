// SPDX-License-Identifier: Apache-2.0
// An xlvs whose maps have another layout takes over from this one, and nobody notices: not a connection, not a counter.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openMap } from 'libbpf-ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Abi } from '../../src/abi/generated.js'
import type { ConnRow } from '../../src/api/contract.js'
import { call } from '../../src/cli/client.js'
import { clearDatapath } from '../../src/datapath/open.js'
import type { UpgradeStep } from '../../src/datapath/types.js'
import { buildVariant, type Variant } from '../../src/demo/lab/variant.js'
import { formatProblems } from '../../src/model/describe.js'
import type { Outcome } from '../../src/model/types.js'
import { type Held, hold } from '../lab/flows.js'
import {
  answered,
  buildTopology,
  type Director,
  load,
  type Running,
  serve,
  startDirector,
  type Topology,
} from '../lab/index.js'
import { until } from '../lab/until.js'
import { xdpOn } from '../lab/view.js'

const SERVICE = '192.0.2.10:80'
const SERVICE6 = '[2001:db8::10]:80'
const PERSISTENT = '192.0.2.10:81'
const DNS = '192.0.2.10:53'
const OLD = fileURLToPath(new URL('../../bin/xlvs', import.meta.url))
const UPGRADE = fileURLToPath(new URL('../lab/programs/upgrade.mjs', import.meta.url))
const FLOWS = 3

let topology: Topology
let director: Director
let next: Variant

function yaml(): string {
  const reals = [21, 22, 23].map((host) => `192.0.2.${host}`).join(', ')
  const reals6 = [21, 22, 23].map((host) => `"2001:db8::${host}"`).join(', ')
  return `interfaces: [eth0, eth9]
limits: {connections: 16384, templates: 256}
timeouts: {tcpfin: 2}
services:
  - {vip: "${SERVICE}", scheduler: wrr, reals: [${reals}]}
  - {vip: "${SERVICE6}", scheduler: wlc, reals: [${reals6}]}
  - {vip: "${PERSISTENT}", scheduler: rr, persistence: 300, reals: [${reals}]}
  - {vip: "${DNS}", protocol: udp, scheduler: rr, reals: [${reals}]}
`
}

beforeAll(async () => {
  topology = await buildTopology({ reals: 3 })
  next = buildVariant(join(topology.lab.folder, 'next'), { flows: true })
  const { lab, reals, director: host } = topology
  // a second interface: one of the two gets the new program before the other
  await lab.must(host.namespace, ['ip', 'link', 'add', 'eth9', 'up', 'type', 'veth', 'peer', 'name', 'eth9p'])
  await Promise.all(
    reals.flatMap((real) => [serve(lab, real, { udp: [DNS] }), serve(lab, real, { port: 81 })]),
  )
  director = await startDirector(topology, yaml())
})
afterAll(() => topology?.lab.close())

function holdAll(): Promise<readonly Held[]> {
  const { lab, clients } = topology
  const urls = [SERVICE, SERVICE6, PERSISTENT].map((service) => `http://${service}/`)
  return Promise.all([...urls, `udp://${DNS}`].map((url) => hold(lab, clients[0], url, { flows: FLOWS })))
}

async function stop(daemon: Running): Promise<void> {
  expect(await daemon.stop('SIGTERM', 30_000), daemon.stderr()).toBe(0)
}

/** A daemon of this version or the next, on the same places. */
async function start(command: string): Promise<Running> {
  const { lab, director: host } = topology
  const words = [process.execPath, command, 'run', '-c', director.file]
  const daemon = lab.start(host.namespace, words, director.env)
  await until('the daemon answers', async () => {
    if (daemon.ended() !== undefined) throw new Error(daemon.stderr())
    return (await call(socket(), 'status')).ok
  })
  return daemon
}

const socket = () => director.env['XLVS_SOCKET'] as string

function told<T>(answer: Outcome<T>): T {
  if (!answer.ok) throw new Error(formatProblems(answer.problems))
  return answer.value
}

const realRows = async () => told(await call(socket(), 'reals')).rows
const connRows = async () => told(await call(socket(), 'conns')).rows
const templateRows = async () => told(await call(socket(), 'templates')).rows

interface Counted {
  readonly packets: number
  readonly bytes: number
  readonly connections: number
}

async function counted(): Promise<ReadonlyMap<string, Counted>> {
  return new Map((await realRows()).map((row) => [row.real, row as Counted]))
}

/** Those that are held, and where they go. */
async function heldConns(held: readonly Held[]): Promise<readonly string[]> {
  const flow = (row: ConnRow) => [
    row.protocol,
    row.client,
    row.clientPort,
    row.vip,
    row.virtualPort,
    row.real,
    row.state,
    row.controlled,
  ]
  const all = await connRows()
  const open = all.filter(({ state }) => state === 'ESTABLISHED' || state === 'UDP')
  expect(open.length).toBeGreaterThanOrEqual(held.length * FLOWS)
  return open.map((row) => flow(row).join(' ')).sort()
}

async function templates(): Promise<readonly string[]> {
  const all = await templateRows()
  return all
    .map((row) => [row.clientNet, row.vip, row.virtualPort, row.real, row.assured, row.controls].join(' '))
    .sort()
}

function expectUnbroken(held: readonly Held[]): void {
  for (const one of held) expect(one.latest()).toMatchObject({ failed: 0, failures: {}, moved: 0 })
}

/** What real servers count is what is in the tables. */
async function expectCountsTrue(): Promise<void> {
  await until('counts and tables agree', async () => {
    const [reals, conns] = [await realRows(), await connRows()]
    const open = reals.reduce((sum, real) => sum + Number(real.active) + Number(real.inactive), 0)
    return open === conns.length
  })
}

describe('to a version whose maps have other layouts', () => {
  it('under load breaks no connection, fails no request and goes on counting', {
    timeout: 180_000,
  }, async () => {
    const { lab, clients } = topology
    const held = await holdAll()
    const downloads = load(lab, clients[0], `http://${SERVICE}/bytes/2000000?over=8000`, {
      requests: 4,
      concurrency: 4,
    })
    const short = [SERVICE, SERVICE6, PERSISTENT].map((service) =>
      load(lab, clients[0], `http://${service}/`, { concurrency: 3, rate: 100 }),
    )
    await Promise.all(short.map((one) => answered(one, 100)))
    const before = await counted()
    const maps = [mapId('conns4'), mapId('tables')]
    await stop(director.daemon())
    const program = await xdpOn(lab, topology.director.namespace, 'eth0')
    const daemon = await start(next.xlvs)
    expect(await xdpOn(lab, topology.director.namespace, 'eth0')).not.toBe(program)
    // the one was translated, the other is the same
    expect([mapId('conns4') === maps[0], mapId('tables') === maps[1]]).toEqual([false, true])
    await Promise.all(short.map((one) => answered(one, 100, one.latest())))
    await Promise.all(held.map((one) => one.goOn()))
    expect(await downloads.finished()).toMatchObject({ done: 4, failed: 0 })
    for (const one of short) expect(await one.stop()).toMatchObject({ failed: 0, failures: {} })
    expectUnbroken(held)
    const after = await counted()
    for (const [real, was] of before) {
      // nothing more comes to a service whose clients only stay
      const least = (count: number) => (real.includes(':80 ') ? count + 1 : count)
      for (const what of ['packets', 'bytes', 'connections'] as const)
        expect(after.get(real)?.[what], `${what} of ${real}`).toBeGreaterThanOrEqual(least(was[what]))
    }
    await Promise.all(held.map((one) => one.close()))
    await expectCountsTrue()
    await stop(daemon)
  })

  it('and the old version is refused, and touches nothing', async () => {
    const { lab, director: host } = topology
    const held = await holdAll()
    const there = pins()
    const refused = await lab.run(host.namespace, [process.execPath, OLD, 'run', '-c', director.file], {
      env: director.env,
    })
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(`ABI version ${next.abi}, this xlvs has ${Abi.ABI_VERSION}`)
    expect(refused.stderr).toContain('xlvs detach --all')
    expect(pins()).toEqual(there)
    await Promise.all(held.map((one) => one.goOn()))
    expectUnbroken(held)
    await Promise.all(held.map((one) => one.close()))
  })
})

function mapId(name: string): number {
  const map = openMap(`${topology.lab.pinRoot}/maps/${name}`)
  map.close()
  return map.id
}

function pins(folder = topology.lab.pinRoot): string[] {
  return readdirSync(folder, { recursive: true }).map(String).sort()
}

const STEPS: readonly UpgradeStep[] = [
  'filled',
  'pinned',
  'held',
  'committed',
  'switching',
  'switched',
  'carried',
  'moving',
  'moved',
]

describe('kill -9 in the middle of taking over', () => {
  /** This version's daemon, on maps made anew. */
  async function anew(): Promise<Running> {
    expect(clearDatapath(topology.lab.pinRoot)).toMatchObject({ ok: true })
    const daemon = await start(OLD)
    await until('the real servers are found', async () =>
      (await realRows()).every((row) => row.nexthop.state === 'up'),
    )
    return daemon
  }

  function takeOver(dist: string, step?: UpgradeStep) {
    const { lab, director: host } = topology
    const limits = JSON.stringify({
      connections: 16384,
      templates: 256,
      services: 64,
      reals: 256,
      interfaces: 4,
      ifindex: 65535,
    })
    const words = [
      process.execPath,
      UPGRADE,
      dist,
      lab.pinRoot,
      limits,
      ...(step === undefined ? [] : [step]),
    ]
    return lab.run(host.namespace, words)
  }

  it.each(STEPS)(
    'at "%s" leaves what forwards on, and what the next version takes over',
    { timeout: 180_000 },
    async (step) => {
      const old = await anew()
      const held = await holdAll()
      const [conns, table] = [await heldConns(held), await templates()]
      const before = await counted()
      await stop(old)
      const killed = await takeOver(next.dist, step)
      expect(killed.stdout).toBe('')
      await Promise.all(held.map((one) => one.goOn()))
      const daemon = await start(next.xlvs)
      await Promise.all(held.map((one) => one.goOn()))
      expectUnbroken(held)
      expect(await heldConns(held)).toEqual(conns)
      expect(await templates()).toEqual(table)
      for (const [real, now] of await counted())
        expect(now.packets).toBeGreaterThanOrEqual(before.get(real)?.packets ?? 0)
      expect(pins().filter((pin) => /^(next|before)/.test(pin))).toEqual([])
      await expectCountsTrue()
      const { lab, clients } = topology
      const asked = load(lab, clients[0], `http://${SERVICE}/`, { requests: 12, concurrency: 3 })
      expect(await asked.finished()).toMatchObject({ done: 12, failed: 0 })
      await Promise.all(held.map((one) => one.close()))
      await stop(daemon)
    },
  )
})
