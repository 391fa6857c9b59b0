// SPDX-License-Identifier: Apache-2.0
// The dashboard and the alert rules that are shipped, before a real Prometheus that scrapes a director with real traffic:
// every query is answered, and what must have data has it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildTopology, loadToEnd, type Running, serve, startDirector, type Topology } from '../lab/index.js'
import { until } from '../lab/until.js'
import { type Query, queries, variableQueries } from '../unit/metrics/board.js'

const VIP = '192.0.2.10'
const METRICS = '127.0.0.1:9612'
const PROMETHEUS = 'http://127.0.0.1:9690'
const RULES = new URL('../../deploy/prometheus/xlvs.rules.yml', import.meta.url)

/** Nothing of the kind has happened here: nobody drained, nothing mended, no keepalived, no reload. */
const MAY_BE_EMPTY = [
  'Drained, or at the upper threshold A',
  'Drift that was mended A',
  'VRRP A',
  'Reconfigured',
]
/** Here the traffic must be seen, not only a series at 0. */
const MOVES = [
  'New connections A',
  'Packets by what became of them A',
  'Bytes by what became of them A',
  'Packets by service A',
  'Traffic by service A',
  'New connections by service A',
  'Share against weight A',
  'New connections by real server A',
  'Packets by real server A',
  'Handshake times by service A',
  'Handshake times by service C',
  'Handshake times by real server A',
  'Handshake times of all A',
  'Connections come and go A',
  'Memory A',
]

let topology: Topology
let prometheus: Running

beforeAll(async () => {
  topology = await buildTopology({ reals: 2 })
  const { lab, director, reals } = topology
  await Promise.all(reals.map((real) => serve(lab, real)))
  await startDirector(
    topology,
    `interfaces: [eth0]
metrics: {listen: "${METRICS}", names: [node_ipvs]}
services:
  - {name: web, vip: "${VIP}:80", scheduler: wrr, checks: [{kind: tcp}], reals: [192.0.2.21, {address: 192.0.2.22, weight: 3, upper: 1000}]}
  - {name: names, vip: "${VIP}:53", protocol: udp, reals: [192.0.2.21]}
`,
  )
  const file = join(lab.folder, 'prometheus.yml')
  writeFileSync(join(lab.folder, 'xlvs.rules.yml'), readFileSync(RULES))
  writeFileSync(
    file,
    `global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [xlvs.rules.yml]
scrape_configs: [{job_name: xlvs, static_configs: [{targets: ["${METRICS}"]}]}]
`,
  )
  prometheus = lab.start(director.namespace, [
    'prometheus',
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(lab.folder, 'prometheus')}`,
    `--web.listen-address=${new URL(PROMETHEUS).host}`,
  ])
  // until then it refuses the connection, or answers 503 in words
  const ready = ['curl', '-sf', '--max-time', '5', `${PROMETHEUS}/-/ready`]
  await until(
    'Prometheus is ready',
    async () => (await lab.run(director.namespace, ready)).code === 0,
    60_000,
  )
})
afterAll(async () => {
  try {
    await prometheus?.stop('SIGTERM')
  } finally {
    await topology?.lab.close()
  }
})

const ask = () =>
  loadToEnd(topology.lab, topology.clients[0], `http://${VIP}/`, { requests: 12, concurrency: 1 })

async function get<T>(path: string, values: Readonly<Record<string, string>> = {}): Promise<T | undefined> {
  const words = Object.entries(values).flatMap(([name, value]) => ['--data-urlencode', `${name}=${value}`])
  const command = ['curl', '-sS', '--max-time', '20', '-G', ...words, `${PROMETHEUS}/api/v1/${path}`]
  const { code, stdout } = await topology.lab.run(topology.director.namespace, command)
  if (code !== 0) return undefined
  const { status, error, data } = JSON.parse(stdout) as { status: string; error?: string; data: T }
  if (status !== 'success') throw new Error(`${values['query']}: ${error}`)
  return data
}

/** The values of an instant query; what Grafana would put in for its variables is put in. */
async function valuesOf(expr: string): Promise<readonly number[]> {
  const query = expr.replaceAll('$__rate_interval', '30s').replaceAll(/\$(?:instance|vip)/g, '.*')
  const answer = await get<{ readonly result: readonly { readonly value: readonly [number, string] }[] }>(
    'query',
    {
      query,
    },
  )
  return (answer?.result ?? []).map(({ value }) => Number(value[1]))
}

/** Lowest first. */
function untilValues(expr: string, wanted: readonly number[]) {
  const is = async () => (await valuesOf(expr)).toSorted((a, b) => a - b).join() === wanted.join()
  return until(`${expr} is ${wanted.join(', ')}`, is, 30_000)
}

async function isAnswered({ name, expr }: Query): Promise<boolean> {
  const values = await valuesOf(expr)
  if (MOVES.includes(name)) return values.some((value) => value > 0)
  return values.length > 0 || MAY_BE_EMPTY.includes(name)
}

describe('the dashboard, before a Prometheus that holds real data', () => {
  it('has an answer to every query', async () => {
    expect(MOVES.concat(MAY_BE_EMPTY).filter((name) => !queries.some((one) => one.name === name))).toEqual([])
    let left = queries
    const all = async () => {
      await ask()
      const answered = await Promise.all(left.map(isAnswered))
      left = left.filter((_, i) => !answered[i])
      return left.length === 0
    }
    await until('every query is answered', all, 60_000).catch(() => undefined)
    expect(left).toEqual([])
  })

  it.each(variableQueries)('finds the values of its variable $name', async ({ name, series, label }) => {
    const match = { 'match[]': series.replaceAll('$instance', '.*') }
    const found = await until('an answer', () => get<readonly string[]>(`label/${label}/values`, match))
    expect(found).toEqual([name === 'vip' ? VIP : METRICS])
  })

  it('shows shares as the weights are', async () => {
    const share = queries.find(({ name }) => name === 'Share against weight B')?.expr as string
    await untilValues(share, [0.25, 0.75, 1])
  })
})

describe('the alert rules, before the same', () => {
  it('are all evaluated without a fault', async () => {
    interface Rule {
      readonly name: string
      readonly health: string
      readonly lastError?: string
    }
    const rules = await until('every rule was evaluated', async () => {
      const groups = (await get<{ readonly groups: readonly { readonly rules: readonly Rule[] }[] }>('rules'))
        ?.groups
      const all = groups?.flatMap((group) => group.rules) ?? []
      return all.length > 0 && all.every(({ health }) => health !== 'unknown') && all
    })
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([])
  })
})

describe("node_exporter's names of IPVS", () => {
  it('say the same as the names of xlvs', async () => {
    const same = (one: string, other: string) => untilValues(`${one} - on (instance) ${other}`, [0])
    await same('node_ipvs_incoming_packets_total', 'sum by (instance) (xlvs_service_packets_total)')
    await same('node_ipvs_connections_total', 'sum by (instance) (xlvs_service_connections_total)')
    await same(
      'sum by (instance) (node_ipvs_backend_weight)',
      'sum by (instance) (xlvs_real_effective_weight)',
    )
    await untilValues(`node_ipvs_backend_weight{local_address="${VIP}",local_port="80",proto="TCP"}`, [1, 3])
  })
})
