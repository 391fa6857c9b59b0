// SPDX-License-Identifier: Apache-2.0
// A director's rules, saved where IPVS ran, are fed to xlvsadm as they are: real clients are balanced by them, and
// what an operator then looks at and changes is as he knows it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askInTurn, askNew, hold, newPorts, tally } from '../lab/flows.js'
import { buildTopology, type Director, serve, startDirector, type Topology } from '../lab/index.js'
import { until } from '../lab/until.js'
import { realsOf } from '../lab/view.js'
import { type Xlvsadm, xlvsadmOf } from '../lab/xlvsadm.js'

/** As `ipvsadm -S -n` writes it. */
const SAVED = `-A -t 192.0.2.10:80 -s rr
-a -t 192.0.2.10:80 -r 192.0.2.21:80 -g -w 1
-a -t 192.0.2.10:80 -r 192.0.2.22:80 -g -w 1
-a -t 192.0.2.10:80 -r 192.0.2.23:80 -g -w 1
-A -t 192.0.2.11:80 -s wrr
-a -t 192.0.2.11:80 -r 192.0.2.21:80 -g -w 1
-a -t 192.0.2.11:80 -r 192.0.2.22:80 -g -w 2
-a -t 192.0.2.11:80 -r 192.0.2.23:80 -g -w 3
-A -t 192.0.2.12:80 -s wlc
-a -t 192.0.2.12:80 -r 192.0.2.21:80 -g -w 100
-a -t 192.0.2.12:80 -r 192.0.2.22:80 -g -w 100
-a -t 192.0.2.12:80 -r 192.0.2.23:80 -g -w 0
-A -t 192.0.2.13:80 -s sh -b sh-fallback,sh-port
-a -t 192.0.2.13:80 -r 192.0.2.21:80 -g -w 1
-a -t 192.0.2.13:80 -r 192.0.2.22:80 -g -w 1
-A -t 192.0.2.14:80 -s mh -b mh-fallback
-a -t 192.0.2.14:80 -r 192.0.2.21:80 -g -w 1
-a -t 192.0.2.14:80 -r 192.0.2.22:80 -g -w 1
-a -t 192.0.2.14:80 -r 192.0.2.23:80 -g -w 1
-A -t 192.0.2.15:80 -s rr -p 600 -M 255.255.255.252
-a -t 192.0.2.15:80 -r 192.0.2.21:80 -g -w 1
-a -t 192.0.2.15:80 -r 192.0.2.22:80 -g -w 1
-a -t 192.0.2.15:80 -r 192.0.2.23:80 -g -w 1
-A -u 192.0.2.10:53 -s rr -o
-a -u 192.0.2.10:53 -r 192.0.2.21:53 -g -w 1
-a -u 192.0.2.10:53 -r 192.0.2.22:53 -g -w 1
-A -t [2001:db8::10]:80 -s wrr
-a -t [2001:db8::10]:80 -r [2001:db8::21]:80 -g -w 1
-a -t [2001:db8::10]:80 -r [2001:db8::22]:80 -g -w 3
-A -u [2001:db8::10]:53 -s rr -p 50 -M 64
-a -u [2001:db8::10]:53 -r [2001:db8::21]:53 -g -w 1
-a -u [2001:db8::10]:53 -r [2001:db8::22]:53 -g -w 1
-A -f 6 -s rr -p 360
-a -f 6 -r 192.0.2.21:0 -g -w 1
-a -f 6 -r 192.0.2.22:0 -g -w 1
-a -f 6 -r 192.0.2.23:0 -g -w 1
`
const VIPS = [10, 11, 12, 13, 14, 15, 16, 17].map((n) => `192.0.2.${n}`)

let topology: Topology
let director: Director
let adm: Xlvsadm
beforeAll(async () => {
  topology = await buildTopology({ reals: 3, extraSources: 7, vips: [...VIPS, '2001:db8::10'] })
  const { lab, reals } = topology
  const udp = ['192.0.2.10:53', '[2001:db8::10]:53']
  await Promise.all(reals.map((real) => serve(lab, real, { udp })))
  director = await startDirector(topology, 'interfaces: [eth0]\nlimits: {connections: 4096}\nservices: []\n')
  adm = xlvsadmOf(topology, director)
})
afterAll(() => topology?.lab.close())

const sources4 = () => topology.clients[0].sources4
const sources6 = () => topology.clients[0].sources6
const http = (vip: string) => `http://${vip}/`
const ask = (url: string, count: number) => askNew(topology.lab, topology.clients[0], url, count)
const holdSome = (vip: string, flows: number) =>
  hold(topology.lab, topology.clients[0], http(vip), { flows, every: 500 })

/** One question from each of these addresses, from a port that was never used. */
function askFrom(url: string, sources: readonly string[]): Promise<readonly string[]> {
  const origins = sources.map((address) => ({ address, port: newPorts(1)[0] }))
  return askInTurn(topology.lab, topology.clients[0], url, origins)
}

