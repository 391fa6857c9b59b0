// SPDX-License-Identifier: Apache-2.0
// Every verb against a real daemon and real packets: what it says is true, and what it refuses stays undone.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openMap } from 'libbpf-ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type {
  ConnRow,
  InterfaceRow,
  Listing,
  NexthopRow,
  RealRow,
  ReasonRow,
  ServiceRow,
  Status,
  TemplateRow,
  TunableRow,
} from '../../src/api/contract.js'
import { call } from '../../src/cli/client.js'
import { buildTopology, type Director, loadToEnd, serve, startDirector, type Topology } from '../lab/index.js'
import { xlvs } from '../unit/cli/given.js'

const VIP = '192.0.2.10'
const VIP6 = '2001:db8::10'
const WEB = `${VIP}:80`

let topology: Topology
let director: Director

beforeAll(async () => {
  topology = await buildTopology({ reals: 3 })
  await Promise.all(topology.reals.map((real) => serve(topology.lab, real)))
  director = await startDirector(
    topology,
    `interfaces: [eth0]
services:
  - {name: web, vip: "${WEB}", scheduler: rr, reals: [192.0.2.21, 192.0.2.22]}
`,
  )
})
afterAll(() => topology?.lab.close())

let port = 10_000
function ask(url: string, requests: number) {
  const ports = [port, port + requests - 1] as const
  port += requests
  return loadToEnd(topology.lab, topology.clients[0], url, { requests, concurrency: 1, ports })
}

const rows = async <Row>(...words: string[]) => (await director.json<Listing<Row>>('show', ...words)).rows

/** Runs, expects success, gives stdout. */
async function done(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await director.xlvs(...words)
  expect({ code, stderr }, words.join(' ')).toEqual({ code: 0, stderr: '' })
  return stdout
}

/** Runs, expects a refusal in one sentence, gives that. */
async function refused(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await director.xlvs(...words)
  expect({ code, stdout }, words.join(' ')).toEqual({ code: 1, stdout: '' })
  expect(stderr).not.toContain('    at ')
  expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  return stderr.trimEnd()
}

async function xdpOn(name: string): Promise<string> {
  const shown = await topology.lab.must(topology.director.namespace, ['ip', '-details', 'link', 'show', name])
  return /xdp\w*\/?id \d+|prog\/xdp\w* id \d+/.exec(shown)?.[0] ?? 'none'
}

describe('show', () => {
  it('counts the requests that were balanced, by service and by real server', async () => {
    expect(await ask(`http://${VIP}/`, 10)).toMatchObject({ done: 10, by: { web1: 5, web2: 5 } })
    const [service] = await rows<ServiceRow>('services', '--service', WEB)
    expect(service).toMatchObject({ name: 'web', owner: 'file', connections: 10, reals: 2 })
    const reals = await rows<RealRow>('reals')
    expect(reals.map((real) => [real.address, real.connections])).toEqual([
      ['192.0.2.22', 5],
      ['192.0.2.21', 5],
    ])
    expect(reals.reduce((sum, real) => sum + real.packets, 0)).toBe(service?.packets)
    expect(reals.reduce((sum, real) => sum + real.active + real.inactive, 0)).toBe(10)
  })

  it('lists connections, narrowed and limited as asked', async () => {
    const all = await rows<ConnRow>('conns')
    expect(all).toHaveLength(10)
    expect(all[0]).toMatchObject({
      protocol: 'tcp',
      vip: VIP,
      virtualPort: 80,
      client: topology.clients[0].ipv4,
    })
    expect(all.every(({ state }) => /^(FIN_WAIT|TIME_WAIT|CLOSE|ESTABLISHED)$/.test(state))).toBe(true)
    expect(await rows<ConnRow>('conns', '--real', '192.0.2.21')).toHaveLength(5)
    expect(await rows<ConnRow>('conns', '--client', '198.51.100.9')).toEqual([])
    const some = await director.json<Listing<ConnRow>>('show', 'conns', '--limit', '3')
    expect([some.rows.length, some.more]).toEqual([3, true])
    expect(await done('show', 'conns', '--limit', '3')).toContain('there are more; --limit 0 shows all')
  })

  it('tells how each real server is reached', async () => {
    const hops = await rows<NexthopRow>('nexthops')
    const macs = topology.reals.slice(0, 2).map(({ ipv4, mac }) => [ipv4, 'up', mac])
    expect(hops.map(({ address, state, mac }) => [address, state, mac])).toEqual(expect.arrayContaining(macs))
  })

  it('tells why packets went where they went', async () => {
    const reasons = new Map((await rows<ReasonRow>('reasons')).map((row) => [row.reason, row.packets]))
    expect(reasons.get('forward_new')).toBe(10)
    expect(reasons.get('forward_conn')).toBeGreaterThanOrEqual(30)
    const [eth0] = await rows<InterfaceRow>('interfaces')
    expect(eth0).toMatchObject({ name: 'eth0', mode: 'native', mac: topology.director.mac })
  })

  it('prints the four stages, and nothing between the last two', async () => {
    expect(JSON.parse(await done('show', 'desired')).services).toHaveLength(1)
    expect(JSON.parse(await done('show', 'effective')).services).toHaveLength(1)
    expect(Object.keys(JSON.parse(await done('show', 'actual')).services)).toEqual([`tcp ${WEB}`])
    expect(JSON.parse(await done('show', 'diff'))).toEqual([])
  })

  it('is a table without colour and without edges at 80 columns when it goes into a pipe', async () => {
    for (const noun of ['services', 'reals', 'conns', 'nexthops', 'interfaces', 'reasons']) {
      const text = await done('show', noun)
      expect(text).not.toContain('\x1b')
      expect(text).toMatch(/^ *[A-Z]/)
    }
    expect(await done('show', 'templates')).toBe('no templates\n')
  })
})

