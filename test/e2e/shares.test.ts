// SPDX-License-Identifier: Apache-2.0
// Who gets how much: counted at the real servers, over IPv4 and IPv6, TCP and UDP.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TemplateRow } from '../../src/api/contract.js'
import { askInTurn, askNew, type Held, hold, newPorts, tally } from '../lab/flows.js'
import { buildTopology, type Director, serve, startDirector, type Topology } from '../lab/index.js'
import { until } from '../lab/until.js'
import { realsOf, rows } from '../lab/view.js'

/** A VIP for each promise: the last part of its addresses. */
const VIPS = { rr: 10, wrr: 11, wlc: 12, sh: 13, persistence: 14, networks: 15 } as const
type Promised = keyof typeof VIPS
const WEIGHTS = [1, 2, 3] as const
/**
 * A persistence long enough for the connections to be gone, also from the sweep's round of four seconds: who still
 * has one when the time is over gets 60 s more.
 */
const SECONDS = 10

interface Transport {
  readonly name: string
  readonly protocol: 'tcp' | 'udp'
  readonly family: 4 | 6
}

const TRANSPORTS: readonly Transport[] = [
  { name: 'TCP over IPv4', protocol: 'tcp', family: 4 },
  { name: 'UDP over IPv4', protocol: 'udp', family: 4 },
  { name: 'TCP over IPv6', protocol: 'tcp', family: 6 },
  { name: 'UDP over IPv6', protocol: 'udp', family: 6 },
]
const FAMILIES = [4, 6] as const

let topology: Topology
let director: Director
const held: Held[] = []

const addressOf = (vip: Promised, family: 4 | 6) =>
  family === 4 ? `192.0.2.${VIPS[vip]}` : `2001:db8::${VIPS[vip]}`
const inBrackets = (address: string) => (address.includes(':') ? `[${address}]` : address)
const endpointOf = (vip: Promised, { protocol, family }: Transport) =>
  `${inBrackets(addressOf(vip, family))}:${protocol === 'tcp' ? 80 : 53}`
const urlOf = (vip: Promised, transport: Transport) =>
  `${transport.protocol === 'tcp' ? 'http' : 'udp'}://${endpointOf(vip, transport)}`
/** As the command line names the service. */
const wordsOf = (vip: Promised, transport: Transport) => [
  endpointOf(vip, transport),
  ...(transport.protocol === 'udp' ? ['--udp'] : []),
]

function yaml(timeouts: string): string {
  return `interfaces: [eth0]
limits: {connections: 4096, templates: 1024}
timeouts: ${timeouts}
services:
${TRANSPORTS.flatMap((transport) => [
  service('rr', transport, 'rr'),
  service('wrr', transport, 'wrr', WEIGHTS),
  service('wlc', transport, 'wlc'),
  service('sh', transport, 'sh'),
  service('persistence', transport, 'rr', [1, 1, 1], `persistence: ${SECONDS}, `),
  service(
    'networks',
    transport,
    'rr',
    [1, 1, 1],
    `persistence: {timeout: 60, prefix: ${transport.family === 4 ? 30 : 124}}, `,
  ),
]).join('\n')}
`
}

function service(
  vip: Promised,
  transport: Transport,
  scheduler: string,
  weights = [1, 1, 1] as readonly number[],
  more = '',
) {
  const net = transport.family === 4 ? '192.0.2.' : '2001:db8::'
  const reals = weights.map((weight, i) => `{address: "${net}${21 + i}", weight: ${weight}}`)
  const { protocol } = transport
  return `  - {vip: "${endpointOf(vip, transport)}", protocol: ${protocol}, scheduler: ${scheduler}, ${more}reals: [${reals.join(', ')}]}`
}

const LONG = '{tcp: 900, tcpfin: 120, udp: 300}'
const SHORT = '{tcp: 900, tcpfin: 1, udp: 1}'

beforeAll(async () => {
  const vips = FAMILIES.flatMap((family) =>
    (Object.keys(VIPS) as Promised[]).map((vip) => addressOf(vip, family)),
  )
  topology = await buildTopology({ reals: 3, extraSources: 11, vips })
  const udp = vips.map((vip) => `${inBrackets(vip)}:53`)
  await Promise.all(topology.reals.map((real) => serve(topology.lab, real, { udp })))
  director = await startDirector(topology, yaml(LONG))
})
afterAll(() => topology?.lab.close())

const client = () => topology.clients[0]
const sources = ({ family }: Transport) => (family === 4 ? client().sources4 : client().sources6)
const ask = (vip: Promised, transport: Transport, count: number, from?: string) =>
  askNew(topology.lab, client(), urlOf(vip, transport), count, from)

async function holdMore(vip: Promised, transport: Transport, flows: number): Promise<readonly string[]> {
  const more = await hold(topology.lab, client(), urlOf(vip, transport), { flows, every: 500 })
  held.push(more)
  return more.latest().names
}

