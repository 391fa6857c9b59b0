// SPDX-License-Identifier: Apache-2.0
// An ordinary host becomes a real server by one command, serves through the director, and is put back by another.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { askNew, tally } from '../lab/flows.js'
import { buildTopology, type Host, type Result, serve, startDirector, type Topology } from '../lab/index.js'

const XLVS = fileURLToPath(new URL('../../bin/xlvs', import.meta.url))
const WHO_HAS = fileURLToPath(new URL('../lab/programs/who-has.py', import.meta.url))
const [VIP, VIP6] = ['192.0.2.10', '2001:db8::10'] as const
const BOTH = ['--vip', `${VIP},${VIP6}`]

let topology: Topology
let client: Host
/** has no VIP and is as a kernel makes it */
let fresh: Host
/** stands before the paths of its files */
let root: string

beforeAll(async () => {
  topology = await buildTopology({ clients: 2, reals: 0 })
  client = topology.clients[0]
  fresh = topology.clients[1] as Host
  await serve(topology.lab, fresh)
  await startDirector(
    topology,
    `interfaces: [eth0]
limits: {connections: 4096}
services:
  - {vip: "${VIP}:80", scheduler: rr, reals: ["${fresh.ipv4}"]}
  - {vip: "[${VIP6}]:80", scheduler: rr, reals: ["${fresh.ipv6}"]}
`,
  )
})
afterAll(() => topology?.lab.close())

let rooms = 0
beforeEach(() => {
  root = join(topology.lab.folder, `root-${++rooms}`)
  mkdirSync(join(root, 'etc/network'), { recursive: true })
  writeFileSync(join(root, 'etc/network/interfaces'), 'source /etc/network/interfaces.d/*\n')
})

const inFresh = (...argv: readonly string[]) => topology.lab.must(fresh.namespace, argv)

function realserver(verb = '', ...words: readonly string[]): Promise<Result> {
  return topology.lab.run(fresh.namespace, [
    process.execPath,
    XLVS,
    'realserver',
    verb,
    '--root',
    root,
    ...words,
  ])
}

/** Runs, expects success, gives stdout. */
async function done(...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await realserver(...words)
  expect({ code, stderr }, words.join(' ')).toEqual({ code: 0, stderr: '' })
  return stdout
}

/** What an administrator would compare. */
async function look() {
  return {
    addresses: await inFresh('ip', '-brief', 'address'),
    routes: (await inFresh('ip', 'route', 'show', 'table', 'all')) + (await inFresh('ip', '-6', 'route')),
    settings: await inFresh('sysctl', '-a', '--pattern', '^net\\.'),
    files: await inFresh(
      'sh',
      '-c',
      `cd ${root} && find . -printf '%p %M\\n' | sort && cat etc/network/interfaces`,
    ),
  }
}

/** MAC addresses that answer ARP, or neighbour discovery, for an address. */
async function whoHas(address: string): Promise<readonly string[]> {
  const argv = ['python3', WHO_HAS, 'eth0', client.mac, address]
  return JSON.parse(await topology.lab.must(client.namespace, argv)) as string[]
}

async function answersThroughTheDirector(): Promise<void> {
  for (const host of [VIP, `[${VIP6}]`]) {
    const names = await askNew(topology.lab, client, `http://${host}/`, 6)
    expect(tally(names), host).toEqual({ [fresh.role]: 6 })
  }
}

