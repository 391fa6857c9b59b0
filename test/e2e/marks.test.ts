// SPDX-License-Identifier: Apache-2.0
// Several ports of a VIP are one service by a mark: what a client began on port 80 goes on at the same real server
// on port 443. Set up as LVS's documents tell, in ipvsadm's words; only the mark itself is given by xlvs.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RealRow } from '../../src/api/contract.js'
import { askInTurn, hold, newPorts, tally } from '../lab/flows.js'
import { buildTopology, type Director, type Host, serve, startDirector, type Topology } from '../lab/index.js'
import { until } from '../lab/until.js'
import { rows } from '../lab/view.js'
import { type Xlvsadm, xlvsadmOf } from '../lab/xlvsadm.js'

const MARK = 6666
const PORTS = [80, 443] as const
type Port = (typeof PORTS)[number]

interface Family {
  readonly family: string
  readonly vip: string
  /** how xlvsadm names the service of the mark */
  readonly mark: string
  /** 6666 in the place of the VIP, as IPVS has it in the template of a mark */
  readonly markAsAddress: string
  readonly reals: readonly string[]
  readonly sources: (host: Host) => readonly string[]
}

const FAMILIES: readonly Family[] = [
  {
    family: 'IPv4',
    vip: '192.0.2.10',
    mark: `-f ${MARK}`,
    markAsAddress: '0.0.26.10',
    reals: ['192.0.2.21', '192.0.2.22', '192.0.2.23'],
    sources: ({ sources4 }) => sources4,
  },
  {
    family: 'IPv6',
    vip: '2001:db8::10',
    mark: `-f ${MARK} -6`,
    markAsAddress: '0:1a0a::',
    reals: ['2001:db8::21', '2001:db8::22', '2001:db8::23'],
    sources: ({ sources6 }) => sources6,
  },
]

let topology: Topology
let director: Director
let adm: Xlvsadm

beforeAll(async () => {
  topology = await buildTopology({ reals: 3, extraSources: 6 })
  const { lab, reals } = topology
  await Promise.all(reals.flatMap((real) => PORTS.map((port) => serve(lab, real, { port }))))
  director = await startDirector(topology, 'interfaces: [eth0]\nlimits: {connections: 4096}\nservices: []\n')
  adm = xlvsadmOf(topology, director)
})
afterAll(() => topology?.lab.close())

const endpoint = (address: string, port: number) =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
const clientsOf = ({ sources }: Family) => sources(topology.clients[0])

/** Who answers each of these clients on a port; they ask in the order given. */
async function visit(family: Family, port: Port, clients: readonly string[]): Promise<Map<string, string>> {
  const origins = clients.map((address) => ({ address, port: newPorts(1)[0] }))
  const names = await askInTurn(
    topology.lab,
    topology.clients[0],
    `http://${endpoint(family.vip, port)}/`,
    origins,
  )
  return new Map(clients.map((client, i) => [client, names[i] ?? '']))
}

/** What each client meets on 80, on 443 and on 80 again. On 443 the last comes first, so that turns do not agree. */
async function visits(family: Family): Promise<readonly (readonly string[])[]> {
  const clients = clientsOf(family)
  const rounds = [
    await visit(family, 80, clients),
    await visit(family, 443, clients.toReversed()),
    await visit(family, 80, clients),
  ]
  return clients.map((client) => rounds.map((round) => round.get(client) ?? ''))
}

const marks = (family: Family, verb: 'add' | 'remove') =>
  director.json(
    ...['mark', verb, '--vip', family.vip, '--ports', PORTS.join(',')],
    ...(verb === 'add' ? ['--set-mark', String(MARK)] : []),
  )

