// SPDX-License-Identifier: Apache-2.0
// The daemon may be killed, ended, started again and replaced by a newer one: packets, connections and counts go on.
import { join } from 'node:path'
import { openProgram, openXdpLink } from 'libbpf-ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ConnRow, RealRow, Status } from '../../src/api/contract.js'
import { newerInstallation } from '../../src/calm/events/upgrade.js'
import { askNew, type Held, hold, tally } from '../lab/flows.js'
import {
  answered,
  buildTopology,
  type Director,
  type Load,
  load,
  type Running,
  serve,
  startDirector,
  type Topology,
} from '../lab/index.js'
import { rows, xdpOn } from '../lab/view.js'

const SERVICE = '192.0.2.10:80'
const SERVICE6 = '[2001:db8::10]:80'
const DATAGRAMS = '192.0.2.10:53'
const REALS = '192.0.2.21, {address: 192.0.2.22, weight: 2}'
const REALS6 = '"2001:db8::21", {address: "2001:db8::22", weight: 2}'

let topology: Topology
let director: Director
let daemon: Running
let held: readonly Held[]
let downloads: Load
let requests: Load

beforeAll(async () => {
  topology = await buildTopology({ reals: 2 })
  const { lab, reals, clients } = topology
  await Promise.all(reals.map((real) => serve(lab, real, { udp: [DATAGRAMS] })))
  // a port that a client uses again must be a new connection: see FIN_WAIT in IPVS
  director = await startDirector(
    topology,
    `interfaces: [eth0]
limits: {connections: 65536}
timeouts: {tcpfin: 2}
services:
  - {vip: "${SERVICE}", scheduler: wrr, reals: [${REALS}]}
  - {vip: "${SERVICE6}", scheduler: wrr, reals: [${REALS6}]}
  - {vip: "${DATAGRAMS}", protocol: udp, scheduler: rr, reals: [${REALS}]}
`,
  )
  daemon = director.daemon()
  const [client] = clients
  held = await Promise.all(
    [`http://${SERVICE}`, `http://${SERVICE6}`, `udp://${DATAGRAMS}`].map((url) =>
      hold(lab, client, url, { flows: 4, every: 20 }),
    ),
  )
  downloads = load(lab, client, `http://${SERVICE}/bytes/3000000?over=15000`, { requests: 4, concurrency: 4 })
  requests = load(lab, client, `http://${SERVICE}/`, { concurrency: 3, rate: 150 })
  await answered(requests, 50)
})
afterAll(() => topology?.lab.close())

/** Every held connection, and new requests, have had many answers since. */
async function goOn(): Promise<void> {
  const start = requests.latest()
  await Promise.all([...held.map((one) => one.goOn()), answered(requests, 60, start)])
}

function expectNothingLost(): void {
  expect([...held, downloads, requests].map((one) => one.latest().failures)).toEqual([{}, {}, {}, {}, {}])
  expect(held.map((one) => one.latest().moved)).toEqual([0, 0, 0])
}

/** Ids of the link and of the program that it carries, from the kernel. */
function pinned(): { link: number; program: number } {
  const link = openXdpLink(join(topology.lab.pinRoot, 'links', 'eth0'))
  const { id, programId } = link.info()
  link.close()
  return { link: id, program: programId }
}

/** Tag of the pinned program: a hash of its instructions. */
function tag(): string {
  const program = openProgram(join(topology.lab.pinRoot, 'prog'))
  const { tag } = program
  program.close()
  return tag
}

const realRows = () => rows<RealRow>(director, 'reals')

/** Counters of `earlier` that are higher than now: none, ever. */
async function wentBack(earlier: readonly RealRow[]): Promise<string[]> {
  const now = new Map((await realRows()).map((row) => [row.real, row]))
  return earlier.flatMap((before) =>
    (['packets', 'bytes', 'connections'] as const)
      .filter((what) => (now.get(before.real)?.[what] ?? -1) < before[what])
      .map((what) => `${before.real} ${what}`),
  )
}

