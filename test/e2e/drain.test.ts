// SPDX-License-Identifier: Apache-2.0
// A drained real server gets nothing new, keeps what it has until its end comes, and takes part again when it may.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { DrainRow, Listing, ServiceRow, Status } from '../../src/api/contract.js'
import { askInTurn, askNew, type Held, hold, newPorts, tally } from '../lab/flows.js'
import { buildTopology, type Director, load, serve, startDirector, type Topology } from '../lab/index.js'
import { until } from '../lab/until.js'
import { metric, realsOf } from '../lab/view.js'

const VIP = '192.0.2.10'
const WEB = `${VIP}:80`
const STICKY = `${VIP}:81`
const DNS = `${VIP}:53`
const [FIRST, SECOND] = ['192.0.2.21', '192.0.2.22']
/** s; long enough to reuse a port of a finished connection, short enough to wait for */
const FIN = 8

let topology: Topology
let director: Director
const held: Held[] = []

beforeAll(async () => {
  topology = await buildTopology({ reals: 2 })
  const { lab, reals } = topology
  await Promise.all([
    ...reals.map((real) => serve(lab, real, { udp: [DNS] })),
    ...reals.map((real) => serve(lab, real, { port: 81 })),
  ])
  const both = `reals: [${FIRST}, ${SECOND}]`
  director = await startDirector(
    topology,
    `interfaces: [eth0]
limits: {connections: 65536}
timeouts: {tcpfin: ${FIN}}
metrics: 127.0.0.1:9612
services:
  - {vip: "${WEB}", scheduler: rr, ${both}}
  - {vip: "${STICKY}", scheduler: rr, persistence: 300, ${both}}
  - {vip: "${DNS}", protocol: udp, scheduler: rr, ${both}}
`,
  )
})
afterAll(() => topology?.lab.close())

afterEach(async () => {
  for (const one of held.splice(0)) await one.close()
  for (const address of [FIRST, SECOND]) await director.xlvs('undrain', address)
})

async function holding(url: string, flows: number): Promise<Held> {
  const one = await hold(topology.lab, topology.clients[0], url, { flows })
  held.push(one)
  return one
}

const client = () => topology.clients[0]
const drains = async () => (await director.json<Listing<DrainRow>>('show', 'drains')).rows
const asked = async (service: string, count: number) =>
  tally(await askNew(topology.lab, client(), `http://${service}/`, count))

/** How many connections of clients' ports the kernel of a real server has. */
async function connections(i: number, [first, last]: readonly [number, number]): Promise<number> {
  const argv = ['ss', '-Htn', 'state', 'established', 'sport', '=', ':80']
  const shown = await topology.lab.must(topology.reals[i]?.namespace, argv)
  const ports = [...shown.matchAll(/:(\d+)\s*$/gm)].map((match) => Number(match[1]))
  return ports.filter((port) => port >= first && port <= last).length
}