describe.each(FAMILIES)('$family', (family) => {
  /** what each client met before there was a mark, and while there was one */
  let apart: readonly (readonly string[])[]
  let together: readonly (readonly string[])[]
  /** how xlvs names the service of the mark */
  const words = ['--mark', String(MARK), ...(family.family === 'IPv6' ? ['--ipv6'] : [])]

  it('two services with persistence: who is at one real server for 80 need not be there for 443', async () => {
    const rules = PORTS.flatMap((port) => {
      const service = `-t ${endpoint(family.vip, port)}`
      return [
        `-A ${service} -s rr -p`,
        ...family.reals.map((real) => `-a ${service} -r ${endpoint(real, port)}`),
      ]
    })
    await adm('-R', rules.join('\n'))
    apart = await visits(family)
    const split = apart.flatMap(([http, https], client) => (http === https ? [] : [client]))
    // of seven clients in turn and backwards, every third meets the same real server of three
    expect(split).toEqual([1, 2, 4, 5])
    for (const [http, , again] of apart) expect(again).toBe(http)
  })

  it('a mark without a service changes nothing', async () => {
    await marks(family, 'add')
    expect(await visits(family)).toEqual(apart)
  })

  it('with a service for the mark, a client has one real server for both', async () => {
    const reals = family.reals.map((real) => `-a ${family.mark} -r ${real}`)
    await adm('-R', [`-A ${family.mark} -s rr -p`, ...reals].join('\n'))
    together = await visits(family)
    for (const names of together) expect(new Set(names).size, String(names)).toBe(1)
    const shares = Object.values(tally(together.map(([name = '']) => name)))
    expect(shares.sort()).toEqual([2, 2, 3])
  })

  it('-L -n lists it as ipvsadm does', async () => {
    const three = tally(together.flat())
    const listed = [
      'Prot LocalAddress:Port Scheduler Flags',
      '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn',
      `FWM  ${MARK} ${family.family === 'IPv6' ? 'IPv6 ' : ''}rr persistent 360`,
      ...family.reals.map((real, i) => {
        const over = String(three[`web${i + 1}`]).padEnd(10)
        return `  -> ${endpoint(real, 0).padEnd(28)} Route   1      0          ${over}`
      }),
      '',
    ]
    await until('the last FIN has come', async () =>
      (await rows<RealRow>(director, 'reals', ...words)).every(({ active }) => active === 0),
    )
    expect((await adm(`-L -n ${family.mark}`)).split('\n')).toEqual(listed)
    const all = await adm('-L -n')
    for (const port of PORTS) expect(all).toContain(`TCP  ${endpoint(family.vip, port)} rr persistent 360\n`)
    expect(all).toContain(listed.slice(2).join('\n'))
    expect(all.indexOf('FWM  '), 'what has no mark stands first').toBeGreaterThan(all.lastIndexOf('TCP  '))
  })

  it('-L -n -c lists its connections, and one template for both ports', async () => {
    const listed = (await adm('-L -n -c')).split('\n')
    expect(listed.slice(0, 2)).toEqual([
      'IPVS connection entries',
      'pro expire state       source             virtual            destination',
    ])
    const lines = listed.map((line) => line.split(/ +/))
    for (const [i, client] of clientsOf(family).entries()) {
      const real = family.reals[Number(together[i]?.[0]?.replace('web', '')) - 1] ?? ''
      const templates = lines.filter(([protocol, , , source]) => {
        return protocol === 'IP' && source === endpoint(client, 0)
      })
      expect(templates.map(([, , ...rest]) => rest)).toEqual([
        ['ASSURED', endpoint(client, 0), endpoint(family.markAsAddress, 0), endpoint(real, 0)],
      ])
      for (const port of PORTS) {
        const mine = [endpoint(family.vip, port), endpoint(real, port)]
        const theirs = lines.filter(
          ([protocol, , , source = '', ...ends]) =>
            protocol === 'TCP' && isFrom(client, source) && String(ends) === String(mine),
        )
        expect(theirs.length, `${client} on ${port}`).toBeGreaterThanOrEqual(port === 80 ? 2 : 1)
      }
    }
  })

  it('without the mark the ports are back with their own services, and what is open goes on', async () => {
    const held = await hold(topology.lab, topology.clients[0], `http://${endpoint(family.vip, 443)}/`, {
      flows: 1,
    })
    expect(held.latest().names).toEqual([together[0]?.[0]])
    await marks(family, 'remove')
    expect(await visits(family)).toEqual(apart)
    await held.goOn()
    expect(await held.close()).toMatchObject({ failed: 0, failures: {} })
  })

  it('only ports that carry the mark come to its service', async () => {
    await director.json('mark', 'add', '--vip', family.vip, '--ports', '443', '--set-mark', String(MARK))
    const met = await visits(family)
    expect(met.map(([http]) => http)).toEqual(apart.map(([http]) => http))
    expect(met.map(([, https]) => https)).toEqual(together.map(([, https]) => https))
    await adm(`-D ${family.mark}`)
    expect(await visits(family)).toEqual(apart)
  })
})

/** `source` is the client with one of its ports, not that of a template. */
function isFrom(client: string, source: string): boolean {
  return source.startsWith(endpoint(client, 0).slice(0, -1)) && source !== endpoint(client, 0)
}
