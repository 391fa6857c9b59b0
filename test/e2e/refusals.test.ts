// SPDX-License-Identifier: Apache-2.0
// Whatever cannot be is refused in one sentence with what to do about it, and a director in service does not notice.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openMap } from 'libbpf-ts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Status } from '../../src/api/contract.js'
import { call } from '../../src/cli/client.js'
import { type Held, hold } from '../lab/flows.js'
import {
  buildTopology,
  type Director,
  type Result,
  serve,
  startDirector,
  type Topology,
} from '../lab/index.js'
import { xdpOn } from '../lab/view.js'

const SERVICE = '192.0.2.10:80'
const XLVS = [process.execPath, join(process.cwd(), 'bin/xlvs')] as const
/**
 * May read every file and enter every folder, so that it matters not where the sources are, and nothing more: it may
 * write nothing. Without the secure bit access(2) would not look at the capability of a user other than root.
 */
const NOBODY = [
  'setpriv',
  ...['--securebits=+no_setuid_fixup', '--reuid=65534', '--regid=65534', '--clear-groups'],
  ...['--inh-caps=-all,+dac_read_search', '--ambient-caps=+dac_read_search'],
]

let topology: Topology
let director: Director
let held: Held
let before: unknown

/** Line 4 is the one service. */
function yaml(more: { service?: string; top?: string; interfaces?: string } = {}): string {
  const { service = '', top = '', interfaces = 'eth0' } = more
  return `interfaces: [${interfaces}]
limits: {connections: 4096}
services:
  - {vip: "${SERVICE}", scheduler: rr, reals: [192.0.2.21, 192.0.2.22]}
${service === '' ? '' : `  - ${service}\n`}${top}`
}

beforeAll(async () => {
  topology = await buildTopology({ reals: 2 })
  const { lab, reals, clients } = topology
  await Promise.all(reals.map((real) => serve(lab, real)))
  director = await startDirector(topology, yaml())
  held = await hold(lab, clients[0], `http://${SERVICE}/`, { flows: 4 })
  before = await inForce()
})
afterAll(() => topology?.lab.close())
afterEach(async () => {
  expect(await inForce()).toEqual(before)
  expect(await held.goOn()).toMatchObject({ failed: 0, failures: {} })
})

/** What is in force, all of it. */
async function inForce() {
  const socket = director.env['XLVS_SOCKET'] ?? ''
  const [effective, diff, status] = await Promise.all([
    call(socket, 'effective'),
    call(socket, 'diff'),
    call(socket, 'status'),
  ])
  if (!effective.ok || !diff.ok || !status.ok) throw new Error('the director does not answer')
  const xdp = await xdpOn(topology.lab, topology.director.namespace, 'eth0')
  return {
    effective: effective.value,
    diff: diff.value,
    attached: status.value.interfaces.map((i) => i.name),
    xdp,
  }
}

/** Fails, says one sentence on stderr and nothing on stdout; that sentence. */
function sentence({ code, stdout, stderr }: Result): string {
  expect({ code, stdout }, stderr).toEqual({ code: 1, stdout: '' })
  expect(stderr).not.toMatch(/^ {4}at |\bError\b/m)
  expect(stderr.trimEnd().split('\n'), stderr).toHaveLength(1)
  return stderr.trimEnd()
}

const refused = async (...words: readonly string[]) => sentence(await director.xlvs(...words))

/** A reload of another text; the text in force is put back. */
async function refusedReload(text: string): Promise<string> {
  director.writeFile(text)
  const said = await refused('reload').finally(() => director.writeFile(yaml()))
  return said.replaceAll(director.file, 'FILE')
}

/** Another daemon in the same network, with places of its own unless told otherwise; it must not have left any pins. */
async function refusedRun(
  text: string,
  given: { as?: readonly string[]; env?: Record<string, string> } = {},
) {
  const { lab } = topology
  const file = join(lab.folder, 'other.yaml')
  writeFileSync(file, text)
  const env = {
    XLVS_SOCKET: join(lab.folder, 'other', 'xlvs.sock'),
    XLVS_PIN_ROOT: `${lab.pinRoot}-other`,
    XLVS_STATE_DIR: join(lab.folder, 'other', 'state'),
    ...given.env,
  }
  const argv = [...(given.as ?? []), ...XLVS, 'run', '-c', file]
  const said = sentence(await lab.run(topology.director.namespace, argv, { env }))
  expect(existsSync(`${lab.pinRoot}-other`)).toBe(false)
  return said.replaceAll(file, 'FILE')
}

const inDirector = (...argv: readonly string[]) => topology.lab.must(topology.director.namespace, argv)

