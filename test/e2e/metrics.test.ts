// SPDX-License-Identifier: Apache-2.0
// What Prometheus sees of a director that works: judged by promtool, scraped by a real server, true to the traffic.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildTopology, type Director, loadToEnd, serve, startDirector, type Topology } from '../lab/index.js'

const VIP = '192.0.2.10'
const METRICS = '127.0.0.1:9612'
const PROMETHEUS = '127.0.0.1:9690'
const of = (real: string) => `{vip="${VIP}",port="80",proto="tcp",real="${real}"}`

let topology: Topology
let director: Director

beforeAll(async () => {
  topology = await buildTopology({ reals: 2 })
  await Promise.all(topology.reals.map((real) => serve(topology.lab, real)))
  director = await startDirector(
    topology,
    `interfaces: [eth0]
metrics: ${METRICS}
services:
  - {name: web, vip: "${VIP}:80", scheduler: wrr, reals: [192.0.2.21, {address: 192.0.2.22, weight: 3}]}
`,
  )
})
afterAll(() => topology?.lab.close())

/** From ports that were never used: a SYN from a port whose connection is not over yet goes where that went. */
let port = 10_000
function ask(requests: number) {
  const ports = [port, port + requests - 1] as const
  port += requests
  const wish = { requests, concurrency: 1, ports }
  return loadToEnd(topology.lab, topology.clients[0], `http://${VIP}/`, wish)
}

function get(path: string): Promise<string> {
  return topology.lab.must(topology.director.namespace, ['curl', '-sS', '--fail-with-body', `http://${path}`])
}

async function scrape(): Promise<ReadonlyMap<string, number>> {
  const text = await get(`${METRICS}/metrics`)
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  )
}

describe('the metrics page of a director that works', () => {
  it('has nothing that promtool objects to', async () => {
    await ask(8)
    const input = await get(`${METRICS}/metrics`)
    const { code, stdout, stderr } = await topology.lab.run(undefined, ['promtool', 'check', 'metrics'], {
      input,
    })
    expect({ code, said: stdout + stderr }).toEqual({ code: 0, said: '' })
  })

  it('counts what was really sent', async () => {
    const before = await scrape()
    expect(await ask(40)).toMatchObject({ done: 40, by: { web1: 10, web2: 30 } })
    await sleep(300) // a snapshot is kept for a moment
    const after = await scrape()
    const grown = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0)
    expect(grown(`xlvs_real_connections_total${of('192.0.2.21')}`)).toBe(10)
    expect(grown(`xlvs_real_connections_total${of('192.0.2.22')}`)).toBe(30)
    expect(grown(`xlvs_service_connections_total{vip="${VIP}",port="80",proto="tcp"}`)).toBe(40)
    expect(grown('xlvs_conn_created_total')).toBe(40)
    const sent =
      grown(`xlvs_real_packets_total${of('192.0.2.21')}`) +
      grown(`xlvs_real_packets_total${of('192.0.2.22')}`)
    expect(grown('xlvs_packets_total{interface="eth0",action="tx"}')).toBe(sent)
    expect(sent).toBeGreaterThanOrEqual(40 * 4)
    expect(after.get(`xlvs_real_weight${of('192.0.2.22')}`)).toBe(3)
    expect(after.get(`xlvs_real_nexthop_up${of('192.0.2.22')}`)).toBe(1)
  })

  it('never counts back, not even over a kill -9 and a restart', async () => {
    const before = await scrape()
    await director.daemon().stop('SIGKILL')
    expect(await ask(8)).toMatchObject({ done: 8 })
    await director.restart()
    const after = await scrape()
    const counters = [...before].filter(([name]) => /^xlvs_\w+_total/.test(name))
    expect(counters.length).toBeGreaterThan(20)
    for (const [name, value] of counters) expect(after.get(name) ?? -1, name).toBeGreaterThanOrEqual(value)
    const connections = `xlvs_service_connections_total{vip="${VIP}",port="80",proto="tcp"}`
    expect((after.get(connections) ?? 0) - (before.get(connections) ?? 0)).toBe(8)
  })

  it('keeps what a removed real server has carried in the count of its service', async () => {
    await director.json('add', 'service', `${VIP}:81`, '--to', '192.0.2.21,192.0.2.22', '--scheduler', 'rr')
    const name = `xlvs_service_connections_total{vip="${VIP}",port="81",proto="tcp"}`
    const web = `http://${VIP}:81/`
    await serve(topology.lab, topology.reals[0] as never, { port: 81 })
    await serve(topology.lab, topology.reals[1] as never, { port: 81 })
    await loadToEnd(topology.lab, topology.clients[0], web, { requests: 10, concurrency: 1 })
    await director.json('remove', 'real', `${VIP}:81`, '192.0.2.21')
    await sleep(300)
    expect((await scrape()).get(name)).toBe(10)
    await director.json('remove', 'service', `${VIP}:81`)
  })
})

