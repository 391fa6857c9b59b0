// SPDX-License-Identifier: Apache-2.0
// Clients in front, real servers behind: packets change interfaces; several are attached at once; the director
// serves too.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { InterfaceRow } from '../../src/api/contract.js'
import { askNew, tally } from '../lab/flows.js'
import {
  buildTopology,
  type Director,
  type Host,
  run,
  serve,
  startDirector,
  type Topology,
} from '../lab/index.js'
import { nexthop, reasons, rows } from '../lab/view.js'
import { LINK } from '../packets/cases/link.js'

const FAMILIES = [
  { family: 'IPv4', vip: '192.0.2.10', reals: ['198.51.100.21', '198.51.100.22'], self: '192.0.2.2' },
  { family: 'IPv6', vip: '2001:db8::10', reals: ['2001:db8:b::21', '2001:db8:b::22'], self: '2001:db8::2' },
] as const

const inBrackets = (address: string) => (address.includes(':') ? `[${address}]` : address)

let topology: Topology
let director: Director

function yaml(interfaces: readonly string[]): string {
  const services = FAMILIES.flatMap(({ vip, reals, self }) => {
    const service = (port: number, protocol: string, to: readonly string[]) =>
      `  - {vip: "${inBrackets(vip)}:${port}", protocol: ${protocol}, scheduler: rr, reals: [${to.map((real) => `"${real}"`).join(', ')}]}`
    return [service(80, 'tcp', reals), service(53, 'udp', reals), service(81, 'tcp', [...reals, self])]
  })
  return `interfaces: [${interfaces.join(', ')}]\nlimits: {connections: 4096}\nservices:\n${services.join('\n')}\n`
}

beforeAll(async () => {
  topology = await buildTopology({ shape: 'two-arm', reals: 2 })
  const { lab, reals } = topology
  const udp = FAMILIES.map(({ vip }) => `${inBrackets(vip)}:53`)
  await Promise.all([
    ...reals.map((real) => serve(lab, real, { udp })),
    ...[...reals, topology.director].map((host) => serve(lab, host, { port: 81 })),
  ])
  director = await startDirector(topology, yaml(['eth0', 'eth1']))
})
afterAll(() => topology?.lab.close())

const ask = (url: string, count: number, from: Host = topology.clients[0]) =>
  askNew(topology.lab, from, url, count).then(tally)

async function actions(name: string) {
  const row = (await rows<InterfaceRow>(director, 'interfaces')).find((each) => each.name === name)
  if (row === undefined) throw new Error(`${name} is not attached`)
  return row.packets
}

describe.each(FAMILIES)('$family', ({ vip, reals }) => {
  it('what arrives on one interface leaves by the other', async () => {
    expect(await nexthop(director, reals[0])).toMatchObject({ state: 'up', interface: 'eth1' })
    const [front, back, why] = [await actions('eth0'), await actions('eth1'), await reasons(director)]
    expect(await ask(`http://${inBrackets(vip)}/`, 10)).toEqual({ web1: 5, web2: 5 })
    expect(await ask(`udp://${inBrackets(vip)}:53`, 10)).toEqual({ web1: 5, web2: 5 })
    const after = await actions('eth0')
    expect(after.redirect - front.redirect).toBeGreaterThanOrEqual(10 * 4 + 10)
    expect(after.tx).toBe(front.tx)
    expect((await actions('eth1')).redirect).toBe(back.redirect)
    const now = await reasons(director)
    expect(now('forward_new') - why('forward_new')).toBe(20)
    expect(now('drop_port_down')).toBe(0)
  })

  it('what arrives on the interface of the real servers leaves where it came from', async () => {
    const router = topology.router as Host
    const through = vip.includes(':') ? '2001:db8:b::2' : '198.51.100.2'
    await topology.lab.must(router.namespace, ['ip', 'route', 'add', vip, 'via', through])
    const before = await actions('eth1')
    expect(await ask(`http://${inBrackets(vip)}/`, 10, router)).toEqual({ web1: 5, web2: 5 })
    const after = await actions('eth1')
    expect(after.tx - before.tx).toBeGreaterThanOrEqual(10 * 4)
    expect(after.redirect).toBe(before.redirect)
    await topology.lab.must(router.namespace, ['ip', 'route', 'del', vip, 'via', through])
  })

  it('a real server on the director itself gets its share', async () => {
    expect(await ask(`http://${inBrackets(vip)}:81/`, 12)).toEqual({ web1: 4, web2: 4, director: 4 })
    expect((await reasons(director))('pass_local_real')).toBeGreaterThanOrEqual(4 * 4)
  })
})

describe('real servers behind an interface that does not carry the program', () => {
  it('get what arrives on one that does', async () => {
    director.writeFile(yaml(['eth0']))
    await director.json('reload')
    expect((await rows<InterfaceRow>(director, 'interfaces')).map(({ name }) => name)).toEqual(['eth0'])
    for (const { vip } of FAMILIES)
      expect(await ask(`http://${inBrackets(vip)}/`, 10)).toEqual({ web1: 5, web2: 5 })
  })
})

const TAGGED = { vip: '192.0.2.10', director: '10.7.0.2', real: '10.7.0.21' } as const
const probe = [
  'unshare',
  '--net',
  'ip',
  'link',
  'add',
  'link',
  'lo',
  'name',
  'tagged',
  'type',
  'vlan',
  'id',
  '7',
]
const hasVlan = (await run(undefined, probe)).code === 0

describe('a real server behind a VLAN', () => {
  if (hasVlan) it('gets tagged frames', viaVlan)
  else
    it('cannot be made here (this kernel has no 802.1Q): the table of packets sends every tag in and out instead', () => {
      const [one, two] = [/ one tag, .* QinQ/, / QinQ .*, .* one tag/]
      for (const kind of [one, two]) expect(LINK.some(({ title }) => kind.test(title))).toBe(true)
    })
})

async function viaVlan(): Promise<void> {
  const { lab, reals } = topology
  const [real] = reals as [Host]
  const tag = async (namespace: string, device: string, address: string) => {
    await lab.must(namespace, [
      'ip',
      'link',
      'add',
      'link',
      device,
      'name',
      'tagged',
      'type',
      'vlan',
      'id',
      '7',
    ])
    await lab.must(namespace, ['ip', 'address', 'add', `${address}/24`, 'dev', 'tagged'])
    await lab.must(namespace, ['ip', 'link', 'set', 'tagged', 'up'])
  }
  await tag(topology.director.namespace, 'eth1', TAGGED.director)
  await tag(real.namespace, 'eth0', TAGGED.real)
  await serve(lab, real, { port: 82 })
  const service = `${TAGGED.vip}:82`
  await director.json('add', 'service', service, '--to', TAGGED.real)
  expect(await nexthop(director, TAGGED.real)).toMatchObject({ state: 'up', interface: 'eth1', vlan: [7] })
  expect(await ask(`http://${service}/`, 5)).toEqual({ web1: 5 })
}