describe('an interface', () => {
  it('that is not there is refused with the one that was meant, by attach, reload and run', async () => {
    const said = 'eth00: there is no interface eth00; did you mean eth0?'
    expect(await refused('attach', 'eth00')).toBe(said)
    expect(await refusedReload(yaml({ interfaces: 'eth0, eth00' }))).toBe(said)
    expect(await refusedRun(yaml({ interfaces: 'eth00' }))).toBe(said)
  })

  it('without native XDP in its driver is refused, and how to do without', async () => {
    await inDirector('ip', 'link', 'add', 'br7', 'type', 'bridge')
    for (const name of ['lo', 'br7'])
      expect(await refused('attach', name)).toBe(
        `${name}: the driver of ${name} has no native XDP; slower, but everywhere: --mode generic, as in \`xlvs attach ${name} --mode generic\``,
      )
    expect(await refusedReload(yaml({ interfaces: 'eth0, br7' }))).toContain('br7 has no native XDP')
    await inDirector('ip', 'link', 'del', 'br7')
  })

  it.each(['xdpdrv', 'xdpgeneric'])(
    'that carries a program of somebody else (%s) keeps it, and the sentence has its name and id',
    async (mode) => {
      const { lab, director: host } = topology
      await inDirector('ip', 'link', 'add', 'other0', 'type', 'veth', 'peer', 'name', 'other1')
      try {
        const object = join(process.cwd(), 'dist/bpf/lab/pass.bpf.o')
        const put = `mount -t bpf bpf /sys/fs/bpf && ip link set dev other0 ${mode} obj ${object} sec xdp`
        await inDirector('unshare', '--mount', 'sh', '-c', put)
        const there = await xdpOn(lab, host.namespace, 'other0')
        const id = / id (\d+)$/.exec(there)?.[1]
        const said = new RegExp(
          `^other0: another XDP program is on other0: "lab_pass" \\(id ${id}, \\w+ mode\\); take it off first`,
        )
        expect(await refused('attach', 'other0')).toMatch(said)
        expect(await refusedReload(yaml({ interfaces: 'eth0, other0' }))).toMatch(said)
        expect(await refusedRun(yaml({ interfaces: 'other0' }))).toMatch(said)
        expect(await xdpOn(lab, host.namespace, 'other0')).toBe(there)
      } finally {
        await inDirector('ip', 'link', 'del', 'other0')
      }
    },
  )

  it('that xlvs is on already is not taken by another xlvs', async () => {
    expect(await refusedRun(yaml())).toMatch(
      /^eth0: another XDP program is on eth0: "xlvs" \(id \d+, native mode\); /,
    )
  })
})

describe('without permission', () => {
  it('run says which capabilities are missing', async () => {
    const open = join(topology.lab.folder, 'open')
    await topology.lab.must(undefined, ['install', '-d', '-m', '777', open])
    const env = { XLVS_SOCKET: join(open, 'xlvs.sock'), XLVS_STATE_DIR: join(open, 'state') }
    expect(await refusedRun(yaml(), { as: NOBODY, env })).toMatch(
      /^no permission: CAP_BPF \+ CAP_NET_ADMIN \+ CAP_PERFMON needed, and this process runs without .*; run it as root/,
    )
  })

  it.each(['status', 'reload', 'detach --all', 'show conns'])(
    '%s says whose the socket is',
    async (words) => {
      const { lab, director: host } = topology
      const argv = [...NOBODY, ...XLVS, ...words.split(' ')]
      const said = sentence(await lab.run(host.namespace, argv, { env: director.env }))
      expect(said).toBe(`no permission to use ${director.env['XLVS_SOCKET']}; run as root`)
    },
  )
})

describe('a second daemon', () => {
  it('on the same socket is refused by the pid of the first', async () => {
    const said = await refusedRun(yaml(), { env: { XLVS_SOCKET: director.env['XLVS_SOCKET'] ?? '' } })
    expect(said).toContain(`another xlvs daemon (pid ${director.daemon().pid}) listens on`)
  })

  it('on the same pins is refused too', async () => {
    const said = await refusedRun(yaml(), { env: { XLVS_PIN_ROOT: topology.lab.pinRoot } })
    expect(said).toContain(topology.lab.pinRoot)
  })

  it('without a file does not take the place of the one in service', async () => {
    await director.daemon().stop('SIGTERM')
    const words = ['run', '--vip', SERVICE, '--to', '192.0.2.21', '--dev', 'eth0']
    expect(await refused(...words)).toContain(`xlvs is in service already: pins at ${topology.lab.pinRoot}`)
    await director.restart()
  })
})

describe('pins of another version', () => {
  it('are left alone, forwarding, and taken over by their own version afterwards', async () => {
    const settings = openMap(join(topology.lab.pinRoot, 'maps', 'settings'))
    const words = new Uint32Array(settings.mmap({ writable: true }))
    const abi = words[0] ?? 0
    await director.daemon().stop('SIGTERM')
    words[0] = abi + 1
    expect(await refused('run', '-c', director.file)).toMatch(
      new RegExp(
        `has ABI version ${abi + 1}, this xlvs has ${abi}; it still forwards and was left alone; run .xlvs detach --all`,
      ),
    )
    expect(await held.goOn()).toMatchObject({ failed: 0, failures: {} })
    words[0] = abi
    settings.close()
    await director.restart()
    expect(await director.json<Status>('status')).toMatchObject({ adopted: true })
  })
})