describe('an ordinary host', () => {
  it('is shown what would be done, and nothing is done', async () => {
    const found = await look()
    const said = await done('setup', ...BOTH)
    expect(said).toContain('\nsysctl -w net.ipv4.conf.all.arp_ignore=1\n')
    expect(said).toContain(`\nip address add ${VIP6}/128 dev lo nodad\n`)
    expect(await done('setup', ...BOTH, '--print')).toBe(said)
    expect(await look()).toEqual(found)
  })

  it('does not serve, and check says why', async () => {
    const [name] = await askNew(topology.lab, client, `http://${VIP}/`, 1)
    expect(name).toMatch(/^!/)
    const { code, stdout } = await realserver('check', ...BOTH)
    expect(code).toBe(1)
    expect(stdout).toContain(
      `wrong  ${VIP} is not on lo: its packets are dropped\n       ip address add ${VIP}/32 dev lo\n`,
    )
  })

  it('is judged in JSON as well', async () => {
    const { code, stdout } = await realserver('check', ...BOTH, '--json')
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      right: false,
      findings: expect.arrayContaining([
        {
          verdict: 'wrong',
          text: `${VIP} is not on lo: its packets are dropped`,
          fix: `ip address add ${VIP}/32 dev lo`,
        },
      ]),
    })
  })

  it('serves the VIPs behind the director after --apply, silently, and is as found after --undo', async () => {
    const found = await look()
    expect(await done('setup', ...BOTH, '--apply')).toContain(`changed  ${VIP6} is on lo\n`)
    await answersThroughTheDirector()
    for (const vip of [VIP, VIP6]) expect(await whoHas(vip), vip).toEqual([topology.director.mac])
    expect(await whoHas(fresh.ipv4)).toEqual([fresh.mac])
    expect(await whoHas(fresh.ipv6)).toEqual([fresh.mac])
    expect(readFileSync(join(root, 'etc/network/interfaces.d/xlvs-vip'), 'utf8')).toContain(
      `address ${VIP}/32`,
    )
    const kept = await inFresh('sysctl', '--load', join(root, 'etc/sysctl.d/99-xlvs-realserver.conf'))
    expect(kept).toContain('net.ipv4.conf.eth0.arp_announce = 2\n')
    expect((await realserver('check')).code).toBe(0)

    const applied = await look()
    expect(await done('setup', ...BOTH, '--apply')).not.toContain('changed')
    expect(await look()).toEqual(applied)

    await done('setup', '--undo')
    expect(await look()).toEqual(found)
    expect(await done('setup', '--undo')).toBe('nothing to undo: no --apply was done here\n')
  })

  it('becomes a real server by the printed script as well', async () => {
    const script = await done('setup', ...BOTH)
    await topology.lab.must(fresh.namespace, ['sh', '-e'], { input: script })
    expect((await realserver('check', ...BOTH)).code).toBe(0)
    await answersThroughTheDirector()
    await inFresh('sh', '-c', `ip address delete ${VIP}/32 dev lo; ip address delete ${VIP6}/128 dev lo`)
    await inFresh(
      'sysctl',
      '-w',
      ...['all', 'eth0'].flatMap((place) => [
        `net.ipv4.conf.${place}.arp_ignore=0`,
        `net.ipv4.conf.${place}.arp_announce=0`,
      ]),
    )
  })

  it('gets a second VIP beside the first, and --undo takes both', async () => {
    const found = await look()
    await done('setup', '--vip', VIP, '--apply')
    const said = await done('setup', '--vip', VIP6, '--apply', '--json')
    expect((JSON.parse(said) as { already: string[] }).already).toContain(`${VIP} is on lo`)
    const file = readFileSync(join(root, 'etc/network/interfaces.d/xlvs-vip'), 'utf8')
    for (const vip of [VIP, VIP6]) expect(file).toContain(vip)
    const { code, stderr } = await realserver('setup', '--vip', VIP, '--undo')
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('takes back all of it'),
    })
    await done('setup', '--undo')
    expect(await look()).toEqual(found)
  })
})