/** Which client's port is on which real server, where nobody but the held connections is. */
async function heldPorts(): Promise<ReadonlyMap<string, string>> {
  const all = await Promise.all(
    [[SERVICE6], [DATAGRAMS, '--udp']].map((words) =>
      rows<ConnRow>(director, 'conns', '--limit', '0', '--service', ...words),
    ),
  )
  return new Map(all.flat().map((row) => [`${row.protocol} ${row.client} ${row.clientPort}`, row.real]))
}

/** Of new connections, where nobody else makes any. */
const shares = async () => tally(await askNew(topology.lab, topology.clients[0], `http://${SERVICE6}/`, 12))

describe('kill -9 of the daemon in mid-traffic', () => {
  it('loses no packet and no connection, and new ones are balanced on', async () => {
    const before = pinned()
    const counted = await realRows()
    const ports = await heldPorts()
    expect(ports.size).toBe(8)
    expect(await daemon.stop('SIGKILL')).toBe(137)
    await goOn()
    expect(await shares()).toEqual({ web1: 4, web2: 8 })
    expect(pinned()).toEqual(before)
    await director.restart()
    daemon = director.daemon()
    expect(pinned()).toEqual(before)
    expect(await director.json<Status>('status')).toMatchObject({ adopted: true, pid: daemon.pid })
    expect(await director.json('show', 'diff')).toEqual([])
    expect(await wentBack(counted)).toEqual([])
    const after = await heldPorts()
    for (const [port, real] of ports) expect(after.get(port), port).toBe(real)
    await goOn()
    expectNothingLost()
  })

  it('three times in a row, as soon as it runs, changes nothing of that', async () => {
    const before = pinned()
    const counted = await realRows()
    for (const _ of [1, 2, 3]) {
      await daemon.stop('SIGKILL')
      await director.restart()
      daemon = director.daemon()
    }
    expect(pinned()).toEqual(before)
    expect(await wentBack(counted)).toEqual([])
    await goOn()
    expectNothingLost()
  })
})

describe('SIGTERM', () => {
  it('ends the daemon and leaves forwarding as it was', async () => {
    const before = pinned()
    expect(await daemon.stop('SIGTERM')).toBe(0)
    expect(pinned()).toEqual(before)
    await goOn()
    expect(await shares()).toEqual({ web1: 4, web2: 8 })
    await director.restart()
    daemon = director.daemon()
    expect(pinned()).toEqual(before)
    expectNothingLost()
  })
})

describe('a newer version of the program', () => {
  it('takes over between two packets, on the same link, and the older one takes over again', async () => {
    const before = { ...pinned(), tag: tag() }
    const counted = await realRows()
    const command = newerInstallation(topology.lab)
    await daemon.stop('SIGTERM')
    const newer = topology.lab.start(
      topology.director.namespace,
      [process.execPath, command, 'run', '-c', director.file],
      director.env,
    )
    await newer.line(/is running, attached to eth0/)
    const during = { ...pinned(), tag: tag() }
    expect(during.link).toBe(before.link)
    expect(during.program).not.toBe(before.program)
    expect(during.tag).not.toBe(before.tag)
    expect(await xdpOn(topology.lab, topology.director.namespace, 'eth0')).toBe(`xdp id ${during.program}`)
    await goOn()
    expect(await shares()).toEqual({ web1: 4, web2: 8 })
    expect(await wentBack(counted)).toEqual([])
    expectNothingLost()
    await newer.stop('SIGTERM')
    await director.restart()
    daemon = director.daemon()
    expect({ link: pinned().link, tag: tag() }).toEqual({ link: before.link, tag: before.tag })
    await goOn()
    expect(await wentBack(counted)).toEqual([])
    expectNothingLost()
  })
})

describe('after all that', () => {
  it('every connection held from the beginning is whole, and every download', async () => {
    expect(await downloads.finished()).toMatchObject({ done: 4, failed: 0 })
    expect(await requests.stop()).toMatchObject({ failed: 0, failures: {} })
    for (const one of held) {
      const report = await one.close()
      expect(report).toMatchObject({ failed: 0, moved: 0 })
      expect(report.answered).toBeGreaterThan(100)
    }
  })
})
