// SPDX-License-Identifier: Apache-2.0
// A health check sees what a client would: it is addressed to the VIP and carried to one real server.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildTopology, serve, type Topology } from '../lab/index.js'
import { type Prober, proberIn, type Question } from '../lab/prober.js'
import { until } from '../lab/until.js'

const TOLD = new URL('../lab/programs/told.mjs', import.meta.url).pathname
const XLVS = new URL('../../bin/xlvs', import.meta.url).pathname
const PING_GROUPS = '/proc/sys/net/ipv4/ping_group_range'
const FAMILIES = [
  { family: 'IPv4', vip: '192.0.2.10', good: '192.0.2.21', bare: '192.0.2.22', own: '192.0.2.2', reply: 0 },
  {
    family: 'IPv6',
    vip: '2001:db8::10',
    good: '2001:db8::21',
    bare: '2001:db8::22',
    own: '2001:db8::2',
    reply: 129,
  },
] as const

let topology: Topology
let prober: Prober
let before: Readonly<Record<string, string>>

/** web1 has the VIPs, web2 lacks them; the director is strict about where packets may come from. */
beforeAll(async () => {
  topology = await buildTopology({ reals: 2 })
  const { lab, reals, director } = topology
  const bare = reals[1]
  for (const { vip } of FAMILIES) await lab.must(bare?.namespace, ['ip', 'address', 'del', vip, 'dev', 'lo'])
  for (const place of ['all', 'eth0'])
    await sysctl(director.namespace, `/proc/sys/net/ipv4/conf/${place}/rp_filter`, '1')
  const told = [...reals, director].map(({ namespace }) =>
    lab.start(namespace, [process.execPath, TOLD, '81']),
  )
  await Promise.all([
    ...told.map((server) => server.line(/listens/)),
    ...reals.slice(0, 1).map((real) => serve(lab, real, { udp: ['192.0.2.10:53', '[2001:db8::10]:53'] })),
  ])
  prober = proberIn(director.namespace)
  before = await prober.sysctls()
  expect(await prober.open({ pinRoot: lab.pinRoot })).toEqual({ ok: true })
  expect(await prober.attach(['eth0'])).toEqual({ ok: true })
})
afterAll(async () => {
  await prober?.close()
  await topology?.lab.close()
})

function sysctl(namespace: string | undefined, path: string, value: string): Promise<string> {
  return topology.lab.must(namespace, ['sh', '-c', `echo ${value} >${path}`])
}

async function filters(direction: 'ingress' | 'egress'): Promise<readonly string[]> {
  const { lab, director } = topology
  const text = await lab.must(director.namespace, ['tc', 'filter', 'show', 'dev', 'eth0', direction])
  return [...text.matchAll(/xlvs_probe_\w+:\[\d+\]/g)].map(([name]) => name)
}

const qdiscs = async () =>
  topology.lab.must(topology.director.namespace, ['tc', 'qdisc', 'show', 'dev', 'eth0'])

/** Packets that came to web2 for an address that is not its own. */
async function strays(family: string): Promise<number> {
  const { lab, reals } = topology
  const file = family === 'IPv4' ? '/proc/net/snmp' : '/proc/net/snmp6'
  const text = await lab.must(reals[1]?.namespace, ['cat', file])
  if (family === 'IPv6') return Number(/^Ip6InAddrErrors\s+(\d+)/m.exec(text)?.[1])
  const [names = [], values = []] = [...text.matchAll(/^Ip: (.*)$/gm)].map((line) => line[1]?.split(' '))
  return Number(values[names.indexOf('InAddrErrors')])
}

/** Asks with the mark of a pair, which ends with the question. */
async function through<T>(vip: string, real: string, ask: (way: Question) => Promise<T>): Promise<T> {
  const mark = await prober.target(vip, real)
  try {
    return await ask({ mark, address: real })
  } finally {
    await prober.release(mark)
  }
}

