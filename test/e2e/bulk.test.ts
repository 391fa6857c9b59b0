// SPDX-License-Identifier: Apache-2.0
// Large amounts and large packets: streams, datagrams in fragments, and senders that learn the path's MTU.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  buildTopology,
  type Director,
  type Host,
  loadToEnd,
  serve,
  startDirector,
  type Topology,
} from '../lab/index.js'
import { iperf, serveIperf } from '../lab/iperf.js'
import { reasons } from '../lab/view.js'

const VIPS = ['192.0.2.10', '2001:db8::10'] as const
const FAMILIES = [
  { family: 'IPv4', vip: VIPS[0], reals: '192.0.2.21, 192.0.2.22' },
  { family: 'IPv6', vip: VIPS[1], reals: '"2001:db8::21", "2001:db8::22"' },
] as const
const PORT = 5201

const inBrackets = (address: string) => (address.includes(':') ? `[${address}]` : address)

/** iperf3 controls a transfer over TCP and sends UDP to the same port: both must go to one real server, so sh. */
function yaml(port: number): string {
  const services = FAMILIES.flatMap(({ vip, reals }) =>
    ['tcp', 'udp'].map(
      (protocol) =>
        `  - {vip: "${inBrackets(vip)}:${port}", protocol: ${protocol}, scheduler: sh, reals: [${reals}]}`,
    ),
  )
  return `interfaces: [eth0]\nlimits: {connections: 4096}\nservices:\n${services.join('\n')}\n`
}

/** What a step adds to the count of a reason. */
async function grown(director: Director, act: () => Promise<void>): Promise<(reason: string) => number> {
  const before = await reasons(director)
  await act()
  const after = await reasons(director)
  return (reason) => after(reason) - before(reason)
}

describe('a transfer through the director', () => {
  let topology: Topology
  let director: Director

  beforeAll(async () => {
    topology = await buildTopology({ reals: 2 })
    const { lab, reals } = topology
    await Promise.all(reals.flatMap((real) => VIPS.map((vip) => serveIperf(lab, real, vip, PORT))))
    director = await startDirector(topology, yaml(PORT))
  })
  afterAll(() => topology?.lab.close())

  describe.each(FAMILIES)('$family', ({ vip }) => {
    const send = (wish: Parameters<typeof iperf>[3]) =>
      iperf(topology.lab, topology.clients[0], vip, { port: PORT, seconds: 1, ...wish })

    it('a TCP stream arrives, packet by packet to one real server', async () => {
      const added = await grown(director, async () => {
        expect((await send({})).bytes).toBeGreaterThan(5_000_000)
      })
      expect(added('forward_conn')).toBeGreaterThan(2_000)
      expect(added('forward_new')).toBe(2)
    })

    it('a stream of UDP datagrams is forwarded, the director drops none', async () => {
      const added = await grown(director, async () => {
        expect((await send({ udpRate: '50M', length: 1_200 })).packets).toBeGreaterThan(1_000)
      })
      expect(added('forward_conn')).toBeGreaterThan(1_000)
      for (const reason of ['no_real', 'real_gone', 'nexthop', 'rewrite', 'port_down', 'truncated'])
        expect(added(`drop_${reason}`), reason).toBe(0)
    })

    // slow enough for the receiver's buffer to bridge the time for which a busy machine does not let it run
    it('UDP datagrams arrive, none is lost', async () => {
      const result = await send({ udpRate: '1M', length: 1_200 })
      expect(result.packets).toBeGreaterThan(50)
      expect(result.lostPackets).toBe(0)
    })

    it('UDP datagrams of 8000 bytes arrive whole: fragments follow the first', async () => {
      const added = await grown(director, async () => {
        const result = await send({ udpRate: '1M', length: 8_000 })
        expect(result.packets).toBeGreaterThan(10)
        expect(result.lostPackets).toBe(0)
      })
      expect(added('forward_fragment')).toBeGreaterThanOrEqual(10 * 5)
      expect(added('pass_fragment_first_unseen')).toBe(0)
    })
  })
})

describe('a path of smaller MTU behind a router', () => {
  const MTU = 1_300
  let topology: Topology
  let director: Director

  beforeAll(async () => {
    topology = await buildTopology({ shape: 'routed', reals: 2 })
    const { lab, reals, router } = topology
    await Promise.all(reals.map((real) => serve(lab, real)))
    // its first interface is the one towards the clients
    await lab.must(router?.namespace, ['ip', 'link', 'set', 'eth0', 'mtu', String(MTU)])
    director = await startDirector(topology, yaml(80))
  })
  afterAll(() => topology?.lab.close())

  it.each(FAMILIES)(
    '$family: the error reaches the real server, and large answers arrive',
    async ({ vip }) => {
      const [client] = topology.clients
      const to = vip.includes(':') ? client.ipv6 : client.ipv4
      expect(await learned(to, vip)).toEqual([])
      const added = await grown(director, async () => {
        const url = `http://${inBrackets(vip)}/bytes/500000`
        const report = await loadToEnd(topology.lab, client, url, { requests: 4, concurrency: 2 })
        expect(report).toMatchObject({ done: 4, failed: 0 })
      })
      expect(added('forward_icmp')).toBeGreaterThan(0)
      expect(await learned(to, vip)).toEqual([MTU])
    },
  )

  /** MTUs that real servers know for their way to the client. */
  async function learned(to: string, from: string): Promise<number[]> {
    const routes = await Promise.all(
      topology.reals.map(({ namespace }: Host) => routeOf(namespace, to, from)),
    )
    return routes.flatMap((route) => /\bmtu (\d+)/.exec(route)?.[1] ?? []).map(Number)
  }

  function routeOf(namespace: string, to: string, from: string): Promise<string> {
    return topology.lab.must(namespace, ['ip', 'route', 'get', to, 'from', from])
  }
})
