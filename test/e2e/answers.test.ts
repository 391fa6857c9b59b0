// SPDX-License-Identifier: Apache-2.0
// What IPVS tells clients itself, xlvs tells them: no server is there, the TTL is spent, the packet is too large.
// Seen by the clients' own kernels; the director's own stack says nothing. Not more often than the limits allow.
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Listing, ServiceRow } from '../../src/api/contract.js'
import type { DropRow } from '../../src/api/contract-sight.js'
import { call } from '../../src/cli/client.js'
import { buildTopology, type Director, type Host, serve, startDirector, type Topology } from '../lab/index.js'
import { until } from '../lab/until.js'
import { SETTLED } from '../lab/xlvsadm.js'

const FAMILIES = [
  {
    family: 'IPv4',
    vip: '192.0.2.10',
    real: '198.51.100.21',
    sources: (host: Host) => host.sources4,
    icmp: { noReal: '3/3', ttl: '11/0' },
  },
  {
    family: 'IPv6',
    vip: '2001:db8::10',
    real: '2001:db8:b::21',
    sources: (host: Host) => host.sources6,
    icmp: { noReal: '1/4', ttl: '3/0' },
  },
] as const
type Family = (typeof FAMILIES)[number]
const PROTOCOLS = ['tcp', 'udp'] as const
type Protocol = (typeof PROTOCOLS)[number]

/** Ports of the VIPs, of both protocols; `nowhere` has no service. */
const PORT = { alive: 80, empty: 81, quiesced: 82, nowhere: 83 } as const
const UPLOAD = 90
const NARROW = 1_300

let topology: Topology
let director: Director

const inBrackets = (address: string) => (address.includes(':') ? `[${address}]` : address)
const program = (name: string) => fileURLToPath(new URL(`../lab/programs/${name}`, import.meta.url))

function yaml(): string {
  const service = (vip: string, port: number, protocol: Protocol, reals: string) =>
    `  - {vip: "${inBrackets(vip)}:${port}", protocol: ${protocol}, scheduler: rr, reals: [${reals}]}\n`
  const services = FAMILIES.flatMap(({ vip, real }) => [
    service(vip, UPLOAD, 'tcp', `"${real}"`),
    ...PROTOCOLS.flatMap((protocol) => [
      service(vip, PORT.alive, protocol, `"${real}"`),
      service(vip, PORT.empty, protocol, ''),
      service(vip, PORT.quiesced, protocol, `{address: "${real}", weight: 0}`),
    ]),
  ])
  return `interfaces: [eth0, eth1]\nlimits: {connections: 4096}\nservices:\n${services.join('')}`
}

/** Real server and clients have 1500 bytes of room; what is narrow lies between, where neither of them sees it. */
async function narrowTheWay({ lab, director: host, wire }: Topology): Promise<void> {
  await lab.must(host.namespace, ['ip', 'link', 'set', 'eth1', 'mtu', String(NARROW)])
  await lab.must(wire, ['ip', 'link', 'set', 'director-back', 'mtu', String(NARROW)])
}

beforeAll(async () => {
  topology = await buildTopology({ shape: 'two-arm', reals: 1, extraSources: 40 })
  const { lab, reals } = topology
  await narrowTheWay(topology)
  const udp = FAMILIES.flatMap(({ vip }) =>
    [PORT.alive, PORT.quiesced].map((port) => `${inBrackets(vip)}:${port}`),
  )
  await Promise.all(
    reals.flatMap((real) => [
      serve(lab, real, { port: PORT.alive, udp }),
      serve(lab, real, { port: PORT.quiesced }),
      lab
        .start(real.namespace, [process.execPath, program('upload.mjs'), 'receive', String(UPLOAD)])
        .line(/receives/),
    ]),
  )
  director = await startDirector(topology, yaml())
})
afterAll(() => topology?.lab.close())

let taken = 0

/** One that has had no answers yet: each client has an allowance of its own. */
function newSources(family: Family, count = 1): readonly string[] {
  taken += count
  const found = family.sources(topology.clients[0]).slice(taken - count, taken)
  if (found.length < count) throw new Error('the client has no more addresses')
  return found
}

interface Met {
  /** 'answered', or the name of the error that the program sees */
  readonly outcome: string
  /** 'TYPE/CODE from ADDRESS' of the ICMP message that was the reason, null when there was none */
  readonly icmp: string | null
}

async function probe(family: Family, protocol: Protocol, port: number, hops = 64): Promise<Met> {
  const [source = ''] = newSources(family)
  const words = [protocol, family.vip, String(port), source, String(hops)]
  const argv = ['python3', program('probe.py'), ...words]
  return JSON.parse(await topology.lab.must(topology.clients[0].namespace, argv)) as Met
}