describe.each(FAMILIES)('$family', ({ family, vip, good, bare, own, reply }) => {
  it('a marked connection comes to the VIP on the chosen real server, and its answer comes back', async () => {
    const asked = () => through(vip, good, (way) => prober.tcp({ ...way, port: 81 }))
    for (let round = 0; round < 20; round++) expect(await asked()).toMatchObject({ said: vip })
  })

  it('a real server that lacks the VIP gets the packet and does not answer', async () => {
    const earlier = await strays(family)
    const asked = await through(vip, bare, (way) => prober.tcp({ ...way, port: 81, patience: 1_500 }))
    expect(asked).toMatchObject({ said: 'silence' })
    await until('the packet is counted as a stray', async () => (await strays(family)) > earlier)
    expect(await prober.tcp({ address: bare, port: 81 })).toMatchObject({ said: bare })
  })

  it('a closed port of the VIP refuses connections and datagrams', async () => {
    const tcp = await through(vip, good, (way) => prober.tcp({ ...way, port: 82 }))
    expect(tcp).toMatchObject({ said: 'ECONNREFUSED' })
    expect(await through(vip, good, (way) => prober.udp({ ...way, port: 54 }))).toEqual(tcp)
  })

  it('a datagram is answered by the VIP', async () => {
    expect(await through(vip, good, (way) => prober.udp({ ...way, port: 53 }))).toEqual({ said: 'web1' })
    // web1 listens on the VIP alone
    const itself = { address: good, port: 53, localAddress: own }
    expect(await prober.udp(itself)).toEqual({ said: 'ECONNREFUSED' })
  })

  it('an echo comes back from a real server that has the VIP, and from no other', async () => {
    const echo = (sequence: number) => ({ said: [reply, 0, sequence, 1, 2, 3] })
    expect(await through(vip, good, (way) => prober.ping({ ...way, sequence: 7 }))).toEqual(echo(7))
    const lacking = await through(vip, bare, (way) => prober.ping({ ...way, sequence: 8, patience: 1_000 }))
    expect(lacking).toEqual({ said: 'silence' })
    expect(await prober.ping({ address: bare, sequence: 9 })).toEqual(echo(9))
  })

  it('answers whose checksum is still to be written (offload) are understood too', async () => {
    const { lab, reals } = topology
    const offload = (state: string) => lab.must(reals[0]?.namespace, ['ethtool', '-K', 'eth0', 'tx', state])
    await offload('on')
    try {
      expect(await through(vip, good, (way) => prober.tcp({ ...way, port: 81 }))).toMatchObject({ said: vip })
      expect(await through(vip, good, (way) => prober.udp({ ...way, port: 53 }))).toEqual({ said: 'web1' })
    } finally {
      await offload('off')
    }
  })

  it('other sockets reach the real server itself, and the VIP where it is', async () => {
    const itself = { address: good, port: 81, localAddress: own }
    expect(await prober.tcp(itself)).toMatchObject({ said: good })
    expect(await prober.tcp({ address: vip, port: 81 })).toMatchObject({ said: vip })
    const { lab, clients } = topology
    const url = `http://${vip.includes(':') ? `[${vip}]` : vip}:81/`
    expect(await lab.must(clients[0].namespace, ['curl', '-s', '--http0.9', url])).toBe(vip)
  })

  it('a director that stands by is a client of its VIP from any port, also from that of a probe before', async () => {
    const { lab, director, reals } = topology
    const { said, used } = await through(vip, good, (way) => prober.tcp({ ...way, port: 81 }))
    expect(said).toBe(vip)
    const ip = (...words: string[]) => lab.must(director.namespace, ['ip', ...words])
    const prefixed = `${vip}/${vip.includes(':') ? 128 : 32}`
    await ip('address', 'del', prefixed, 'dev', 'eth0')
    await ip('neighbour', 'replace', vip, 'lladdr', reals[0]?.mac ?? '', 'dev', 'eth0')
    try {
      const asked = await prober.tcp({ address: vip, port: 81, localAddress: own, localPort: used ?? 0 })
      expect(asked).toEqual({ said: vip, used })
    } finally {
      await ip('neighbour', 'del', vip, 'dev', 'eth0')
      await ip('address', 'add', prefixed, 'dev', 'eth0', ...(vip.includes(':') ? ['nodad'] : []))
    }
  })
})

it('no sysctl is changed but the groups that may ping, though packets come back from a VIP of its own', async () => {
  const after = await prober.sysctls()
  const changed = Object.keys(before).filter((path) => before[path] !== after[path])
  expect(changed).toEqual([PING_GROUPS])
  expect([before[PING_GROUPS], after[PING_GROUPS]]).toEqual(['1\t0', '0\t0'])
  for (const place of ['all', 'eth0']) {
    expect(after[`/proc/sys/net/ipv4/conf/${place}/accept_local`]).toBe('0')
    expect(after[`/proc/sys/net/ipv4/conf/${place}/rp_filter`]).toBe('1')
  }
})

it('what a killed process leaves disturbs nobody, and is replaced by the next one', async () => {
  const left = [await filters('ingress'), await filters('egress')]
  expect(left.flat()).toHaveLength(2)
  await prober.kill()
  expect([await filters('ingress'), await filters('egress')]).toEqual(left)
  prober = proberIn(topology.director.namespace)
  await prober.open({ pinRoot: topology.lab.pinRoot })
  const { good, vip, own } = FAMILIES[0]
  expect(await prober.tcp({ address: good, port: 81, localAddress: own })).toMatchObject({ said: good })
  expect(await prober.attach(['eth0'])).toEqual({ ok: true })
  const now = [await filters('ingress'), await filters('egress')]
  expect(now.flat()).toHaveLength(2)
  expect(now).not.toEqual(left)
  expect(await through(vip, good, (way) => prober.tcp({ ...way, port: 81 }))).toMatchObject({ said: vip })
})

it('the programs leave interfaces that are not named any more, and what others have there stays', async () => {
  const { lab, director } = topology
  expect(await prober.attach([])).toEqual({ ok: true })
  expect([await filters('ingress'), await filters('egress'), await qdiscs()].flat().join()).not.toMatch(
    /xlvs|clsact/,
  )
  await lab.must(director.namespace, ['tc', 'qdisc', 'add', 'dev', 'eth0', 'clsact'])
  expect(await prober.attach(['eth0', 'eth7'])).toEqual({
    ok: false,
    problems: [{ subject: 'eth7', reason: 'there is no interface eth7' }],
  })
  expect(await filters('egress')).toHaveLength(1)
  await prober.close()
  expect(await filters('egress')).toEqual([])
  expect(await qdiscs()).toContain('clsact')
  await lab.must(director.namespace, ['tc', 'qdisc', 'del', 'dev', 'eth0', 'clsact'])
})

it('xlvs detach --all takes off what a killed process left', async () => {
  const { lab, director } = topology
  prober = proberIn(director.namespace)
  await prober.open({ pinRoot: lab.pinRoot })
  expect(await prober.attach(['eth0'])).toEqual({ ok: true })
  await prober.kill()
  const env = { XLVS_PIN_ROOT: lab.pinRoot, XLVS_SOCKET: `${lab.folder}/none.sock` }
  const said = await lab.must(director.namespace, [process.execPath, XLVS, 'detach', '--all'], { env })
  expect(said).toContain('nothing is attached any more')
  expect([await filters('ingress'), await filters('egress'), await qdiscs()].flat().join()).not.toMatch(
    /xlvs|clsact/,
  )
})