describe('marks', () => {
  const ports = ['--vip', VIP, '--proto', 'tcp', '--ports', '8081,8083']

  it('make one service of several ports, and keep a client on one real server over both', async () => {
    for (const at of [8081, 8083])
      await Promise.all(topology.reals.map((real) => serve(topology.lab, real, { port: at })))
    expect(await done('mark', 'add', ...ports, '--set-mark', '6666')).toBe(
      `tcp ${VIP}:8081,8083 carries mark 6666\n`,
    )
    const to = '192.0.2.21,192.0.2.22'
    await done('add', 'service', '--mark', '6666', '--to', to, '--scheduler', 'rr', '--persistence', '300')
    const [first, second] = [await ask(`http://${VIP}:8081/`, 4), await ask(`http://${VIP}:8083/`, 4)]
    expect(first.done + second.done).toBe(8)
    expect(Object.keys({ ...first.by, ...second.by })).toHaveLength(1)
    expect(await rows<ServiceRow>('services', '--mark', '6666')).toMatchObject([{ connections: 8 }])
    expect(await rows<ConnRow>('conns', '--mark', '6666')).toHaveLength(8)
    expect(await rows<TemplateRow>('templates')).toMatchObject([{ protocol: 'ip', vip: '0.0.26.10' }])
    expect(await done('mark', 'show')).toContain('8081,8083')
  })

  it('are not taken to be another mark as well', async () => {
    expect(await refused('mark', 'add', '--vip', VIP, '--ports', '8000:9000', '--set-mark', '7')).toContain(
      '6666',
    )
  })

  it('go, and the service has nothing to do', async () => {
    await done('mark', 'remove', ...ports)
    expect(await done('show', 'marks')).toBe('no marks\n')
    await done('remove', 'service', '--mark', '6666')
  })
})

describe('tune', () => {
  it('shows, sets and refuses', async () => {
    expect(await done('tune', 'sloppy_tcp')).toMatch(/^NAME +VALUE.*\nsloppy_tcp +0 +0 /)
    expect(await done('tune', 'sloppy_tcp=1', 'net.ipv4.vs.expire_nodest_conn=1')).toContain(
      'sloppy_tcp is 1, expire_nodest_conn is 1\n',
    )
    expect(JSON.parse(await done('show', 'diff'))).toEqual([])
    const listed = await director.json<Listing<TunableRow>>('tune')
    expect(listed.rows.find(({ name }) => name === 'sloppy_tcp')).toMatchObject({ value: 1, default: 0 })
    await done('reload')
    expect(await done('tune', 'sloppy_tcp')).toMatch(/sloppy_tcp +0 /)
  })
})

describe('the files of /proc/net', () => {
  it('are printed as the kernel would', async () => {
    await ask(`http://${VIP}/`, 1)
    expect(await done('show', '--format', 'proc')).toContain(
      'TCP  C000020A:0050 rr  \n  -> C0000216:0050      Route   ',
    )
    expect(await done('show', '--format', 'proc', 'ip_vs_stats')).toMatch(/^ {3}Total Incoming(.*\n){6}$/)
    expect(await done('show', '--format', 'proc', 'ip_vs_conn')).toMatch(/\nTCP [0-9A-F]{8} /)
  })
})