/** Packets by reason as they are now; from the socket directly: no process is started for it. */
async function reasons(): Promise<(reason: string) => number> {
  await sleep(SETTLED)
  const found = await call(director.env['XLVS_SOCKET'] ?? '', 'reasons')
  if (!found.ok) throw new Error(JSON.stringify(found.problems))
  const counts = new Map(found.value.rows.map(({ reason, packets }) => [reason, packets]))
  return (reason) => counts.get(reason) ?? 0
}

/** Counters of a host's own IP stack, of IPv4 and IPv6, by their names in /proc/net. */
async function stack(host: Host): Promise<(name: string) => number> {
  const text = await topology.lab.must(host.namespace, ['cat', '/proc/net/snmp', '/proc/net/snmp6'])
  const lines = text.split('\n').map((line) => line.trim().split(/\s+/))
  const counts = new Map<string, number>()
  for (const [i, [prefix = '', ...names]] of lines.entries())
    if (prefix.endsWith(':') && lines[i + 1]?.[0] === prefix)
      for (const [at, name] of names.entries())
        counts.set(`${prefix.slice(0, -1)}${name}`, Number(lines[i + 1]?.[at + 1]))
    else if (prefix.includes('6')) counts.set(prefix, Number(names[0]))
  return (name) => {
    const count = counts.get(name)
    if (count === undefined && !name.startsWith('IcmpMsg')) throw new Error(`/proc/net knows no ${name}`)
    return count ?? 0
  }
}

/** What a stack does when it refuses somebody. */
const REFUSALS = ['TcpOutRsts', 'UdpNoPorts', 'Udp6NoPorts', 'IcmpOutDestUnreachs', 'Icmp6OutDestUnreachs']
const refusalsOf = async (host: Host) => REFUSALS.map(await stack(host))

describe.each(FAMILIES)('$family', (family) => {
  const { vip, icmp } = family

  it.each(
    PROTOCOLS.flatMap((protocol) => [
      [protocol, 'no real server', PORT.empty] as const,
      [protocol, 'no real server of any weight', PORT.quiesced] as const,
    ]),
  )('%s: who asks a service with %s is refused at once, by the VIP itself', async (protocol, _, port) => {
    const [was, own] = [await reasons(), await refusalsOf(topology.director)]
    const met = await probe(family, protocol, port)
    expect(met).toEqual({ outcome: 'ECONNREFUSED', icmp: `${icmp.noReal} from ${vip}` })
    const now = await reasons()
    expect(now('answer_no_real') - was('answer_no_real')).toBe(1)
    expect(now('drop_no_real')).toBe(was('drop_no_real'))
    expect(await refusalsOf(topology.director)).toEqual(own)
  })

  it('a port without a service is refused by the stack of the director', async () => {
    const [was, own] = [await reasons(), await stack(topology.director)]
    expect(await probe(family, 'tcp', PORT.nowhere)).toEqual({ outcome: 'ECONNREFUSED', icmp: null })
    expect((await stack(topology.director))('TcpOutRsts')).toBe(own('TcpOutRsts') + 1)
    expect((await reasons())('answer_no_real')).toBe(was('answer_no_real'))
  })

  it.each(PROTOCOLS)('%s: a trace of the way finds the director, then the real server', async (protocol) => {
    const [was, own] = [await reasons(), await refusalsOf(topology.director)]
    const [first, second] = [
      await probe(family, protocol, PORT.alive, 1),
      await probe(family, protocol, PORT.alive, 2),
    ]
    expect(first).toEqual({ outcome: 'EHOSTUNREACH', icmp: `${icmp.ttl} from ${vip}` })
    expect(second).toEqual({ outcome: 'answered', icmp: null })
    expect((await reasons())('answer_ttl') - was('answer_ttl')).toBe(1)
    expect(await refusalsOf(topology.director)).toEqual(own)
  })

  it('an upload through a narrow link arrives whole: the client is told of its MTU', async () => {
    const { lab, clients } = topology
    const route = () => lab.must(clients[0].namespace, ['ip', 'route', 'get', vip])
    expect(await route()).not.toContain('mtu')
    const was = await reasons()
    const argv = [process.execPath, program('upload.mjs'), 'send', vip, String(UPLOAD), '4000000']
    const { sent, arrived } = JSON.parse(await lab.must(clients[0].namespace, argv))
    expect(arrived).toEqual(sent)
    expect(arrived.bytes).toBe(4_000_000)
    expect(await route()).toMatch(new RegExp(`mtu ${NARROW}\\b`))
    const now = await reasons()
    expect(now('answer_mtu')).toBeGreaterThan(was('answer_mtu'))
    expect(now('drop_mtu')).toBe(was('drop_mtu'))
  })

  it.each(PROTOCOLS)(
    '%s: who was refused is served as soon as there is somebody to serve',
    async (protocol) => {
      const words = [
        `${inBrackets(vip)}:${PORT.quiesced}`,
        ...(protocol === 'udp' ? ['--udp'] : []),
        family.real,
      ]
      await director.json('set', 'real', ...words, '--weight', '1')
      expect(await probe(family, protocol, PORT.quiesced)).toEqual({ outcome: 'answered', icmp: null })
    },
  )
})

