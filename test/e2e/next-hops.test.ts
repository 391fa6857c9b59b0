// SPDX-License-Identifier: Apache-2.0
// MACs change and servers vanish and come back: traffic follows, and what cannot be reached is said everywhere.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { InterfaceRow, NexthopRow } from '../../src/api/contract.js'
import { call } from '../../src/cli/client.js'
import { askNew, hold, newPorts, tally } from '../lab/flows.js'
import {
  buildTopology,
  type Director,
  type Host,
  loadToEnd,
  serve,
  startDirector,
  type Topology,
} from '../lab/index.js'
import { until } from '../lab/until.js'
import { metric, reasons, rows } from '../lab/view.js'

const METRICS = '127.0.0.1:9612'
const FAMILIES = [
  { family: 'IPv4', service: '192.0.2.10:80', of: (real: Host) => real.ipv4 },
  { family: 'IPv6', service: '[2001:db8::10]:80', of: (real: Host) => real.ipv6 },
] as const

let topology: Topology
let director: Director

beforeAll(async () => {
  topology = await buildTopology({ reals: 3 })
  const { lab, reals } = topology
  await Promise.all([
    ...reals.map((real) => serve(lab, real)),
    ...[topology.director, ...reals].map(announces),
  ])
  await losesInterestQuickly(topology.director)
  const services = FAMILIES.map(
    ({ service, of }) =>
      `  - {vip: "${service}", scheduler: rr, reals: [${reals.map((real) => `"${of(real)}"`).join(', ')}]}\n`,
  )
  director = await startDirector(
    topology,
    `interfaces: [eth0]\nmetrics: ${METRICS}\nlimits: {connections: 4096}\nservices:\n${services.join('')}`,
  )
})
afterAll(() => topology?.lab.close())

function set(host: Host, settings: readonly string[]): Promise<string> {
  return topology.lab.must(host.namespace, ['sysctl', '-qw', ...settings])
}

/** A change of MAC is told to everybody on the wire, as failover software does. */
function announces(host: Host): Promise<string> {
  return set(host, ['net.ipv4.conf.eth0.arp_notify=1', 'net.ipv6.conf.eth0.ndisc_notify=1'])
}

/** The kernel finds out within seconds, not a minute, that a neighbour is gone. */
async function losesInterestQuickly(host: Host): Promise<void> {
  const quick = ['base_reachable_time_ms=1000', 'delay_first_probe_time=1', 'retrans_time_ms=200']
  await set(
    host,
    ['ipv4', 'ipv6'].flatMap((family) => quick.map((words) => `net.${family}.neigh.eth0.${words}`)),
  )
}

/** From the socket directly: no process is started in between. */
async function hop(address: string): Promise<NexthopRow | undefined> {
  const answer = await call(director.env['XLVS_SOCKET'] ?? '', 'nexthops')
  if (!answer.ok) throw new Error(JSON.stringify(answer.problems))
  return answer.value.rows.find((row) => row.address === address)
}

const everyHop = (real: Host) => Promise.all(FAMILIES.map(({ of }) => hop(of(real))))
const real = (i: number) => topology.reals[i] as Host
const changeMac = (host: Host, mac: string) =>
  topology.lab.must(host.namespace, ['ip', 'link', 'set', 'eth0', 'address', mac])
const ask = (service: string, count: number) =>
  askNew(topology.lab, topology.clients[0], `http://${service}/`, count)
const cable = (host: Host, state: 'up' | 'down') =>
  topology.lab.must(topology.wire, ['ip', 'link', 'set', host.role, state])

async function everyoneAnswers(): Promise<void> {
  for (const { service } of FAMILIES)
    expect(tally(await ask(service, 9))).toEqual({ web1: 3, web2: 3, web3: 3 })
}

