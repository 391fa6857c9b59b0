// SPDX-License-Identifier: Apache-2.0
// A healthy director gets no red. Each fault that is planted is found by name, and the command that is printed with it,
// run as it stands, mends it.
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Check, Finding, Level } from '../../src/doctor/finding.js'
import { buildTopology, type Director, type Host, serve, startDirector, type Topology } from '../lab/index.js'
import { until } from '../lab/until.js'
import { nexthop } from '../lab/view.js'

const PASS = join(process.cwd(), 'dist/bpf/lab/pass.bpf.o')
const [VIP, VIP6] = ['192.0.2.10', '2001:db8::10'] as const
const YAML = `interfaces: [eth0]
limits: {connections: 1024}
services:
  - {vip: "192.0.2.10:80", scheduler: rr, reals: [192.0.2.21, 192.0.2.22]}
  - {vip: "192.0.2.10:53", protocol: udp, scheduler: rr, reals: [192.0.2.21]}
  - {vip: "[2001:db8::10]:80", scheduler: rr, reals: ["2001:db8::21", "2001:db8::22"]}
`

let topology: Topology
let director: Director

beforeAll(async () => {
  topology = await buildTopology({ reals: 2 })
  await losesInterestQuickly()
  const [web1, web2] = topology.reals as readonly [Host, Host]
  await Promise.all([serve(topology.lab, web1, { udp: ['0.0.0.0:53'] }), serve(topology.lab, web2)])
  director = await startDirector(topology, YAML)
  const bin = join(topology.lab.folder, 'bin')
  mkdirSync(bin)
  symlinkSync(join(process.cwd(), 'bin/xlvs'), join(bin, 'xlvs'))
})
afterAll(() => topology?.lab.close())

const inDirector = (...argv: readonly string[]) => topology.lab.must(topology.director.namespace, argv)

async function doctor(...words: readonly string[]) {
  const { code, stdout, stderr } = await director.xlvs('doctor', '--json', ...words)
  expect(stderr).toBe('')
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly Finding[] }
  expect(code).toBe(findings.some(({ level }) => level === 'red') ? 1 : 0)
  return findings
}

const reds = async (...words: readonly string[]) =>
  (await doctor(...words)).filter(({ level }) => level === 'red')

/** The one red there is, which must be of this check. */
async function theRed(check: Check, ...words: readonly string[]): Promise<Finding> {
  const found = await reds(...words)
  expect(found).toMatchObject([{ check }])
  return found[0] as Finding
}

async function levelOf(check: Check, subject?: string): Promise<Level | undefined> {
  const one = (await doctor()).find((each) => each.check === check && (!subject || each.subject === subject))
  return one?.level
}

/** As an operator would paste it into a shell. */
async function paste({ fix }: Finding): Promise<void> {
  expect(fix).toBeDefined()
  const PATH = `${join(topology.lab.folder, 'bin')}:${process.env['PATH']}`
  const env = { ...director.env, PATH }
  const { code, stderr } = await topology.lab.run(topology.director.namespace, ['bash', '-c', `${fix}`], {
    env,
  })
  expect(code, stderr).toBe(0)
}

const everyHopUp = () =>
  until('every real server is reached', async () => (await levelOf('nexthop')) === 'green')

describe('a healthy director', () => {
  it('gets no red, and what is yellow is known', async () => {
    await everyHopUp()
    const findings = await doctor()
    expect(findings.filter(({ level }) => level === 'red')).toEqual([])
    const yellow = findings.filter(({ level }) => level === 'yellow').map(({ check }) => check)
    expect(new Set(['vlan-offload', 'queues', ...yellow]).size, String(yellow)).toBe(2)
    const green = findings.filter(({ level }) => level === 'green').map(({ check }) => check)
    for (const check of ['kernel', 'daemon', 'interface', 'program', 'lro', 'mtu', 'vip', 'nexthop', 'table'])
      expect(green).toContain(check)
    expect(findings.filter(({ check }) => check === 'through-vip').map(({ says }) => says)).toEqual([
      '5 of 5 answer at the VIP',
    ])
  })

  it('is told in words too, in colour on a terminal only', async () => {
    const { code, stdout } = await director.xlvs('doctor')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^green {3}interface +eth0: is up \(veth\)$/m)
    expect(stdout).toMatch(/^\d+ green, \d+ yellow, 0 red$/m)
    expect(stdout).not.toContain('\x1b')
  })

  it('loses its yellows too by the commands printed with them', async () => {
    const offload = (await doctor()).find(({ check }) => check === 'vlan-offload')
    if (offload?.level === 'yellow') await paste(offload)
    expect(await levelOf('vlan-offload')).toBe('green')
  })
})

