// SPDX-License-Identifier: Apache-2.0
// A router that says that a real server is unreachable is believed at once: no datagram or echo waits for its deadline.
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { HealthRow, Listing } from '../../src/api/contract.js'
import { buildTopology, type Director, startDirector, type Topology } from '../lab/index.js'
import { until } from '../lab/until.js'

const VIPS = ['192.0.2.10', '2001:db8::10'] as const
const REALS = { 4: '198.51.100.21', 6: '2001:db8:5::21' } as const
const PORTS = { udp: 5001, icmp: 5002, dns: 5003 } as const
const WAYS = ['vip', 'real'] as const
/** Far longer than the test. */
const TIMEOUT = '1h'

/** The routes lead on, and this says no: a route that says no does so once a second only. */
const REJECTS = `table inet filter {
  chain forward { type filter hook forward priority 0; reject with icmpx type host-unreachable; }
}
`

let topology: Topology
let director: Director

const serviceOf = (vip: string, port: number) => (vip.includes(':') ? `[${vip}]:${port}` : `${vip}:${port}`)
const realOf = (vip: string) => REALS[vip.includes(':') ? 6 : 4]

function services(): readonly string[] {
  return VIPS.flatMap((vip) =>
    Object.entries(PORTS).flatMap(([kind, port]) =>
      WAYS.map((via, i) => {
        const check = `{kind: ${kind}, ${kind === 'dns' ? 'name: example.com, ' : ''}via: ${via}, interval: 500ms, timeout: ${TIMEOUT}, fall: 1}`
        const service = serviceOf(vip, port + 10 * i)
        return `{vip: "${service}", protocol: udp, scheduler: rr, checks: [${check}], reals: ["${realOf(vip)}"]}`
      }),
    ),
  )
}

/** Another host stands between the director and the real servers, and has no way to them. */
beforeAll(async () => {
  topology = await buildTopology({ reals: 0 })
  const { lab, clients, director: host } = topology
  const router = clients[0]
  const script = [
    'set -e',
    'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding',
    'echo 0 >/proc/sys/net/ipv4/icmp_ratelimit; echo 0 >/proc/sys/net/ipv6/icmp/ratelimit',
    `ip route add ${REALS[4]} via ${host.ipv4}`,
    `ip -6 route add ${REALS[6]} via ${host.ipv6}`,
  ]
  await lab.must(router.namespace, ['sh', '-s'], { input: `${script.join('\n')}\n` })
  await lab.must(router.namespace, ['nft', '-f', '-'], { input: REJECTS })
  await lab.must(host.namespace, ['ip', 'route', 'add', REALS[4], 'via', router.ipv4])
  await lab.must(host.namespace, ['ip', '-6', 'route', 'add', REALS[6], 'via', router.ipv6])
  const rows = services().map((service) => `  - ${service}\n`)
  director = await startDirector(topology, `interfaces: [eth0]\nservices:\n${rows.join('')}`)
})
afterAll(() => topology?.lab.close())

it('every kind of datagram check, through the VIP and to the real server itself, is answered by its error', async () => {
  const answered = await until('all of them are down', async () => {
    const { rows } = await director.json<Listing<HealthRow>>('show', 'health')
    return rows.length === services().length && rows.every(({ standing }) => !standing.up) && rows
  })
  expect(answered.map(({ standing }) => standing.reason)).toEqual(services().map(() => 'unreachable'))
})