/** The figures of a listing of xlvsadm by the service or real server that they stand behind. */
async function figures(words: string): Promise<(name: string) => readonly number[]> {
  const lines = (await adm(`-L -n ${words}`)).split('\n').map((line) => line.trim().split(/ +/))
  const found = new Map(lines.map(([, name = '', ...rest]) => [name, rest.map(Number)]))
  return (name) => {
    const row = found.get(name)
    if (row === undefined) throw new Error(`-L ${words} has no ${name}`)
    return row
  }
}

describe('rules saved from LVS', () => {
  it('are taken as they are, and saved again as they were', async () => {
    expect(await adm('-R', SAVED)).toBe('')
    expect((await adm('-S -n')).split('\n')).toEqual(SAVED.split('\n'))
    expect(await adm('-C')).toBe('')
    expect(await adm('-S -n')).toBe('')
    expect(await adm('-R', SAVED)).toBe('')
  })

  it('rr and wrr: turns and weights, over IPv4 and IPv6', async () => {
    expect(tally(await ask(http('192.0.2.10'), 30))).toEqual({ web1: 10, web2: 10, web3: 10 })
    expect(tally(await ask(http('192.0.2.11'), 18))).toEqual({ web1: 3, web2: 6, web3: 9 })
    expect(tally(await ask(http('[2001:db8::10]'), 12))).toEqual({ web1: 3, web2: 9 })
  })

  it('wlc: as many connections for each, none for weight 0', async () => {
    const held = await holdSome('192.0.2.12', 6)
    expect(tally(held.latest().names)).toEqual({ web1: 3, web2: 3 })
    const row = await figures('-t 192.0.2.12:80')
    const active = ['21', '22', '23'].map((end) => row(`192.0.2.${end}:80`)[2])
    expect(active).toEqual([3, 3, 0])
    expect(await held.close()).toMatchObject({ failed: 0 })
  })

  it('sh with ports and mh: by the ports of a client, and by the client alone', async () => {
    const one = Array.from({ length: 16 }, () => sources4()[0] ?? '')
    const byPort = tally(await askFrom(http('192.0.2.13'), one))
    expect(Object.keys(byPort).sort()).toEqual(['web1', 'web2'])
    const [first, again] = [
      await askFrom(http('192.0.2.14'), sources4()),
      await askFrom(http('192.0.2.14'), sources4()),
    ]
    expect(again).toEqual(first)
    expect(first.filter((name) => !/^web[123]$/.test(name))).toEqual([])
    expect(new Set(first).size).toBeGreaterThan(1)
  })

  it('persistence: a network of clients stays together, of IPv4 and of IPv6', async () => {
    // 192.0.2.100 to .103 and .104 to .107
    const names = await askFrom(http('192.0.2.15'), sources4())
    const [one = '', two = ''] = [names[0], names[4]]
    expect(names).toEqual([one, one, one, one, two, two, two, two])
    expect(one).not.toBe(two)
    expect(new Set(await askFrom('udp://[2001:db8::10]:53', sources6())).size).toBe(1)
  })

  it('one-packet: each datagram of a client gets the next real server', async () => {
    const [port] = newPorts(1)
    const origins = Array.from({ length: 10 }, () => ({ port }))
    const names = await askInTurn(topology.lab, topology.clients[0], 'udp://192.0.2.10:53', origins)
    expect(tally(names)).toEqual({ web1: 5, web2: 5 })
    expect(names.slice(2)).toEqual(names.slice(0, -2))
  })

  it('a mark: what iptables did for IPVS is one line of xlvs', async () => {
    await director.json('mark', 'add', '--vip', '192.0.2.16', '--ports', '80,443', '--set-mark', '6')
    const [first, again] = [
      await askFrom(http('192.0.2.16'), sources4().slice(0, 6)),
      await askFrom(http('192.0.2.16'), sources4().slice(0, 6)),
    ]
    expect(again).toEqual(first)
    expect(tally(first)).toEqual({ web1: 2, web2: 2, web3: 2 })
  })

  it('are there when the daemon has been started again', async () => {
    await director.daemon().stop()
    await director.restart()
    expect((await adm('-S -n')).split('\n')).toEqual(SAVED.split('\n'))
  })
})