describe('add, set and remove', () => {
  it('make a service that balances at once, IPv6 and UDP too', async () => {
    expect(
      await done(
        'add',
        'service',
        `[${VIP6}]:80`,
        '--to',
        '2001:db8::21,2001:db8::22=2',
        '--scheduler',
        'wrr',
      ),
    ).toBe(`tcp [${VIP6}]:80 is there with 2 real servers\n`)
    expect(await ask(`http://[${VIP6}]/`, 9)).toMatchObject({ done: 9, by: { web1: 3, web2: 6 } })
    expect(await done('add', 'service', `${VIP}:53`, '--udp', '--to', '192.0.2.21')).toContain(
      '1 real server\n',
    )
    expect((await rows<ServiceRow>('services', '--service', `${VIP}:53`, '--udp'))[0]).toMatchObject({
      match: { vip: VIP, port: 53, protocol: 'udp' },
      owner: 'api',
      scheduler: 'wlc',
    })
  })

  it('change it while it works', async () => {
    expect(
      await done('add', 'real', `[${VIP6}]:80`, '2001:db8::23', '--weight', '3', '--name', 'third'),
    ).toBe(`tcp [${VIP6}]:80 has 2001:db8::23 with weight 3\n`)
    expect(await done('set', 'real', `[${VIP6}]:80`, '2001:db8::21', '--weight', '0')).toBe(
      `tcp [${VIP6}]:80 > 2001:db8::21 has weight 0\n`,
    )
    const report = await ask(`http://[${VIP6}]/`, 10)
    expect(report).toMatchObject({ done: 10, failed: 0, by: { web2: 4, web3: 6 } })
    expect(await done('remove', 'real', `[${VIP6}]:80`, '2001:db8::22')).toContain('is gone\n')
    expect(await ask(`http://[${VIP6}]/`, 4)).toMatchObject({ by: { web3: 4 } })
  })

  it('make a client stay with its real server', async () => {
    await done('set', 'service', `[${VIP6}]:80`, '--persistence', '300/64', '--scheduler', 'rr')
    await done('set', 'real', `[${VIP6}]:80`, '2001:db8::21', '--weight', '1')
    const { by } = await ask(`http://[${VIP6}]/`, 6)
    expect(Object.keys(by)).toHaveLength(1)
    const template = (await rows<TemplateRow>('templates')).find(({ vip }) => vip === VIP6)
    expect(template).toMatchObject({ clientNet: '2001:db8::', vip: VIP6, virtualPort: 80, timeout: 300 })
    expect(await done('show', 'templates')).toContain('2001:db8::')
    await done('set', 'service', `[${VIP6}]:80`, '--persistence', 'none')
    expect((await rows<ServiceRow>('services', '--service', `[${VIP6}]:80`))[0]).not.toHaveProperty(
      'persistence',
    )
  })

  it('end with nothing left', async () => {
    expect(await done('remove', 'service', `[${VIP6}]:80`)).toBe(`tcp [${VIP6}]:80 is gone\n`)
    await done('remove', 'service', `${VIP}:53`, '--udp')
    expect(await rows<ServiceRow>('services')).toHaveLength(1)
  })

  it('refuse what cannot be, each with a sentence, and change nothing', async () => {
    const before = await director.json('show', 'effective')
    expect(await refused('add', 'service', WEB)).toContain(`service tcp ${WEB} exists already`)
    expect(await refused('add', 'real', WEB, '192.0.2.23')).toBe(
      `tcp ${WEB} is in the file; edit the file, then: xlvs reload`,
    )
    expect(await refused('remove', 'service', '192.0.2.99:80')).toContain(
      'there is no service "tcp 192.0.2.99:80"',
    )
    expect(await refused('add', 'service', '192.0.2.21:80', '--to', '192.0.2.22')).toContain('192.0.2.21')
    expect(await refused('add', 'service', `${VIP}:81`, '--to', '2001:db8::21')).toContain('2001:db8::21')
    expect(await refused('add', 'service', `${VIP}:81`, '--to', '192.0.2.200')).toMatch(
      /^real server 192\.0\.2\.200 cannot be reached: neighbour 192\.0\.2\.200 .*; bring it up, or give it weight 0/,
    )
    expect(await director.json('show', 'effective')).toEqual(before)
    expect(await director.json('show', 'diff')).toEqual([])
  })

  it('say in JSON what they say in words', async () => {
    const { code, stdout, stderr } = await director.xlvs('add', 'service', WEB, '--json')
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(JSON.parse(stdout).problems[0].reason).toContain('exists already')
    expect(await director.json('set', 'real', WEB, '192.0.2.21', '--weight', '1')).toMatchObject({
      changed: false,
      notices: [],
    })
  })
})