describe('the answers are limited', () => {
  const [ipv4] = FAMILIES
  const SYNS = 400
  /** ICMP_MSGS_BURST_FACTOR and the like of net/ipv4/icmp.c: who was silent may have so many at once */
  const BURST = 6

  /** SYNs to a service without real servers; what came of them, and the seconds that it took. */
  async function flood(sources: readonly string[]) {
    const [client] = topology.clients
    const [was, heard, began] = [await reasons(), await stack(client), performance.now()]
    const argv = ['python3', program('syns.py'), ipv4.vip, String(PORT.empty), String(SYNS), ...sources]
    await topology.lab.must(client.namespace, argv)
    const since = await until('every SYN is counted', async () => {
      const now = await reasons()
      const counts = ['answer_no_real', 'drop_no_real'].map((reason) => now(reason) - was(reason))
      const [answered = 0, dropped = 0] = counts
      return answered + dropped >= SYNS && { answered, dropped }
    })
    const seconds = Math.ceil((performance.now() - began) / 1000)
    const arrived = (await stack(client))('IcmpMsgInType3') - heard('IcmpMsgInType3')
    return { ...since, arrived, seconds }
  }

  it('one client gets a few at once and then one a second', async () => {
    const { answered, dropped, arrived, seconds } = await flood(newSources(ipv4))
    expect(answered).toBeGreaterThanOrEqual(BURST)
    expect(answered).toBeLessThanOrEqual(BURST + seconds)
    expect(dropped).toBe(SYNS - answered)
    expect(arrived).toBe(answered)
  })

  it('all clients together get no more than is set', async () => {
    await director.json('tune', 'icmp_msgs_per_sec=2', 'icmp_msgs_burst=3')
    const { answered, dropped, arrived, seconds } = await flood(newSources(ipv4, 6))
    expect(answered).toBeGreaterThanOrEqual(1)
    expect(answered).toBeLessThanOrEqual(3 + 2 * seconds)
    expect(dropped).toBe(SYNS - answered)
    expect(arrived).toBe(answered)
  })

  it('without limits every SYN is answered', async () => {
    await director.json('tune', 'icmp_ratelimit=0', 'icmp_msgs_per_sec=0')
    const { answered, arrived } = await flood(newSources(ipv4))
    expect(answered).toBe(SYNS)
    expect(arrived).toBe(SYNS)
  })

  it('what was answered and what was dropped stands in the list of reasons', async () => {
    const { stdout } = await director.xlvs('show', 'reasons')
    expect(stdout).toMatch(/^answer_no_real +answer +\d/m)
    expect(stdout).toMatch(/^drop_no_real +drop +\d/m)
  })

  it('the service that has no real server is the first of the drops, with what to do', async () => {
    const service = `tcp ${ipv4.vip}:${PORT.empty}`
    const first = await until('the daemon, which looks every two seconds, has seen it', async () => {
      const { rows } = await director.json<Listing<DropRow>>('show', 'drops')
      return rows[0]?.service === service && rows[0]
    })
    expect(first.reason).toMatch(/^(?:answer|drop)_no_real$/)
    const { stdout } = await director.xlvs('show', 'drops')
    expect(stdout.split('\n')[1]).toMatch(new RegExp(`_no_real +${service} .*: xlvs show reals`))
    const own = await director.json<Listing<DropRow>>(
      'show',
      'drops',
      '--service',
      `${ipv4.vip}:${PORT.empty}`,
    )
    expect(own.rows.map(({ reason }) => reason).sort()).toEqual(['answer_no_real', 'drop_no_real'])
    const told = await director.xlvs('show', 'reasons', '--service', `${ipv4.vip}:${PORT.alive}`)
    expect(told.stdout).toMatch(/^forward_new +forward +\d/m)
    expect(told.stdout).not.toContain('no_real')
  })

  it('handshakes of those who were served were timed', async () => {
    const latency = await until('a handshake is timed', async () => {
      const { rows } = await director.json<Listing<ServiceRow>>('show', 'services')
      return rows.find(({ service }) => service === `tcp ${ipv4.vip}:${PORT.alive}`)?.latency
    })
    expect(latency.count).toBeGreaterThan(0)
    expect(latency.buckets.reduce((sum, n) => sum + n, 0)).toBe(latency.count)
    expect(latency.sumUs).toBeGreaterThan(0)
  })
})