describe('a drained real server', () => {
  it('gets no new connections, and its own go on', async () => {
    const some = await holding(`http://${WEB}/`, 4)
    expect(tally(some.latest().names)).toEqual({ web1: 2, web2: 2 })
    expect((await director.xlvs('drain', FIRST)).stdout).toBe(`${FIRST} is drained\n`)
    expect(await asked(WEB, 20)).toEqual({ web2: 20 })
    expect(await some.goOn()).toMatchObject({ failed: 0, moved: 0 })
    expect(await drains()).toMatchObject([
      { service: `tcp ${WEB}`, address: FIRST, everywhere: true, stage: 'soft', active: 2 },
      { service: `tcp ${STICKY}`, address: FIRST, active: 0 },
      { service: `udp ${DNS}`, address: FIRST },
    ])
  })

  it('is shown as drained wherever real servers are shown', async () => {
    await director.json('drain', FIRST, '--service', WEB)
    const [first, second] = await realsOf(director, WEB).then((rows) => rows.toReversed())
    expect(first).toMatchObject({ weight: 1, effectiveWeight: 0, standing: { up: false, reason: 'drained' } })
    expect(second).toMatchObject({ effectiveWeight: 1, standing: { up: true, reason: 'unchecked' } })
    expect((await director.xlvs('show', 'reals')).stdout).toMatch(/192\.0\.2\.21 .* 0 of 1 +drained /)
    const services = await director.json<Listing<ServiceRow>>('show', 'services')
    expect(services.rows.map(({ drained }) => drained).toSorted()).toEqual([0, 0, 1])
    expect(await director.json<Status>('status')).toMatchObject({ drained: 1, down: 0, quiesced: 0 })
    const { namespace } = topology.director
    const drained = await metric(topology.lab, namespace, '127.0.0.1:9612', 'xlvs_real_drained')
    expect(drained(`real="${FIRST}"`)).toBe(1)
    expect(drained(`real="${SECOND}"`)).toBeUndefined()
  })

  it('gets nothing from clients that reuse the port of a finished connection, as weight 0 would let them', async () => {
    const { lab } = topology
    const [port] = newPorts(2)
    const origins = [{ port }, { port: port + 1 }]
    const before = await askInTurn(lab, client(), `http://${WEB}/`, origins)
    expect(tally(before)).toEqual({ web1: 1, web2: 1 })
    await director.json('drain', FIRST)
    expect(await askInTurn(lab, client(), `http://${WEB}/`, origins)).toEqual(['web2', 'web2'])
  })

  it('keeps no client by persistence', async () => {
    const name = (await askNew(topology.lab, client(), `http://${STICKY}/`, 3))[0] as 'web1' | 'web2'
    const [its, other] = name === 'web1' ? [FIRST, 'web2'] : [SECOND, 'web1']
    expect(await asked(STICKY, 5)).toEqual({ [name]: 5 })
    await director.json('drain', its)
    expect(await asked(STICKY, 5)).toEqual({ [other]: 5 })
    await director.json('undrain', its)
    expect(await asked(STICKY, 5)).toEqual({ [other]: 5 })
  })

  it('takes part again after undrain', async () => {
    await director.json('drain', FIRST)
    expect(await asked(WEB, 10)).toEqual({ web2: 10 })
    expect((await director.xlvs('undrain', FIRST)).stdout).toBe(`${FIRST} gets new connections again\n`)
    expect(await asked(WEB, 10)).toEqual({ web1: 5, web2: 5 })
    expect(await drains()).toEqual([])
  })

  it('that nobody has is refused, and so is an end without a deadline', async () => {
    const unknown = await director.xlvs('drain', '192.0.2.99')
    expect(unknown).toMatchObject({ code: 1, stdout: '' })
    expect(unknown.stderr).toBe('192.0.2.99: no service has a real server 192.0.2.99; see: xlvs show reals\n')
    const endless = await director.xlvs('drain', FIRST, '--reset')
    expect(endless).toMatchObject({ code: 2, stdout: '' })
    expect(endless.stderr).toContain('--reset: it says what happens at a deadline, and there is none')
    expect((await director.xlvs('undrain', FIRST)).stderr).toContain(`${FIRST} is not drained`)
    expect(await drains()).toEqual([])
  })
})