describe('figures', () => {
  const REALS = ['192.0.2.21:80', '192.0.2.22:80', '192.0.2.23:80'] as const

  it('--stats: connections are those that clients opened', async () => {
    const [plain, datagrams] = [
      await figures('--stats --exact -t 192.0.2.10:80'),
      await figures('--stats -u 192.0.2.10:53'),
    ]
    const [conns = 0, packets = 0, out, bytes = 0, outBytes] = plain('192.0.2.10:80')
    expect([conns, out, outBytes]).toEqual([30, 0, 0])
    // SYN, ACK, the request, ACKs and the FIN of each
    expect(packets).toBeGreaterThanOrEqual(4 * 30)
    expect(bytes).toBeGreaterThan(40 * packets)
    const sum = (column: number) => REALS.reduce((total, real) => total + (plain(real)[column] ?? 0), 0)
    expect(REALS.map((real) => plain(real)[0])).toEqual([10, 10, 10])
    expect([sum(0), sum(1), sum(3)]).toEqual([conns, packets, bytes])
    // each with one byte
    expect(datagrams('192.0.2.10:53')).toEqual([10, 10, 0, 290, 0])
  })

  it('--rate: while clients come there is one, and nothing goes out', async () => {
    await ask(http('192.0.2.10'), 60)
    const rate = await until('a rate is seen', async () => {
      const row = (await figures('--rate -t 192.0.2.10:80'))('192.0.2.10:80')
      return (row[0] ?? 0) > 0 && row
    })
    const [cps = 0, inPps = 0, outPps, inBps = 0, outBps] = rate
    // a quarter of what the second had: of 60, and of what was before
    expect(cps).toBeLessThanOrEqual(12)
    expect(inPps).toBeGreaterThanOrEqual(4 * (cps - 1))
    expect(inBps).toBeGreaterThan(40 * (inPps - 1))
    expect([outPps, outBps]).toEqual([0, 0])
  })

  it('-Z: what was counted is no more, what comes is', async () => {
    await adm('-Z -t 192.0.2.11:80')
    expect((await figures('--stats -t 192.0.2.11:80'))('192.0.2.11:80')).toEqual([0, 0, 0, 0, 0])
    expect((await figures('--stats -t 192.0.2.10:80'))('192.0.2.10:80')[0]).toBe(90)
    await adm('-Z')
    const lines = (await adm('-L -n --stats')).split('\n').slice(3).filter(Boolean)
    expect(lines).toHaveLength(SAVED.trimEnd().split('\n').length)
    expect(lines.filter((line) => !/ 0 +\d+ +0 +\d+ +0$/.test(line))).toEqual([])
    await ask(http('192.0.2.10'), 6)
    const row = await figures('--stats -t 192.0.2.10:80')
    expect(['192.0.2.10:80', ...REALS].map((name) => row(name)[0])).toEqual([6, 2, 2, 2])
  })

  it('--set: time-outs are set, 0 leaves one as it was', async () => {
    expect(await adm('-L --timeout')).toBe('Timeout (tcp tcpfin udp): 900 120 300\n')
    await adm('--set 0 1 60')
    expect(await adm('-L --timeout')).toBe('Timeout (tcp tcpfin udp): 900 1 60\n')
  })
})

describe('thresholds', () => {
  const SERVICE = '192.0.2.17:80'
  const limited = async () => {
    const row = (await realsOf(director, SERVICE)).find(({ address }) => address === '192.0.2.21')
    if (row === undefined) throw new Error(`${SERVICE} has lost 192.0.2.21`)
    return row
  }

  it('a real server at its limit gets no more, and gets some again when connections have ended', async () => {
    const rules = ['-A -t S -s rr', '-a -t S -r 192.0.2.21 -x 3 -y 2', '-a -t S -r 192.0.2.22']
    await adm('-R', rules.join('\n').replaceAll(' S ', ` ${SERVICE} `))
    const first = await holdSome('192.0.2.17', 4)
    expect(tally(first.latest().names)).toEqual({ web1: 2, web2: 2 })
    const second = await holdSome('192.0.2.17', 5)
    expect(tally(second.latest().names)).toEqual({ web1: 1, web2: 4 })
    const listed = await figures(`--thresholds -t ${SERVICE}`)
    expect(listed('192.0.2.21:80')).toEqual([3, 2, 3, 0])
    expect(listed('192.0.2.22:80')).toEqual([0, 0, 6, 0])
    expect((await limited()).overloaded).toBe(true)
    expect(await first.close()).toMatchObject({ failed: 0 })
    // two of its three have ended, and the time of FIN_WAIT, which counts too, is one second now
    await until('one connection is left', async () => {
      const { active, inactive, overloaded } = await limited()
      return active === 1 && inactive === 0 && !overloaded
    })
    const third = await holdSome('192.0.2.17', 6)
    expect(tally(third.latest().names)).toEqual({ web1: 2, web2: 4 })
    for (const one of [second, third]) expect(await one.close()).toMatchObject({ failed: 0 })
  })

  it('without a limit it is as any other', async () => {
    await adm(`-e -t ${SERVICE} -r 192.0.2.21`)
    expect((await limited()).overloaded).toBe(false)
    expect(tally(await ask(http('192.0.2.17'), 8))).toEqual({ web1: 4, web2: 4 })
  })
})