describe('each fault is found, named, and mended by the printed command', () => {
  it('an interface that is down', async () => {
    await inDirector('ip', 'link', 'set', 'dev', 'eth0', 'down')
    const down = (await reds()).find(({ check }) => check === 'interface')
    expect(down).toMatchObject({ subject: 'eth0', says: 'is down', fix: 'ip link set dev eth0 up' })
    await paste(down as Finding)
    await until('it is up', async () => (await levelOf('interface', 'eth0')) === 'green')
    await restoreAddresses()
    await everyHopUp()
    expect(await reds()).toEqual([])
  })

  it.each([
    ['192.0.2.10', '192.0.2.10/32'],
    ['2001:db8::10', '2001:db8::10/128'],
  ])('the VIP %s that the director does not have', async (vip, address) => {
    await inDirector('ip', 'address', 'del', address, 'dev', 'eth0')
    const red = await theRed('vip')
    expect(red).toMatchObject({ subject: vip, says: expect.stringContaining('eth0') })
    await paste(red)
    expect(await levelOf('vip', vip)).toBe('green')
    expect(await reds()).toEqual([])
  })

  it('arp_ignore that silences the director', async () => {
    await inDirector('ip', 'address', 'del', '192.0.2.10/32', 'dev', 'eth0')
    await inDirector('ip', 'address', 'add', '192.0.2.10/32', 'dev', 'lo')
    await inDirector('sysctl', '-qw', 'net.ipv4.conf.eth0.arp_ignore=1')
    const red = await theRed('vip')
    expect(red.says).toContain('arp_ignore')
    await paste(red)
    expect(await reds()).toEqual([])
  })

  it('another XDP program on the interface', async () => {
    expect((await director.xlvs('detach', 'eth0')).code).toBe(0)
    await inDirector('ip', 'link', 'set', 'dev', 'eth0', 'xdpgeneric', 'obj', PASS, 'sec', 'xdp')
    const red = await theRed('program', '-c', director.file)
    expect(red.says).toMatch(/^another XDP program is on it: "lab_pass" \(id \d+, generic mode\)$/)
    await paste(red)
    expect(await levelOf('program', 'eth0')).toBe('green')
    expect(await reds()).toEqual([])
  })

  it('xlvs that is not on an interface of the file', async () => {
    expect((await director.xlvs('detach', 'eth0')).code).toBe(0)
    const red = await theRed('program', '-c', director.file)
    expect(red).toMatchObject({ subject: 'eth0', fix: 'xlvs attach eth0' })
    await paste(red)
    expect(await reds('-c', director.file)).toEqual([])
  })

  it("a real server under the director's own MAC", async () => {
    const { mac } = topology.director
    await inDirector('ip', 'neigh', 'replace', '192.0.2.21', 'lladdr', mac, 'dev', 'eth0', 'nud', 'permanent')
    const red = await theRed('neighbour')
    expect(red).toMatchObject({ subject: '192.0.2.21', says: expect.stringContaining(mac) })
    await paste(red)
    await everyHopUp()
    expect(await reds()).toEqual([])
  })

  it.each([
    [VIP, '192.0.2.22', `${VIP}/32`],
    [VIP6, '2001:db8::22', `${VIP6}/128`],
  ])('a real server without the VIP %s', async (vip, real, address) => {
    const { namespace } = topology.reals[1] as Host
    await topology.lab.must(namespace, ['ip', 'address', 'del', address, 'dev', 'lo'])
    const red = await theRed('through-vip')
    expect(red).toMatchObject({
      subject: real,
      says: `answers at its own address, not at ${vip}: the VIP is not on its loopback`,
      advice: `there: xlvs realserver setup --vip ${vip} --apply`,
    })
    expect((await reds('--no-probe')).length).toBe(0)
    const root = join(topology.lab.folder, `root-${address.replace('/', '-')}`)
    mkdirSync(root)
    const PATH = `${join(topology.lab.folder, 'bin')}:${process.env['PATH']}`
    const there = `${red.advice?.replace('there: ', '')} --root ${root}`
    await topology.lab.must(namespace, ['bash', '-c', there], { env: { ...director.env, PATH } })
    expect(await reds()).toEqual([])
  })

  it('a real server that nothing listens on', async () => {
    const yaml = YAML.replace('192.0.2.10:53', '192.0.2.10:54')
    director.writeFile(yaml)
    const red = await theRed('through-vip', '-c', director.file)
    expect(red).toMatchObject({
      subject: '192.0.2.21',
      says: 'refuses udp 192.0.2.10:54: nothing listens there',
    })
    director.writeFile(YAML)
    expect(await reds('-c', director.file)).toEqual([])
  })

  it('and nothing of its questions is left', async () => {
    expect(await reds()).toEqual([])
    expect(await inDirector('tc', 'qdisc', 'show', 'dev', 'eth0')).not.toContain('clsact')
    expect(existsSync(join(topology.lab.pinRoot, 'probes'))).toBe(false)
  })

  it('a real server that does not answer any more', async () => {
    await topology.lab.must(topology.wire, ['ip', 'link', 'set', 'web2', 'down'])
    const lost = ['192.0.2.22', '2001:db8::22']
    const gone = async () => {
      const hops = await Promise.all(lost.map((address) => nexthop(director, address)))
      return hops.every((hop) => hop?.state === 'unresolved')
    }
    await until('the next hops are lost', gone, 40_000)
    const found = await reds()
    expect(found).toMatchObject(lost.map((subject) => ({ check: 'nexthop', subject })))
    expect(found[0]?.fix).toBe("xlvs set real 'tcp 192.0.2.10:80' 192.0.2.22 --weight 0")
    for (const red of found) await paste(red)
    for (const address of lost) expect(await levelOf('nexthop', address)).toBe('yellow')
    expect(await reds()).toEqual([])
  })

  it('a state directory that cannot be written', async () => {
    const file = join(topology.lab.folder, 'not-a-directory')
    writeFileSync(file, '')
    const words = ['--state-dir', file, '--socket', '/nonexistent']
    const red = await theRed('state', ...words)
    expect(red).toMatchObject({ subject: file, says: expect.stringContaining('is not a directory') })
    await paste(red)
    expect(await reds(...words)).toEqual([])
  })

  it('a connection table without room', async () => {
    const [client] = topology.clients
    const isFull = async () => {
      await topology.lab.must(client.namespace, ['python3', '-c', DATAGRAMS, '192.0.2.10', '53'])
      return (await levelOf('table', 'conn4')) === 'red'
    }
    await until('the table is full', isFull, 40_000)
    const red = await theRed('table')
    expect(red).toMatchObject({ subject: 'conn4', says: expect.stringMatching(/^\d+ of \d+ \(\d+ %\)$/) })
    expect((await doctor()).find(({ check }) => check === 'losses')?.level).toBe('yellow')
    const [edit, ...restart] = `${red.fix}`.split(' && ')
    expect(restart.at(-1)).toBe(`xlvs run -c ${director.file}`)
    await paste({ ...red, fix: [edit, ...restart.slice(0, -1)].join(' && ') })
    expect(existsSync(topology.lab.pinRoot)).toBe(false)
    await director.restart()
    await until('no red', async () => (await reds()).length === 0)
    expect(await levelOf('table', 'conn4')).toBe('green')
  })
})