describe('a service of a mark', () => {
  it('is counted as one, whatever port its clients use, and stands beside the others', async () => {
    await serve(topology.lab, topology.reals[0] as never, { port: 8081 })
    await serve(topology.lab, topology.reals[0] as never, { port: 8082 })
    const ports = ['--vip', VIP, '--proto', 'tcp', '--ports', '8081,8082']
    await director.json('mark', 'add', ...ports, '--set-mark', '6')
    await director.json('add', 'service', '--mark', '6', '--scheduler', 'rr')
    await director.json('add', 'real', '--mark', '6', '192.0.2.21', '--upper', '1000')
    for (const at of [8081, 8082])
      await loadToEnd(topology.lab, topology.clients[0], `http://${VIP}:${at}/`, {
        requests: 3,
        concurrency: 1,
      })
    await sleep(300)
    const page = await scrape()
    const labels = 'vip="",port="",proto="fwm",mark="6"'
    expect(page.get(`xlvs_service_connections_total{${labels}}`)).toBe(6)
    expect(page.get(`xlvs_real_upper_threshold{${labels},real="192.0.2.21"}`)).toBe(1000)
    expect(page.get(`xlvs_real_overloaded{${labels},real="192.0.2.21"}`)).toBe(0)
    expect(page.get('xlvs_tunable{name="amemthresh"}')).toBe(1024)
    await director.json('remove', 'service', '--mark', '6')
    await director.json('mark', 'remove', ...ports)
  })
})

describe('a real Prometheus server', () => {
  it('scrapes the director and answers a query about it', async () => {
    const { lab } = topology
    const file = join(lab.folder, 'prometheus.yml')
    writeFileSync(
      file,
      `scrape_configs:\n  - job_name: xlvs\n    scrape_interval: 1s\n    static_configs: [{targets: ["${METRICS}"]}]\n`,
    )
    const server = lab.start(topology.director.namespace, [
      'prometheus',
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(lab.folder, 'prometheus')}`,
      `--web.listen-address=${PROMETHEUS}`,
    ])
    const truth = (await scrape()).get(`xlvs_real_connections_total${of('192.0.2.22')}`)
    expect(await query(`xlvs_real_connections_total{real="192.0.2.22",port="80"}`)).toEqual([truth])
    expect(await query('up{job="xlvs"}')).toEqual([1])
    expect(
      await query(
        'xlvs_real_weight * on(vip,port,proto,mark) group_left(name) xlvs_service_info{name="web"}',
      ),
    ).toEqual([3, 1])
    expect(await query('count(ALERTS) or vector(0)')).toEqual([0])
    await server.stop('SIGTERM')
  })
})

describe('the health page', () => {
  it('says ok', async () => {
    expect(await get(`${METRICS}/healthz`)).toBe('ok\n')
  })
})

/** The values of an instant query, highest first, once there are any. */
async function query(text: string): Promise<number[]> {
  const path = `${PROMETHEUS}/api/v1/query?query=${encodeURIComponent(text)}`
  for (const deadline = performance.now() + 20_000; performance.now() < deadline; await sleep(200)) {
    const { code, stdout } = await topology.lab.run(topology.director.namespace, [
      'curl',
      '-sf',
      `http://${path}`,
    ])
    if (code !== 0) continue
    const { data } = JSON.parse(stdout) as { data: { result: { value: [number, string] }[] } }
    if (data.result.length > 0) return data.result.map(({ value }) => Number(value[1])).sort((a, b) => b - a)
  }
  throw new Error(`Prometheus has no answer to ${text}`)
}