describe('a full disk', () => {
  it('refuses what could not be kept, and takes it when there is room', async () => {
    const { lab } = topology
    const state = director.env['XLVS_STATE_DIR'] ?? ''
    await lab.must(undefined, ['mkdir', '-p', state])
    await lab.must(undefined, ['mount', '-t', 'tmpfs', '-o', 'size=8k', 'none', state])
    try {
      await lab.run(undefined, ['sh', '-c', `cat /dev/zero >${state}/full`])
      const full =
        /^.*state\.json: the disk is full, so the change could not be kept and was not made; make room/
      expect(await refused('add', 'service', '192.0.2.10:81', '--to', '192.0.2.21')).toMatch(full)
      expect(await refused('set', 'real', SERVICE, '192.0.2.21', '--weight', '5')).toMatch(full)
      expect(await refused('detach', 'eth0')).toMatch(full)
      expect(await inForce()).toEqual(before)
      await lab.must(undefined, ['rm', `${state}/full`])
      await director.json('add', 'service', '192.0.2.10:81', '--to', '192.0.2.21')
      await director.json('remove', 'service', '192.0.2.10:81')
    } finally {
      await lab.must(undefined, ['umount', state])
    }
  })
})

describe('a socket that nobody listens on', () => {
  it.each(['status', 'reload', 'show services', `add service ${SERVICE}`])('is said by %s', async (words) => {
    const socket = join(topology.lab.folder, 'nobody.sock')
    expect(await refused(...words.split(' '), '--socket', socket)).toBe(
      `no daemon listens on ${socket}; start one with: xlvs run -c FILE`,
    )
  })
})

describe('a real server that cannot be reached', () => {
  it('is refused by the neighbour that does not answer, or the route that is missing', async () => {
    expect(await refused('add', 'service', '192.0.2.10:81', '--to', '192.0.2.21,192.0.2.200')).toMatch(
      /^real server 192\.0\.2\.200 cannot be reached: neighbour 192\.0\.2\.200 (does not answer|has not answered yet) on eth0; bring it up, or give it weight 0/,
    )
    expect(await refused('add', 'service', '192.0.2.10:81', '--to', '203.0.113.9')).toMatch(
      /^real server 203\.0\.113\.9 cannot be reached: no route to 203\.0\.113\.9; /,
    )
    expect(await refused('add', 'service', '[2001:db8::10]:81', '--to', '2001:db8::200')).toContain(
      'real server 2001:db8::200 cannot be reached',
    )
  })
})

describe('a port of metrics that is taken', () => {
  it('is refused by reload and by run', async () => {
    const { lab, director: host } = topology
    const holder = "require('net').createServer().listen(9613, '127.0.0.1', () => console.log('held'))"
    const other = lab.start(host.namespace, [process.execPath, '-e', holder])
    await other.line(/^held$/)
    const said =
      'metrics: cannot serve metrics on 127.0.0.1:9613: another process listens there; choose another port'
    expect(await refusedReload(yaml({ top: 'metrics: 127.0.0.1:9613\n' }))).toBe(said)
    expect(await refusedRun(yaml({ top: 'metrics: 127.0.0.1:9613\n' }))).toBe(said)
    await other.stop('SIGKILL')
  })
})

describe('a file that cannot be', () => {
  it.each([
    ['an unknown key', { top: 'servces: []\n' }, 'FILE:5:1: ', 'servces'],
    ['a service twice', { service: `{vip: "${SERVICE}", reals: []}` }, 'FILE:5:', SERVICE],
    [
      'a VIP that is a real server',
      { service: '{vip: "192.0.2.21:80", reals: [192.0.2.22]}' },
      'FILE:',
      '192.0.2.21',
    ],
    [
      'families that do not mix',
      { service: '{vip: "192.0.2.10:81", reals: ["2001:db8::21"]}' },
      'FILE:5:',
      '2001:db8::21',
    ],
    [
      'another port at the real server',
      { service: '{vip: "192.0.2.10:81", reals: ["192.0.2.21:8080"]}' },
      'FILE:5:',
      '8080',
    ],
    [
      'a weight above all',
      { service: '{vip: "192.0.2.10:81", reals: [{address: 192.0.2.21, weight: 2147483648}]}' },
      'FILE:5:',
      '2147483648',
    ],
    [
      'a weight below all',
      { service: '{vip: "192.0.2.10:81", reals: [{address: 192.0.2.21, weight: -1}]}' },
      'FILE:5:',
      '-1',
    ],
    ['text that is no YAML', { top: '\tx: y\n' }, 'FILE:5:', 'tab'],
  ] as const)('with %s is refused by its place', async (_, more, place, what) => {
    const said = await refusedReload(yaml(more))
    expect(said.slice(0, place.length)).toBe(place)
    expect(said).toContain(what)
    expect(await refusedRun(yaml(more))).toBe(said)
  })

  it('because it is not there is refused by its path', async () => {
    const file = join(topology.lab.folder, 'nowhere.yaml')
    const env = { XLVS_SOCKET: join(topology.lab.folder, 'other.sock') }
    const argv = [...XLVS, 'run', '-c', file]
    const said = sentence(await topology.lab.run(topology.director.namespace, argv, { env }))
    expect(said).toBe(`${file}: there is no such file; name the configuration with: xlvs run -c FILE`)
  })
})