describe('a host that is silent by rules', () => {
  const rules = () => inFresh('nft', 'list', 'ruleset')

  /** The host answers a client whose address it does not know: it has to ask, and neighbours learn from questions. */
  async function asks(): Promise<{ readonly own: boolean; readonly vip: boolean }> {
    const inClient = (argv: readonly string[], input?: string) =>
      topology.lab.must(client.namespace, argv, input === undefined ? {} : { input })
    const rule = (name: string, address: string) =>
      `arp operation request arp saddr ether ${fresh.mac} arp saddr ip ${address} counter name ${name}`
    const table = [
      'table arp heard {',
      'counter own {}',
      'counter vip {}',
      'chain heard {',
      'type filter hook input priority 0;',
      rule('own', fresh.ipv4),
      rule('vip', VIP),
      '}\n}\n',
    ]
    await inClient(['nft', '-f', '-'], table.join('\n'))
    await inFresh('ip', 'neigh', 'flush', 'dev', 'eth0')
    const [name] = await askNew(topology.lab, client, `http://${VIP}/`, 1)
    expect(name).toBe(fresh.role)
    const heard = async (counter: string) =>
      !(await inClient(['nft', 'list', 'counter', 'arp', 'heard', counter])).includes('packets 0 ')
    const asked = { own: await heard('own'), vip: await heard('vip') }
    await inClient(['nft', 'delete', 'table', 'arp', 'heard'])
    return asked
  }

  it('serves after --apply --arp arptables, is kept by files, and is as found after --undo', async () => {
    const found = { ...(await look()), rules: await rules() }
    const said = await done('setup', '--vip', VIP, '--arp', 'arptables', '--apply')
    expect(said).toContain('changed  table arp xlvs_vip is made\n')
    expect((await look()).settings).toBe(found.settings)
    expect(await whoHas(VIP)).toEqual([topology.director.mac])
    expect(await whoHas(fresh.ipv4)).toEqual([fresh.mac])
    expect(await asks()).toEqual({ own: true, vip: false })
    expect((await realserver('check')).code).toBe(0)

    const applied = await rules()
    expect(await done('setup', '--apply')).not.toContain('changed')
    await inFresh('nft', '-f', join(root, 'etc/xlvs/arp.nft'))
    expect(await rules()).toBe(applied)

    await done('setup', '--vip', '192.0.2.11', '--apply')
    expect(await rules()).toContain('192.0.2.10, 192.0.2.11')
    const other = await realserver('setup', '--vip', VIP, '--arp', 'sysctl', '--apply')
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('ARP silent by arptables') })
    await done('setup', '--undo')
    expect({ ...(await look()), rules: await rules() }).toEqual(found)
  })

  it('made by arptables itself is right, and needs no settings', async () => {
    const words = ['-s', VIP, '-j', 'mangle', '--mangle-ip-s', fresh.ipv4]
    await inFresh('arptables', '-A', 'INPUT', '-d', VIP, '-j', 'DROP')
    await inFresh('arptables', '-A', 'OUTPUT', ...words)
    await inFresh('ip', 'address', 'add', `${VIP}/32`, 'dev', 'lo')
    const { code, stdout } = await realserver('check', '--vip', VIP)
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('right  rules of arp tables'),
    })
    expect(await whoHas(VIP)).toEqual([topology.director.mac])
    expect(await asks()).toEqual({ own: true, vip: false })
    await inFresh('arptables', '-F')
    expect(await asks()).toEqual({ own: false, vip: true })
    expect((await realserver('check', '--vip', VIP)).code).toBe(1)
    expect(await whoHas(VIP)).toContain(fresh.mac)
    await inFresh('ip', 'address', 'delete', `${VIP}/32`, 'dev', 'lo')
    await inFresh('nft', 'flush', 'ruleset')
  })
})

describe('a host that has the VIP on lo and says so', () => {
  it('answers ARP for it before --apply, not after it, and again after --undo', async () => {
    await inFresh('ip', 'address', 'add', `${VIP}/32`, 'dev', 'lo')
    const found = await look()
    const loud = [topology.director.mac, fresh.mac].sort()
    expect(await whoHas(VIP)).toEqual(loud)
    expect(await done('setup', '--vip', VIP, '--apply')).toContain(`already  ${VIP} is on lo\n`)
    expect(await whoHas(VIP)).toEqual([topology.director.mac])
    await done('setup', '--undo')
    expect(await whoHas(VIP)).toEqual(loud)
    expect(await look()).toEqual(found)
    await inFresh('ip', 'address', 'delete', `${VIP}/32`, 'dev', 'lo')
  })

  it('on its interface, is refused and told the command that mends it', async () => {
    for (const [vip, prefix] of [
      [VIP, 32],
      [VIP6, 128],
    ] as const) {
      const away = ['address', 'delete', `${vip}/${prefix}`, 'dev', 'eth0']
      await inFresh(
        'ip',
        'address',
        'add',
        `${vip}/${prefix}`,
        'dev',
        'eth0',
        ...(prefix === 128 ? ['nodad'] : []),
      )
      expect(await whoHas(vip)).toContain(fresh.mac)
      const found = await look()
      const { code, stderr } = await realserver('setup', '--vip', vip, '--apply')
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching(`^${vip} is on eth0, which answers .*; ip ${away.join(' ')}\n$`),
      })
      expect((await realserver('check', '--vip', vip)).code).toBe(1)
      expect(await look()).toEqual(found)
      await inFresh('ip', ...away)
    }
  })
})

