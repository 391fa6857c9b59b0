// SPDX-License-Identifier: Apache-2.0
// The lab itself keeps its promises, with no director's program in it.
import { existsSync, readdirSync } from 'node:fs'
import { constants } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  buildTopology,
  type Host,
  loadToEnd,
  removeLab,
  type Shape,
  serve,
  type Topology,
} from '../lab/index.js'
import { iperf, serveIperf } from '../lab/iperf.js'

const SHAPES: readonly Shape[] = ['one-arm', 'two-arm', 'routed']

describe.each(SHAPES)('a %s lab', (shape) => {
  let topology: Topology
  let client: Host

  beforeAll(async () => {
    topology = await buildTopology({ shape, reals: 2, extraSources: 2 })
    client = topology.clients[0]
    await Promise.all(topology.reals.map(listen))
  })
  afterAll(() => topology.lab.close())

  it('lets a client reach every real server at its own address, IPv4 and IPv6', async () => {
    for (const real of topology.reals)
      for (const host of [real.ipv4, real.ipv6]) {
        const { stdout, stderr } = await fetch(`http://${bracket(host)}/`)
        expect(stdout, stderr).toBe(`${real.role}\n`)
      }
  })

  it('has the director alone answer for the VIPs', async () => {
    const neighbour = shape === 'routed' ? topology.router?.namespace : client.namespace
    for (const vip of topology.vips) {
      const refused = await fetch(`http://${bracket(vip)}/`)
      expect(refused.stderr).toContain("Couldn't connect")
      const known = await topology.lab.must(neighbour, ['ip', 'neigh', 'show', vip])
      expect(known).toContain(topology.director.mac)
    }
  })

  it('has real servers that accept what is addressed to a VIP', async () => {
    for (const vip of topology.vips) {
      const [real] = topology.reals
      const { stdout, stderr } = await fetch(`http://${bracket(vip)}/`, real)
      expect(stdout, stderr).toBe('web1\n')
    }
  })

  it('counts who answered a load and from which addresses it came', async () => {
    const [real] = topology.reals
    const wish = { requests: 60, concurrency: 4, from: client.sources4 }
    const report = await loadToEnd(topology.lab, client, `http://${real?.ipv4}/`, wish)
    expect(report).toMatchObject({ done: 60, failed: 0, open: 0, by: { web1: 60 }, end: true })
  })

  it('reports a slow answer, a long download and datagrams as answered', async () => {
    const [real] = topology.reals
    const urls = [
      `http://${real?.ipv4}/slow/200`,
      `http://[${real?.ipv6}]/bytes/3000000?over=300`,
      `udp://${real?.ipv4}:53`,
      `udp://[${real?.ipv6}]:53`,
    ]
    for (const url of urls) {
      const report = await loadToEnd(topology.lab, client, url, { requests: 3, ports: [20000, 20999] })
      expect(report, url).toMatchObject({ done: 3, failed: 0, by: { web1: 3 } })
    }
  })

  it('carries bulk TCP and UDP', async () => {
    const [real] = topology.reals as [Host]
    await serveIperf(topology.lab, real, real.ipv4)
    const tcp = await iperf(topology.lab, client, real.ipv4, { seconds: 1 })
    expect(tcp.bytes).toBeGreaterThan(1_000_000)
    const udp = await iperf(topology.lab, client, real.ipv4, { seconds: 1, udpRate: '10M' })
    expect(udp.packets).toBeGreaterThan(500)
  })

  it('reports requests that fail, with the reason', async () => {
    const [real] = topology.reals
    const wish = { requests: 5, concurrency: 5 }
    const report = await loadToEnd(topology.lab, client, `http://${real?.ipv4}:81/`, wish)
    expect(report).toMatchObject({ done: 0, failed: 5, failures: { ECONNREFUSED: 5 } })
  })

  function listen(real: Host) {
    return serve(topology.lab, real, { udp: [`${real.ipv4}:53`, `[${real.ipv6}]:53`] })
  }

  function fetch(url: string, from: Host = client) {
    return topology.lab.run(from.namespace, ['curl', '-sS', '--max-time', '5', url])
  }
})

describe('a lab', () => {
  it('leaves nothing behind when it is closed', async () => {
    const { lab, reals } = await buildTopology({ reals: 1 })
    const server = await serve(lab, reals[0] as Host)
    expect(namespaces(lab.id)).toHaveLength(4)
    await lab.close()
    expect(namespaces(lab.id)).toEqual([])
    expect(server.ended()).toBe(128 + constants.signals.SIGTERM)
    expect(existsSync(lab.folder)).toBe(false)
    expect(pins(lab.id)).toEqual([])
  })

  it('leaves nothing behind when it cannot be built', async () => {
    const before = namespaces(`xlvs-${process.pid}-`)
    await expect(buildTopology({ vips: ['192.0.2.300'] })).rejects.toThrow('192.0.2.300')
    expect(namespaces(`xlvs-${process.pid}-`)).toEqual(before)
    expect(pins(`xlvs-${process.pid}-`)).toEqual([])
  })

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'leaves nothing behind when its process ends by %s',
    async (signal) => {
      const module = new URL('../../dist/demo/lab/topology.js', import.meta.url).href
      const script = `const { lab } = await (await import('${module}')).buildTopology(); console.log(lab.id); setInterval(() => {}, 1000)`
      const { lab } = await buildTopology({ reals: 0 })
      const other = lab.start(undefined, [process.execPath, '--input-type=module', '-e', script])
      const id = await other.line(/^xlvs-/)
      expect(namespaces(id)).toHaveLength(6)
      expect(await other.stop(signal)).toBe(128 + constants.signals[signal])
      expect(namespaces(id)).toEqual([])
      await lab.close()
    },
  )

  it('removes what a lab of another process left standing, by its name', async () => {
    const { lab } = await buildTopology({ reals: 0 })
    lab.leave()
    expect(namespaces(lab.id)).toHaveLength(3)
    removeLab(lab.id)
    expect(namespaces(lab.id)).toEqual([])
    expect(existsSync(lab.folder)).toBe(false)
  })
})

function namespaces(prefix: string): string[] {
  return readdirSync('/run/netns').filter((name) => name.startsWith(prefix))
}

function pins(prefix: string): string[] {
  return readdirSync('/sys/fs/bpf').filter((name) => name.startsWith(prefix))
}

function bracket(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}