describe('without a daemon', () => {
  it('looks at the kernel and the pins, and what forwards on is no red', async () => {
    await director.daemon().stop('SIGTERM')
    const findings = await doctor()
    expect(findings.filter(({ level }) => level === 'red')).toEqual([])
    expect(findings).toContainEqual(
      expect.objectContaining({ check: 'program', subject: 'eth0', level: 'green' }),
    )
    expect(findings.find(({ check }) => check === 'daemon')?.says).toContain('forwards on')
  })

  it('judges a file that is named: its VIPs, and its mistakes', async () => {
    const named = await doctor('-c', director.file)
    expect(named.filter(({ check }) => check === 'vip').map(({ subject }) => subject)).toEqual([
      '192.0.2.10',
      '2001:db8::10',
    ])
    director.writeFile('interfaces: [eth0]\nservices: 3\n')
    expect(await theRed('config', '-c', director.file)).toMatchObject({
      says: expect.stringContaining('services'),
    })
  })
})

/** The kernel takes an interface's IPv6 addresses when it goes down. */
async function restoreAddresses(): Promise<void> {
  for (const address of ['2001:db8::2/64', '2001:db8::10/128'])
    await inDirector('ip', 'address', 'replace', address, 'dev', 'eth0', 'nodad')
}

/** The kernel finds out within seconds, not a minute, that a neighbour is gone. */
async function losesInterestQuickly(): Promise<void> {
  const quick = ['base_reachable_time_ms=1000', 'delay_first_probe_time=1', 'retrans_time_ms=200']
  const settings = ['ipv4', 'ipv6'].flatMap((net) => quick.map((words) => `net.${net}.neigh.eth0.${words}`))
  await inDirector('sysctl', '-qw', ...settings)
}

/** One datagram from each of many ports: flows that stay. */
const DATAGRAMS = `import socket, sys, time
for port in range(20000, 36000):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(('', port))
        sender.sendto(b'x', (sys.argv[1], int(sys.argv[2])))
    if port % 20 == 0:
        time.sleep(0.002)
`