describe('a host whose answers leave by another interface', () => {
  const FAR = '203.0.113.7'

  it('drops far clients by a strict reverse path before --apply, and serves them after it', async () => {
    const { lab } = topology
    await inFresh(
      'ip',
      'link',
      'add',
      'eth1',
      'type',
      'veth',
      'peer',
      'name',
      'eth1',
      'netns',
      client.namespace,
    )
    await inFresh('sh', '-ec', 'ip address add 198.51.100.1/24 dev eth1; ip link set eth1 up')
    const there = `ip address add 198.51.100.2/24 dev eth1; ip link set eth1 up; ip address add ${FAR}/32 dev lo`
    await lab.must(client.namespace, ['sh', '-ec', there])
    await inFresh(
      'sh',
      '-ec',
      'ip route add default via 198.51.100.2; sysctl -w net.ipv4.conf.eth0.rp_filter=1',
    )
    await inFresh('ip', 'address', 'add', `${VIP}/32`, 'dev', 'lo')
    const far = () =>
      lab.run(client.namespace, ['curl', '-sS', '--max-time', '2', '--interface', FAR, `http://${VIP}/`])
    expect((await far()).code).toBe(28)
    expect((await realserver('check', '--vip', VIP)).stdout).toContain(
      'sysctl -w net.ipv4.conf.eth0.rp_filter=2\n',
    )
    await done('setup', '--vip', VIP, '--apply')
    expect(await far()).toMatchObject({ code: 0, stdout: `${fresh.role}\n` })
    expect(readFileSync(join(root, 'etc/sysctl.d/99-xlvs-realserver.conf'), 'utf8')).toContain(
      'net.ipv4.conf.eth0.rp_filter = 2\n',
    )
    await done('setup', '--undo')
    expect(await inFresh('cat', '/proc/sys/net/ipv4/conf/eth0/rp_filter')).toBe('1\n')
    await inFresh(
      'sh',
      '-ec',
      `ip link delete eth1; sysctl -w net.ipv4.conf.eth0.rp_filter=0; ip address delete ${VIP}/32 dev lo`,
    )
  })
})

describe('what cannot be done', () => {
  it('half-way is taken back, and the sentence says what failed', async () => {
    writeFileSync(join(root, 'etc/sysctl.d'), 'a file where a folder has to be')
    const found = await look()
    const { code, stdout, stderr } = await realserver('setup', ...BOTH, '--apply')
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^install .*99-xlvs-realserver\.conf: .*; nothing is changed\n$/)
    expect(await look()).toEqual(found)
  })

  it('a dummy interface is there wholly, or not at all where the kernel has none', async () => {
    const found = await look()
    const { code, stderr } = await realserver('setup', ...BOTH, '--device', 'dummy', '--apply')
    if (code === 0) {
      await answersThroughTheDirector()
      expect(await whoHas(VIP)).toEqual([topology.director.mac])
      await done('setup', '--undo')
    } else
      expect(stderr).toBe('ip link add dev xlvs-vip type dummy: Unknown device type; nothing is changed\n')
    expect(await look()).toEqual(found)
  })

  it.each([
    [['setup'], 2, '--vip is missing; name the addresses: --vip 192.0.2.10,2001:db8::10'],
    [
      ['check', '--vip', 'ff02::1'],
      2,
      '--vip: VIP ff02::1 is a multicast address; use the unicast address of one host',
    ],
    [
      ['setup', '--vip', VIP, '--device', 'eth9', '--apply'],
      2,
      '--device: "eth9" is not known; use lo or dummy',
    ],
    [['setup', '--vip', VIP, '--from', 'eth9'], 2, '--from: there is no interface "eth9"; there is lo, eth0'],
  ] as const)('%j is refused in one sentence', async (words, status, sentence) => {
    expect(await realserver(...words)).toEqual({ code: status, stdout: '', stderr: `${sentence}\n` })
  })

  it.each(['--apply', '--undo'])('%s without root is refused, --print and check are not', async (way) => {
    const run = (...words: readonly string[]) =>
      topology.lab.run(fresh.namespace, ['unshare', '--user', process.execPath, XLVS, 'realserver', ...words])
    expect(await run('setup', '--vip', VIP, way)).toEqual({
      code: 1,
      stdout: '',
      stderr: `${way} changes settings, addresses and files of this host; run it as root\n`,
    })
    expect((await run('setup', '--vip', VIP)).stdout).toContain(`ip address add ${VIP}/32 dev lo\n`)
    expect((await run('check', '--vip', VIP)).stdout).toContain('wrong ')
  })

  it('a root that is not there is named', async () => {
    const { code, stderr } = await realserver('setup', '--vip', VIP, '--root', `${root}/no`)
    expect({ code, stderr }).toEqual({ code: 1, stderr: `--root: there is no folder ${root}/no\n` })
  })

  it('a state file that is not ours is named', async () => {
    mkdirSync(join(root, 'var/lib/xlvs'), { recursive: true })
    const file = join(root, 'var/lib/xlvs/realserver.json')
    writeFileSync(file, '{}')
    const { code, stderr } = await realserver('setup', '--undo')
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining(`${file}: this is not what xlvs`),
    })
  })
})