describe.each(TRANSPORTS)('$name', (transport) => {
  it('rr: every real server in turn', async () => {
    const names = await ask('rr', transport, 30)
    expect(tally(names)).toEqual({ web1: 10, web2: 10, web3: 10 })
    expect(names.slice(3)).toEqual(names.slice(0, -3))
  })

  it('wrr: shares are the weights, exactly, also after a change of weight', async () => {
    expect(tally(await ask('wrr', transport, 36))).toEqual({ web1: 6, web2: 12, web3: 18 })
    const [first] = await realsOf(director, ...wordsOf('wrr', transport))
    await director.json('set', 'real', ...wordsOf('wrr', transport), first?.address ?? '', '--weight', '0')
    expect(tally(await ask('wrr', transport, 36))).toEqual({ web1: 12, web2: 24 })
  })

  it('wlc: whoever has fewer connections gets the next, until all have as many', async () => {
    const words = wordsOf('wlc', transport)
    const others = (await realsOf(director, ...words)).filter(({ address }) => !address.endsWith('21'))
    const weigh = async (weight: string) => {
      for (const { address } of others)
        await director.json('set', 'real', ...words, address, '--weight', weight)
    }
    await weigh('0')
    expect(tally(await holdMore('wlc', transport, 3))).toEqual({ web1: 3 })
    await weigh('1')
    expect(tally(await holdMore('wlc', transport, 4))).toEqual({ web2: 2, web3: 2 })
    expect(tally(await holdMore('wlc', transport, 5))).toEqual({ web1: 1, web2: 2, web3: 2 })
    // UDP has no established connections: IPVS counts its flows as inactive
    const live = (await realsOf(director, ...words)).map(({ active, inactive }) => active + inactive)
    expect(live).toEqual([4, 4, 4])
    for (const one of held.splice(0)) expect(await one.close()).toMatchObject({ failed: 0, moved: 0 })
  })

  it('sh: a client stays with its real server, whatever port it comes from', async () => {
    const [first] = newPorts(3)
    const rounds = [0, 1, 2].map((round) =>
      sources(transport).map((address) => ({ address, port: first + round })),
    )
    const names = await askInTurn(topology.lab, client(), urlOf('sh', transport), rounds.flat())
    const [one, two, three] = [0, 1, 2].map((i) => names.slice(i * 12, (i + 1) * 12))
    expect(
      one?.every((name) => /^web[123]$/.test(name)),
      String(one),
    ).toBe(true)
    expect(two).toEqual(one)
    expect(three).toEqual(one)
    expect(Object.keys(tally(one ?? [])).length).toBeGreaterThan(1)
  })

  it('persistence with a prefix: a network stays together, others go elsewhere', async () => {
    const [first] = newPorts(1)
    const from = sources(transport).map((address) => ({ address, port: first }))
    const names = await askInTurn(topology.lab, client(), urlOf('networks', transport), from)
    // .100 to .103, .104 to .107, .108 to .111; ::100 to ::109, ::110 and ::111
    const cuts = transport.family === 4 ? [0, 4, 8, 12] : [0, 10, 12]
    const networks = cuts.slice(1).map((end, i) => new Set(names.slice(cuts[i], end)))
    expect(
      networks.map((network) => network.size),
      String(names),
    ).toEqual(networks.map(() => 1))
    expect(new Set(names).size).toBe(networks.length)
  })
})

describe('persistence by the clock', () => {
  beforeAll(async () => {
    director.writeFile(yaml(SHORT))
    await director.json('reload')
  })

  it.concurrent.each(TRANSPORTS)(
    '$name: a client stays until the time is over, and not after',
    async (transport) => {
      const [address, other] = sources(transport) as [string, string]
      const words = wordsOf('persistence', transport)
      const template = async () =>
        (await rows<TemplateRow>(director, 'templates', '--service', ...words)).find(
          ({ clientNet }) => clientNet === address,
        )
      const names = await ask('persistence', transport, 4, address)
      const [name] = names
      expect(name).toMatch(/^web[123]$/)
      const last = performance.now()
      expect(await ask('persistence', transport, 1, address)).toEqual([name])
      expect(new Set(names).size).toBe(1)
      expect(await template()).toMatchObject({ timeout: SECONDS, real: addressOfReal(name, transport) })
      expect(await ask('persistence', transport, 2, other)).not.toContain(name)
      await until('the client is forgotten', async () => (await template()) === undefined, 40_000)
      expect(performance.now() - last).toBeGreaterThan((SECONDS - 1) * 1000)
      const [next] = await ask('persistence', transport, 1, address)
      expect(next).toMatch(/^web[123]$/)
      expect(next).not.toBe(name)
    },
  )
})

function addressOfReal(name: string | undefined, { family }: Transport): string | undefined {
  const real = topology.reals.find(({ role }) => role === name)
  return family === 4 ? real?.ipv4 : real?.ipv6
}
