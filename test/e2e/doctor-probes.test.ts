// SPDX-License-Identifier: Apache-2.0
// The doctor beside a daemon that has probes of its own: it takes the daemon's word and leaves its programs alone.
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { HealthRow, Listing } from '../../src/api/contract.js'
import type { Finding } from '../../src/doctor/finding.js'
import { buildTopology, type Director, type Host, serve, startDirector, type Topology } from '../lab/index.js'
import { proberIn } from '../lab/prober.js'
import { until } from '../lab/until.js'

const YAML = `interfaces: [eth0]
services:
  - vip: 192.0.2.10:80
    scheduler: rr
    checks: [{kind: tcp, interval: 500ms, timeout: 20s}]
    reals: [192.0.2.21, 192.0.2.22]
  - {vip: "[2001:db8::10]:80", scheduler: rr, reals: ["2001:db8::21"]}
`

let topology: Topology
let director: Director

beforeAll(async () => {
  topology = await buildTopology({ reals: 2 })
  await Promise.all(topology.reals.map((real) => serve(topology.lab, real)))
  director = await startDirector(topology, YAML)
})
afterAll(() => topology?.lab.close())

async function filters(): Promise<string> {
  const { lab, director: host } = topology
  const shown = (direction: string) =>
    lab.must(host.namespace, ['tc', 'filter', 'show', 'dev', 'eth0', direction])
  return [await shown('ingress'), await shown('egress')].join('\n')
}

async function throughVip(): Promise<readonly Finding[]> {
  const { stdout } = await director.xlvs('doctor', '--json')
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly Finding[] }
  return findings.filter(({ check }) => check === 'through-vip')
}

it('tells what the daemon has asked, and whom nobody asks', async () => {
  await until('the daemon has asked everybody', async () => {
    const { rows } = await director.json<Listing<HealthRow>>('show', 'health')
    return rows.filter(({ checks }) => checks[0]?.last?.good).length === 2
  })
  const before = await filters()
  expect(before).toContain('xlvs_probe')
  expect(await throughVip()).toMatchObject([
    { level: 'yellow', says: expect.stringMatching(/^1 of 3 are not asked: the daemon has its own probes/) },
    { level: 'green', says: '2 of 3 answer at the VIP' },
  ])
  expect(await filters()).toBe(before)
})

it('tells the fault that the daemon has found', async () => {
  const { namespace } = topology.reals[1] as Host
  await topology.lab.must(namespace, ['ip', 'address', 'del', '192.0.2.10/32', 'dev', 'lo'])
  director.writeFile(YAML.replace('timeout: 20s', 'timeout: 1s'))
  expect((await director.xlvs('reload')).code).toBe(0)
  const red = await until('it is red', async () => (await throughVip()).find(({ level }) => level === 'red'))
  expect(red).toMatchObject({ subject: '192.0.2.22', says: expect.stringContaining('not at 192.0.2.10:') })
})

it('programs that came in the place of others stay when those others end', async () => {
  await director.daemon().stop('SIGTERM')
  const { lab, director: host } = topology
  const [first, second] = [proberIn(host.namespace), proberIn(host.namespace)]
  for (const one of [first, second]) {
    expect(await one.open({ pinRoot: lab.pinRoot })).toEqual({ ok: true })
    expect(await one.attach(['eth0'])).toEqual({ ok: true })
  }
  expect([await first.displaced(), await second.displaced()]).toEqual([true, false])
  const now = await filters()
  await first.close()
  expect(await filters()).toBe(now)
  await second.close()
  expect(await filters()).not.toContain('xlvs_probe')
})