describe('the MAC of a real server changes', () => {
  it('announced: traffic follows within a second, connections go on', async () => {
    const [client] = topology.clients
    const held = await Promise.all(
      FAMILIES.map(({ service }) => hold(topology.lab, client, `http://${service}/`, { flows: 3 })),
    )
    const took: number[] = []
    for (const mac of ['02:00:5e:00:00:01', '02:00:5e:00:00:02', '02:00:5e:00:00:03']) {
      const began = performance.now()
      await changeMac(real(0), mac)
      await until('the next hops follow', async () =>
        (await everyHop(real(0))).every((row) => row?.mac === mac),
      )
      took.push(performance.now() - began)
      await everyoneAnswers()
    }
    expect(Math.min(...took), String(took)).toBeLessThan(1_000)
    for (const one of held) {
      await one.goOn()
      expect(await one.close()).toMatchObject({ failed: 0, failures: {} })
    }
  })

  it('not announced: traffic follows as soon as the kernel has found out', async () => {
    await set(real(0), ['net.ipv4.conf.eth0.arp_notify=0', 'net.ipv6.conf.eth0.ndisc_notify=0'])
    const mac = '02:00:5e:00:00:04'
    await changeMac(real(0), mac)
    const follows = async () => (await everyHop(real(0))).every((row) => row?.mac === mac)
    await until('the next hops follow', follows, 40_000)
    await everyoneAnswers()
  })
})

describe('a real server that cannot be reached', () => {
  it('is reported, its packets are counted as dropped, and others serve on', async () => {
    const lost = real(1)
    await cable(lost, 'down')
    const gone = async () => (await everyHop(lost)).every((row) => row?.state === 'unresolved')
    await until('the next hops are lost', gone, 40_000)
    for (const { of } of FAMILIES)
      expect((await hop(of(lost)))?.why).toMatch(
        new RegExp(`^neighbour ${of(lost)} (does not answer|has not answered yet) on eth0$`),
      )
    expect((await director.xlvs('show', 'nexthops')).stdout).toContain(lost.ipv4)
    expect((await director.xlvs('status')).stdout).toContain('(2 not reachable)')
    expect(director.daemon().stderr()).toContain(`real server ${lost.ipv4} cannot be reached`)
    const up = await metric(topology.lab, topology.director.namespace, METRICS, 'xlvs_real_nexthop_up')
    for (const host of topology.reals)
      for (const { of } of FAMILIES) expect(up(`real="${of(host)}"`), of(host)).toBe(host === lost ? 0 : 1)
    const before = await reasons(director)
    for (const { service } of FAMILIES) {
      const wish = { requests: 6, concurrency: 6, timeoutMs: 2_000, ports: newPorts(6) }
      const report = await loadToEnd(topology.lab, topology.clients[0], `http://${service}/`, wish)
      expect(report).toMatchObject({ done: 4, failed: 2, by: { web1: 2, web3: 2 } })
    }
    expect((await reasons(director))('drop_nexthop')).toBeGreaterThanOrEqual(before('drop_nexthop') + 4)
  })

  it('serves again once it is back, without anybody asking for it', async () => {
    const back = real(1)
    await cable(back, 'up')
    const there = async () => (await everyHop(back)).every((row) => row?.state === 'up')
    await until('the next hops are found', there, 40_000)
    await everyoneAnswers()
    const up = await metric(topology.lab, topology.director.namespace, METRICS, 'xlvs_real_nexthop_up')
    for (const { of } of FAMILIES) expect(up(`real="${of(back)}"`)).toBe(1)
    expect(director.daemon().stderr()).toContain(`real server ${back.ipv4} is reached through eth0`)
  })
})

describe("the MAC of the director's interface changes", () => {
  it('packets to the new one are balanced, and leave with it', async () => {
    const mac = '02:00:5e:00:00:05'
    await changeMac(topology.director, mac)
    await until('the director knows', async () => {
      return (await rows<InterfaceRow>(director, 'interfaces'))[0]?.mac === mac
    })
    await until('the client knows', async () => {
      const known = await topology.lab.must(topology.clients[0].namespace, [
        'ip',
        'neigh',
        'show',
        'dev',
        'eth0',
      ])
      return ['192.0.2.10 ', '2001:db8::10 '].every((vip) => known.includes(`${vip}lladdr ${mac}`))
    })
    const seen = topology.lab.start(real(2).namespace, ['python3', '-c', FIRST_SOURCE])
    await seen.line(/^listening$/)
    await everyoneAnswers()
    expect(await seen.exited).toBe(0)
    expect(seen.stdout()).toBe(`listening\n${mac}\n`)
  })
})

/** Prints the source MAC of the first frame to the IPv4 VIP. */
const FIRST_SOURCE = `import socket
frames = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
frames.bind(('eth0', 0))
print('listening', flush=True)
while True:
    frame = frames.recv(65535)
    if frame[30:34] == socket.inet_aton('192.0.2.10'):
        print(frame[6:12].hex(':'))
        break
`
