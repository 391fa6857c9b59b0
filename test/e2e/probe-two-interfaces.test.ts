// SPDX-License-Identifier: Apache-2.0
// Clients in front, real servers behind an interface that xlvs is not attached to: questions go through the VIP there too.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildTopology, type Director, serve, startDirector, type Topology } from '../lab/index.js'
import { until } from '../lab/until.js'
import { realsOf } from '../lab/view.js'

const VIP = '192.0.2.10'
const CHECK = '{kind: tcp, interval: 300ms, timeout: 2s, rise: 1, fall: 2}'

let topology: Topology
let director: Director

beforeAll(async () => {
  topology = await buildTopology({ shape: 'two-arm', reals: 2 })
  const { lab, reals } = topology
  await Promise.all(reals.map((real) => serve(lab, real)))
  await lab.must(reals[1]?.namespace, ['ip', 'address', 'del', `${VIP}/32`, 'dev', 'lo'])
  director = await startDirector(
    topology,
    `interfaces: [eth0]
limits: {connections: 4096}
services:
  - {vip: "${VIP}:80", scheduler: rr, checks: [${CHECK}], reals: [198.51.100.21, 198.51.100.22]}
`,
  )
})
afterAll(() => topology?.lab.close())

async function probed(device: string): Promise<boolean> {
  const { lab, director: host } = topology
  const shown = async (direction: string) =>
    (await lab.must(host.namespace, ['tc', 'filter', 'show', 'dev', device, direction])).includes(
      'xlvs_probe',
    )
  return (await shown('ingress')) && (await shown('egress'))
}

it('who has the VIP is up, and who lacks it is down with that reason', async () => {
  await until('each stands as it is', async () => {
    const standing = (await realsOf(director, `${VIP}:80`)).map((real) => [
      real.address,
      real.standing?.up,
      real.standing?.reason,
    ])
    return (
      JSON.stringify(standing.sort()) ===
      '[["198.51.100.21",true,"healthy"],["198.51.100.22",false,"vip-missing"]]'
    )
  })
  expect([await probed('eth0'), await probed('eth1')]).toEqual([true, true])
})

it('after a daemon that was killed, detach takes the programs off: one interface, and all', async () => {
  await director.daemon().stop('SIGKILL')
  expect([await probed('eth0'), await probed('eth1')]).toEqual([true, true])
  expect(await director.xlvs('detach', 'eth0')).toMatchObject({ code: 0 })
  expect([await probed('eth0'), await probed('eth1')]).toEqual([false, true])
  expect(await director.xlvs('detach', '--all')).toMatchObject({ code: 0 })
  expect([await probed('eth0'), await probed('eth1')]).toEqual([false, false])
  for (const device of ['eth0', 'eth1']) {
    const qdiscs = await topology.lab.must(topology.director.namespace, [
      'tc',
      'qdisc',
      'show',
      'dev',
      device,
    ])
    expect(qdiscs).not.toContain('clsact')
  }
})
