// SPDX-License-Identifier: Apache-2.0
// Who is not a virtual service notices nothing, and what xlvs has touched is afterwards as it was before.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askNew, type Held, hold, tally } from '../lab/flows.js'
import {
  buildTopology,
  type Director,
  type Running,
  serve,
  startDirector,
  type Topology,
} from '../lab/index.js'
import { until } from '../lab/until.js'
import { xdpOn } from '../lab/view.js'

const SERVICE = '192.0.2.10:80'
const SERVICE6 = '[2001:db8::10]:80'
/** Of the director itself: its own addresses as a login would use them, and other ports of the VIPs. */
const OWN = ['192.0.2.2:22', '[2001:db8::2]:22', '192.0.2.10:8080', '[2001:db8::10]:8080'] as const
const YAML = `interfaces: [eth0]
limits: {connections: 4096}
services:
  - {vip: "${SERVICE}", scheduler: rr, reals: [192.0.2.21, 192.0.2.22]}
  - {vip: "${SERVICE6}", scheduler: rr, reals: ["2001:db8::21", "2001:db8::22"]}
`
const WORDS = ['--vip', SERVICE, '--to', '192.0.2.21,192.0.2.22', '--dev', 'eth0', '--scheduler', 'rr']

let topology: Topology
let director: Director | undefined
let held: readonly Held[]
let found: Awaited<ReturnType<typeof look>>

beforeAll(async () => {
  topology = await buildTopology({ reals: 2 })
  const { lab, reals, clients } = topology
  await Promise.all([
    ...reals.map((real) => serve(lab, real)),
    ...[22, 8080].map((port) => serve(lab, topology.director, { port })),
  ])
  held = await Promise.all(OWN.map((own) => hold(lab, clients[0], `http://${own}/`, { flows: 2, every: 20 })))
  found = await look()
})
afterAll(() => topology?.lab.close())

const inDirector = (...argv: readonly string[]) => topology.lab.must(topology.director.namespace, argv)

/** What an administrator would compare. Times and counters move by themselves. */
async function look() {
  const links = JSON.parse(await inDirector('ip', '-json', '-details', 'link')) as Record<string, unknown>[]
  const neighbours = await inDirector('ip', 'neigh')
  return {
    links,
    addresses: await inDirector('ip', '-brief', 'address'),
    routes:
      (await inDirector('ip', 'route', 'show', 'table', 'all')) +
      (await inDirector('ip', '-6', 'route', 'show', 'table', 'all')),
    rules: await inDirector('ip', 'rule'),
    offloads: await inDirector('ethtool', '-k', 'eth0'),
    settings: await inDirector('sysctl', '-a', '--pattern', '^net\\.'),
    managed: neighbours.split('\n').filter((line) => / managed\b/.test(line)),
    filters: await inDirector('tc', 'filter', 'show', 'dev', 'eth0', 'ingress').catch(() => ''),
    pins: existsSync(topology.lab.pinRoot),
  }
}

/** Nobody was disturbed who talks to the director itself. */
async function expectUndisturbed(): Promise<void> {
  for (const [i, one] of held.entries()) {
    await one.goOn()
    expect(one.latest(), OWN[i]).toMatchObject({ failed: 0, failures: {}, moved: 0 })
  }
  for (const own of OWN) expect(await ask(own, 2), own).toEqual({ director: 2 })
  for (const [address, tries] of [
    ['192.0.2.10', 2],
    ['192.0.2.2', 2],
    ['2001:db8::10', 2],
    ['2001:db8::2', 2],
  ] as const)
    expect(await ping(address, tries), address).toBe(tries)
  await expectNeighbours()
}

const ask = (service: string, count: number) =>
  askNew(topology.lab, topology.clients[0], `http://${service}/`, count).then(tally)

/** Echo requests that were answered. */
async function ping(address: string, count: number): Promise<number> {
  const argv = ['python3', '-c', PING, address, String(count)]
  return Number(await topology.lab.must(topology.clients[0].namespace, argv))
}

/** The client forgets who has the addresses, and is told again: ARP and neighbour discovery work. */
async function expectNeighbours(): Promise<void> {
  const { namespace } = topology.clients[0]
  await topology.lab.must(namespace, ['ip', 'neigh', 'flush', 'all'])
  for (const address of ['192.0.2.10', '2001:db8::10']) {
    expect(await ping(address, 1)).toBe(1)
    const known = await topology.lab.must(namespace, ['ip', 'neigh', 'show', address])
    expect(known).toContain(topology.director.mac)
  }
}

