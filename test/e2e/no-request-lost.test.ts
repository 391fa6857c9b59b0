// SPDX-License-Identifier: Apache-2.0
// Services and real servers change under continuous load, and not one request fails: by words over IPv4, by the
// file over IPv6.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Held, hold } from '../lab/flows.js'
import {
  answered,
  askedBeforeEnded,
  between,
  buildTopology,
  type Director,
  type Load,
  load,
  NOTHING,
  type Report,
  serve,
  startDirector,
  type Topology,
} from '../lab/index.js'
import { until } from '../lab/until.js'
import { realsOf } from '../lab/view.js'

const SERVICE = '192.0.2.10:80'
const SERVICE6 = '[2001:db8::10]:80'
const AT_ONCE = 3
/**
 * Clients that ask 150 times a second use a port again within half a minute; a SYN on a connection in FIN_WAIT goes
 * where that went, as in IPVS.
 */
const FIN_SECONDS = 2

let topology: Topology
let director: Director
/** what is asked all the time: without keep-alive over IPv4 and IPv6, with it over IPv4 */
let short: Load
let short6: Load
let kept: Load
let held: readonly Held[]
let downloads: Load

/** Weights of web1, web2, ... in the service that is in the file; undefined = not in it. */
function yaml(weights: readonly (number | undefined)[], others = ''): string {
  const reals = weights.flatMap((weight, i) =>
    weight === undefined ? [] : [`{address: "2001:db8::${21 + i}", weight: ${weight}}`],
  )
  return `interfaces: [eth0]
limits: {connections: 65536}
timeouts: {tcpfin: ${FIN_SECONDS}}
services:
  - {vip: "${SERVICE6}", scheduler: wrr, reals: [${reals.join(', ')}]}
${others}`
}

async function reload(...given: Parameters<typeof yaml>): Promise<void> {
  director.writeFile(yaml(...given))
  await director.json('reload')
}

const ask = (service: string, keepalive = false) =>
  load(topology.lab, topology.clients[0], `http://${service}/`, {
    concurrency: AT_ONCE,
    rate: 150,
    keepalive,
  })

beforeAll(async () => {
  topology = await buildTopology({ reals: 3 })
  const { lab, reals, clients } = topology
  await Promise.all(reals.map((real) => serve(lab, real)))
  director = await startDirector(topology, yaml([1, 1]))
  await director.json('add', 'service', SERVICE, '--to', '192.0.2.21,192.0.2.22', '--scheduler', 'wrr')
  held = await Promise.all(
    [SERVICE, SERVICE6].map((service) => hold(lab, clients[0], `http://${service}/`, { flows: 4 })),
  )
  downloads = load(lab, clients[0], `http://${SERVICE}/bytes/2000000?over=10000`, {
    requests: 4,
    concurrency: 4,
  })
  short = ask(SERVICE)
  short6 = ask(SERVICE6)
  kept = ask(SERVICE, true)
  await goOn()
})
afterAll(() => topology?.lab.close())

/** What those without keep-alive were answered of what they asked from now on, over IPv4 and IPv6. */
async function goOn(): Promise<readonly Report[]> {
  const began = await Promise.all([short, short6, kept].map((one) => askedBeforeEnded(one)))
  const ended = [short, short6, kept].map((one, i) => answered(one, i === 2 ? 30 : 120, began[i]))
  return (await Promise.all(ended)).slice(0, 2).map((end, i) => between(began[i] ?? NOTHING, end))
}

/** Off by no more than what is under way when the counting starts and ends. */
function expectShare({ by, done }: Report, name: string, share: number): void {
  expect(Math.abs((by[name] ?? 0) - done * share), `${name}: ${share} of ${JSON.stringify(by)}`).toBeLessThan(
    2 * AT_ONCE + 1,
  )
}

function expectNothingLost(): void {
  for (const one of [short, short6, kept, downloads])
    expect(one.latest()).toMatchObject({ failed: 0, failures: {} })
  for (const one of held) expect(one.latest()).toMatchObject({ failed: 0, failures: {}, moved: 0 })
}

describe('under load', () => {
  it('a real server is added and gets its share', async () => {
    await director.json('add', 'real', SERVICE, '192.0.2.23', '--weight', '2')
    await reload([1, 1, 2])
    for (const report of await goOn()) expectShare(report, 'web3', 1 / 2)
    expectNothingLost()
  })

  it('weights change, again and again', async () => {
    for (const weight of [5, 1, 7, 0, 3, 2]) {
      await director.json('set', 'real', SERVICE, '192.0.2.22', '--weight', String(weight))
      await reload([1, weight, 2])
    }
    for (const report of await goOn()) expectShare(report, 'web2', 2 / 5)
    expectNothingLost()
  })

  it('schedulers and persistence change', async () => {
    for (const scheduler of ['sh', 'wlc', 'rr', 'wrr'])
      await director.json('set', 'service', SERVICE, '--scheduler', scheduler)
    await director.json('set', 'service', SERVICE, '--persistence', '300')
    await goOn()
    await director.json('set', 'service', SERVICE, '--persistence', 'none')
    for (const report of await goOn()) expectShare(report, 'web3', 2 / 5)
    expectNothingLost()
  })

  it('the file comes with other services, more and fewer and changed', async () => {
    const other = (port: number, reals: string) => `  - {vip: "192.0.2.10:${port}", reals: [${reals}]}\n`
    const many = Array.from({ length: 300 }, (_, i) => other(1000 + i, '192.0.2.21'))
    await reload([1, 2, 2], many.join(''))
    await reload([1, 2, 2], other(1001, '192.0.2.22, 192.0.2.23') + other(8443, '192.0.2.21'))
    await reload([1, 2, 2])
    for (const report of await goOn()) expectShare(report, 'web1', 1 / 5)
    expectNothingLost()
  })

  it('a drained real server keeps its connections and gets no new ones', async () => {
    for (const one of held) expect(one.latest().names).toContain('web1')
    await director.json('set', 'real', SERVICE, '192.0.2.21', '--weight', '0')
    await reload([0, 2, 2])
    for (const { by } of await goOn()) expect(by['web1'] ?? 0).toBe(0)
    for (const one of held) await one.goOn()
    expectNothingLost()
  })

  it('a drained real server is removed when its last connection has ended', async () => {
    for (const one of held) expect(await one.close()).toMatchObject({ failed: 0, moved: 0 })
    expect(await kept.stop()).toMatchObject({ failed: 0 })
    expect(await downloads.finished()).toMatchObject({ done: 4, failed: 0 })
    kept = ask(SERVICE, true)
    for (const service of [SERVICE, SERVICE6])
      await until('its last connection ends', async () =>
        (await realsOf(director, service)).every(
          ({ effectiveWeight, active, inactive }) => effectiveWeight > 0 || active + inactive === 0,
        ),
      )
    await director.json('remove', 'real', SERVICE, '192.0.2.21')
    await reload([undefined, 2, 2])
    for (const report of await goOn()) expectShare(report, 'web2', 1 / 2)
    expectNothingLost()
  })

  it('and at the end not one request of all has failed', async () => {
    for (const one of [short, short6, kept]) {
      const report = await one.stop()
      expect(report).toMatchObject({ failed: 0, failures: {} })
      expect(report.done).toBeGreaterThan(100)
    }
  })
})