describe('attach and detach', () => {
  it('refuse with a sentence what cannot carry the program', async () => {
    expect(await refused('attach', 'eth9')).toContain('there is no interface eth9')
    expect(await refused('attach', 'lo')).toContain('no native XDP')
  })

  it('leave the interface as it was, and the daemon running', async () => {
    expect(await xdpOn('eth0')).not.toBe('none')
    expect(await done('detach', 'eth0')).toMatch(
      /^eth0 is detached\nnote: eth0 is in the file and comes back/,
    )
    expect(await xdpOn('eth0')).toBe('none')
    expect(await done('status')).toContain('attention  no interface is attached')
    expect(await done('attach', 'eth0')).toBe('eth0 is attached (native)\n')
    expect(await ask(`http://${VIP}/`, 4)).toMatchObject({ done: 4, failed: 0 })
  })

  it('give generic mode when it is asked for by name', async () => {
    expect(await done('attach', 'lo', '--mode', 'generic')).toBe('lo is attached (generic)\n')
    expect(await refused('attach', 'lo')).toBe(
      'lo is attached in generic mode; detach it first: xlvs detach lo',
    )
    expect((await rows<InterfaceRow>('interfaces')).map(({ name, mode }) => [name, mode])).toEqual([
      ['eth0', 'native'],
      ['lo', 'generic'],
    ])
    expect(await done('detach', 'lo')).toBe('lo is detached\n')
    expect(await xdpOn('lo')).toBe('none')
  })
})

describe('status', () => {
  it('is the state at a glance', async () => {
    const text = await done('status')
    expect(text).toContain(`(pid ${director.daemon().pid})`)
    expect(text).toContain('serving    1 service, 2 real servers\n')
    const status = await director.json<Status>('status')
    expect(status).toMatchObject({ file: director.file, pinRoot: topology.lab.pinRoot, unresolved: 0 })
    expect(status.tables.map(({ name }) => name)).toEqual(['conn4', 'conn6', 'template'])
  })

  it('says to whom the socket belongs when it may not be used', async () => {
    const socket = director.env['XLVS_SOCKET'] ?? ''
    process.seteuid?.(65_534)
    const outcome = await call(socket, 'status').finally(() => process.seteuid?.(0))
    expect(outcome).toEqual({
      ok: false,
      problems: [{ reason: `no permission to use ${socket}`, fix: 'run as root' }],
    })
  })
})

describe('without the daemon', () => {
  it('detach IFACE takes the program off that interface alone', async () => {
    await done('attach', 'lo', '--mode', 'generic')
    await director.daemon().stop('SIGTERM')
    expect(await ask(`http://${VIP}/`, 4)).toMatchObject({ done: 4, failed: 0 })
    expect(await done('detach', 'lo')).toBe('lo is detached\n')
    expect(await xdpOn('lo')).toBe('none')
    expect(await xdpOn('eth0')).not.toBe('none')
    expect(await refused('detach', 'lo')).toBe('xlvs is not attached to lo; see: bpftool net')
  })

  it('detach --all ends forwarding and leaves nothing', async () => {
    expect(await done('detach', '--all')).toBe('nothing is attached any more\n')
    expect(await xdpOn('eth0')).toBe('none')
    expect(existsSync(topology.lab.pinRoot)).toBe(false)
    expect(await done('detach', '--all')).toBe('nothing is attached any more (it was so already)\n')
  })

  it('detach does not say that nothing is there when it may not look', async () => {
    const closed = join(topology.lab.folder, 'closed')
    await topology.lab.must(undefined, ['mkdir', '-m', '700', closed])
    const words = ['detach', '--all', '--pin-root', join(closed, 'pins')]
    process.seteuid?.(65_534)
    const said = await xlvs(words).finally(() => process.seteuid?.(0))
    expect(said).toMatchObject({
      code: 1,
      err: `no permission to look at ${closed}/pins; needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON: run as root\n`,
    })
  })

  it('every other verb says how to start one', async () => {
    expect(await refused('status')).toBe(
      `no daemon listens on ${join(topology.lab.folder, 'xlvs.sock')}; start one with: xlvs run -c FILE`,
    )
  })

  it('a socket that a killed daemon left is no daemon, and is replaced', async () => {
    await director.restart()
    await director.daemon().stop('SIGKILL')
    expect(existsSync(director.env['XLVS_SOCKET'] ?? '')).toBe(true)
    expect(await refused('status')).toContain('no daemon listens on')
    await director.restart()
    expect(await done('status')).toContain('has been running')
  })
})

describe('pins of another version of xlvs', () => {
  it('are refused, left alone and still forwarding, until detach --all ends that', async () => {
    const { pinRoot } = topology.lab
    await director.daemon().stop('SIGTERM')
    const settings = openMap(join(pinRoot, 'maps', 'settings'))
    const words = new Uint32Array(settings.mmap({ writable: true }))
    const abi = words[0] ?? 0
    words[0] = abi + 98
    const { code, stderr } = await director.xlvs('run', '-c', director.file)
    expect(stderr).toContain(`ABI version ${abi + 98}, this xlvs has ${abi}`)
    expect(stderr).toContain('xlvs detach --all')
    expect(code).toBe(1)
    expect(await ask(`http://${VIP}/`, 4)).toMatchObject({ done: 4, failed: 0 })
    expect(await done('detach', '--all')).toBe('nothing is attached any more\n')
    settings.close()
    await director.restart()
    expect((await director.json<Status>('status')).adopted).toBe(false)
  })
})