describe('a deadline', () => {
  it('with --reset ends connections with their next packet, and leaves the others alone', async () => {
    const some = await holding(`http://${WEB}/`, 4)
    await director.json('drain', FIRST, '--deadline', '0', '--reset')
    const report = await until('both connections of web1 are reset', () => {
      const now = some.latest()
      return (now.failures['ECONNRESET'] ?? 0) >= 2 && now
    })
    expect(report.moved).toBe(0)
    expect(report.failures['TIMEOUT']).toBeUndefined()
    expect(await asked(WEB, 6)).toEqual({ web2: 6 })
  })

  it('with --reset ends a download at both ends: the server too loses the connection', async () => {
    const { lab } = topology
    const url = `http://${WEB}/bytes/10000000?over=60000`
    const ports = newPorts(2)
    const downloads = load(lab, client(), url, { requests: 2, concurrency: 2, ports })
    const served = () => Promise.all([connections(0, ports), connections(1, ports)])
    await until('both are served', async () => (await served()).every((n) => n === 1))
    await director.json('drain', FIRST, '--deadline', '0', '--reset')
    await until('the client is reset', () => downloads.latest().failed === 1)
    await until('the server has lost it', async () => (await connections(0, ports)) === 0)
    expect(await served()).toEqual([0, 1])
    await director.json('drain', SECOND, '--deadline', '0', '--reset')
    const { done, failed, failures } = await downloads.finished()
    expect({ done, failed }).toEqual({ done: 0, failed: 2 })
    expect(failures).not.toHaveProperty('TIMEOUT')
  })

  it('lets datagrams choose another real server, and none is lost', async () => {
    const some = await holding(`udp://${DNS}`, 4)
    expect(tally(some.latest().names)).toEqual({ web1: 2, web2: 2 })
    await director.json('drain', FIRST)
    expect(await some.goOn()).toMatchObject({ failed: 0, moved: 0 })
    await director.json('drain', FIRST, '--deadline', '1s')
    await until('those of web1 have moved', () => some.latest().moved >= 4)
    expect((await some.goOn()).failed).toBe(0)
    expect((await drains()).map(({ stage }) => stage)).toEqual(['move', 'move', 'move'])
    expect(director.daemon().stderr()).toMatch(
      /drain of real server 192\.0\.2\.21 of udp 192\.0\.2\.10:53 is over: connections left, now sent to other real servers: \d+/,
    )
  })

  it('that is asked for again counts anew', async () => {
    await director.json('drain', FIRST, '--deadline', '1h')
    const [before] = await drains()
    await director.json('drain', FIRST, '--deadline', '2h')
    const [after] = await drains()
    expect(after?.since).toBe(before?.since)
    expect((after?.deadline ?? 0) - (before?.deadline ?? 0)).toBeGreaterThan(3_500_000)
  })
})

describe('a drain and its daemon', () => {
  it('goes on when that is killed and starts again, through reloads, and ends what ended meanwhile', async () => {
    const some = await holding(`udp://${DNS}`, 2)
    await director.json('drain', FIRST, '--deadline', '2s')
    await director.daemon().stop('SIGKILL')
    expect(await asked(WEB, 6)).toEqual({ web2: 6 })
    await sleep(2_000)
    await director.restart()
    await until('the datagrams of web1 have moved', () => some.latest().moved > 0)
    await director.json('reload')
    expect((await drains()).map(({ stage }) => stage)).toEqual(['move', 'move', 'move'])
    expect(await asked(WEB, 6)).toEqual({ web2: 6 })
    expect(await director.json('show', 'diff')).toEqual([])
  })
})

describe('xlvs drain --wait', () => {
  it('shows what is left as it falls, and ends when nothing is', async () => {
    const some = await holding(`http://${WEB}/`, 4)
    const { lab } = topology
    const wait = lab.start(topology.director.namespace, command('drain', FIRST, '--wait'), director.env)
    await wait.line(/^\d+ connections left \(2 active, \d+ inactive\)$/)
    await some.close()
    await wait.line(/^\d+ connections? left \(0 active, \d+ inactive\)$/)
    await wait.line(/^192\.0\.2\.21 is empty after /, 40_000)
    expect(await wait.exited).toBe(0)
  })

  it('ends at the deadline with what comes of those that are left', async () => {
    await holding(`http://${WEB}/`, 2)
    const { stdout, code } = await director.xlvs(
      ...['drain', FIRST, '--service', WEB, '--deadline', '1s', '--reset', '--wait'],
    )
    expect(stdout).toMatch(
      /the deadline has come: \d+ connections? (is|are) reset with (its|their) next packet\n$/,
    )
    expect(code).toBe(0)
  })

  it('leaves the drain in force when it is interrupted, and says so', async () => {
    await holding(`http://${WEB}/`, 2)
    const wait = topology.lab.start(
      ...([topology.director.namespace, command('drain', FIRST, '--wait'), director.env] as const),
    )
    await wait.line(/connections? left/)
    expect(await wait.stop('SIGINT')).toBe(1)
    expect(wait.stderr()).toBe(
      `${FIRST} stays drained; look on with: xlvs show drains; use it again with: xlvs undrain\n`,
    )
    expect(await drains()).toHaveLength(3)
  })
})

function command(...words: readonly string[]): readonly string[] {
  return [process.execPath, new URL('../../bin/xlvs', import.meta.url).pathname, ...words]
}