/** A run without a file; it has said that it runs. */
async function runWithoutFile(): Promise<Running> {
  const command = [process.execPath, join(process.cwd(), 'bin/xlvs'), 'run', ...WORDS]
  const daemon = topology.lab.start(topology.director.namespace, command, director?.env ?? {})
  await daemon.line(/is running, attached to eth0/)
  return daemon
}

describe('while xlvs balances', () => {
  it('connections to the director, other ports of the VIPs, ping and ARP are not disturbed', async () => {
    director = await startDirector(topology, YAML)
    expect(await xdpOn(topology.lab, topology.director.namespace, 'eth0')).toMatch(/^xdp id \d+$/)
    for (const service of [SERVICE, SERVICE6]) expect(await ask(service, 6)).toEqual({ web1: 3, web2: 3 })
    await expectUndisturbed()
  })

  it('also while services change, the daemon dies and comes back', async () => {
    const xlvs = director as Director
    await xlvs.json('add', 'service', '192.0.2.10:81', '--to', '192.0.2.21')
    await xlvs.daemon().stop('SIGKILL')
    await xlvs.restart()
    await xlvs.json('remove', 'service', '192.0.2.10:81')
    await expectUndisturbed()
  })

  it('nothing but the program on the interface is different', async () => {
    const now = await look()
    const { settings, addresses, routes, rules, offloads, filters } = found
    expect(now).toMatchObject({ settings, addresses, routes, rules, offloads, filters })
  })
})

describe('afterwards', () => {
  it('detach with a daemon leaves the interface as it was, and attach takes it again', async () => {
    const xlvs = director as Director
    expect((await xlvs.xlvs('detach', 'eth0')).code).toBe(0)
    const { links } = await look()
    expect(links).toEqual(found.links)
    await expectUndisturbed()
    expect((await xlvs.xlvs('attach', 'eth0')).code).toBe(0)
    expect(await ask(SERVICE, 6)).toEqual({ web1: 3, web2: 3 })
  })

  it('detach --all and the end of the daemon leave nothing', async () => {
    const xlvs = director as Director
    await xlvs.daemon().stop('SIGTERM')
    expect(await ask(SERVICE, 6)).toEqual({ web1: 3, web2: 3 })
    expect((await xlvs.xlvs('detach', '--all')).code).toBe(0)
    expect(await look()).toEqual(found)
    await expectUndisturbed()
  })

  it('detach --all while the daemon runs leaves no mark on neighbours', async () => {
    const xlvs = director as Director
    await xlvs.restart()
    expect((await xlvs.xlvs('detach', '--all')).code).toBe(0)
    expect((await look()).links).toEqual(found.links)
    await xlvs.daemon().stop('SIGTERM')
    expect((await xlvs.xlvs('detach', '--all')).code).toBe(0)
    expect(await look()).toEqual(found)
  })

  it('Ctrl-C of a run without a file leaves nothing', async () => {
    const daemon = await runWithoutFile()
    expect(await ask(SERVICE, 6)).toEqual({ web1: 3, web2: 3 })
    await until('its neighbours are kept', async () => (await look()).managed.length === 2)
    await expectUndisturbed()
    expect(await daemon.stop('SIGINT')).toBe(0)
    expect(await look()).toEqual(found)
    await expectUndisturbed()
  })

  it('so do five of them in a row', async () => {
    for (let i = 0; i < 5; i++) {
      const daemon = await runWithoutFile()
      expect(await daemon.stop('SIGINT')).toBe(0)
    }
    expect(await look()).toEqual(found)
  })

  it('and no connection to the director itself has failed in all that time', async () => {
    for (const one of held) {
      const report = await one.close()
      expect(report).toMatchObject({ failed: 0, moved: 0 })
      expect(report.answered).toBeGreaterThan(100)
    }
  })
})

/** Sends echo requests, prints how many were answered. */
const PING = `import os, socket, struct, sys
address, count = sys.argv[1], int(sys.argv[2])
six = ':' in address
kind, answer = (128, 129) if six else (8, 0)
family, protocol = (socket.AF_INET6, socket.IPPROTO_ICMPV6) if six else (socket.AF_INET, socket.IPPROTO_ICMP)
echo = socket.socket(family, socket.SOCK_RAW, protocol)
echo.settimeout(5)
def checksum(data):
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff
answered = 0
for i in range(count):
    name = os.getpid() & 0xffff
    body = struct.pack('!HH', name, i) + b'xlvs' * 14
    head = struct.pack('!BBH', kind, 0, checksum(struct.pack('!BBH', kind, 0, 0) + body))
    echo.sendto(head + body, (address, 0))
    try:
        while True:
            packet, sender = echo.recvfrom(2048)
            reply = packet if six else packet[20:]
            if reply[0] == answer and reply[4:8] == body[:4]:
                answered += 1
                break
    except socket.timeout:
        pass
print(answered)
`
