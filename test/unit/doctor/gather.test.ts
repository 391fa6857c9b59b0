// SPDX-License-Identifier: Apache-2.0
// Facts come from the file that is named, else from the daemon, else from what is pinned; and findings are reported in order.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { PLAIN } from '../../../src/cli/look.js'
import { doctorLines } from '../../../src/cli/views/doctor.js'
import { diagnose } from '../../../src/doctor/diagnose.js'
import { CHECKS, isSick, shellWord } from '../../../src/doctor/finding.js'
import { gather } from '../../../src/doctor/gather.js'
import { fail, succeed } from '../../../src/model/describe.js'
import { undocumented } from '../../house/documents.js'
import { answering, facts, kernel, OTHER, of, VIP } from './given.js'
import { WISH, world } from './world.js'

describe('facts', () => {
  it('of a machine without daemon and file are what is pinned', async () => {
    const found = await gather(world(), WISH)
    expect(found.interfaces).toMatchObject([{ name: 'eth0', wanted: undefined, offloads: undefined }])
    expect(found).toMatchObject({ desired: undefined, vips: [], arp: undefined, ipvs: [] })
  })

  it('of a daemon are its interfaces, VIPs and places', async () => {
    const asked: string[] = []
    const found = await gather(
      world({
        daemon: async () => answering({ pinRoot: '/its', stateDir: '/kept' }),
        kernel: async (root, vips) => {
          asked.push(root, ...vips)
          return kernel()
        },
      }),
      WISH,
    )
    expect(asked).toEqual(['/its', VIP])
    expect(found).toMatchObject({
      vips: [VIP],
      stateDir: { path: '/kept' },
      file: undefined,
      fileProblems: [],
    })
    expect(found.interfaces).toMatchObject([{ name: 'eth0', wanted: 'native' }])
  })

  it('of named interfaces are theirs alone', async () => {
    const found = await gather(world(), { ...WISH, interfaces: ['eth7'] })
    expect(found.interfaces).toMatchObject([{ name: 'eth7', device: undefined }])
  })

  it('of a file that cannot be read, or is wrong, are its problems', async () => {
    const wish = { ...WISH, file: '/lb.yaml' }
    expect((await gather(world(), wish)).fileProblems).toMatchObject([{ subject: '/lb.yaml' }])
    const wrong = world({ read: async () => succeed('x'), readConfig: async () => fail({ reason: 'bad' }) })
    expect((await gather(wrong, wish)).fileProblems).toEqual([{ reason: 'bad' }])
  })

  it('are read from the tools at hand', async () => {
    const said: Record<string, string> = {
      'ethtool -k': 'rx-vlan-offload: on\n',
      'ip -4': '192.0.2.99 dev eth0 proxy\n',
      'arping -D': `ARPING ${VIP} from 0.0.0.0 eth0\nUnicast reply from ${VIP} [${OTHER}]  1ms\n`,
    }
    const files: Record<string, string> = {
      '/proc/sys/net/ipv4/conf/all/arp_ignore': '0\n',
      '/proc/sys/net/ipv4/conf/eth0/arp_ignore': '2\n',
      '/proc/42/cgroup': '0::/system.slice/xlvs.service\n',
      '/proc/net/ip_vs': 'TCP  C000020A:0050 rr\n',
    }
    const found = await gather(
      world({
        daemon: async () => answering(),
        run: async (...argv) => said[argv.slice(0, 2).join(' ')],
        read: async (path) => (files[path] === undefined ? fail({ reason: 'no' }) : succeed(files[path])),
      }),
      WISH,
    )
    expect(found).toMatchObject({
      proxied: ['192.0.2.99'],
      arp: [{ vip: VIP, interface: 'eth0', macs: [OTHER] }],
      ipvs: [{ address: VIP }],
      unit: 'xlvs',
    })
    expect(found.interfaces).toMatchObject([{ arpIgnore: 2, channels: undefined }])
    expect(found.interfaces[0]?.offloads?.get('rx-vlan-offload')?.on).toBe(true)
  })
})

describe('findings', () => {
  it('of a healthy director are all green, in the order of the checks', () => {
    const found = diagnose(facts())
    expect(found.filter(({ level }) => level !== 'green')).toEqual([])
    expect(isSick(found)).toBe(false)
    const order = found.map(({ check }) => CHECKS.indexOf(check))
    expect(order).toEqual([...order].sort((a, b) => a - b))
  })

  it('with one red are sick', () => {
    expect(isSick(diagnose(facts({ kernel: kernel({ local: [] }) })))).toBe(true)
  })

  it('are one line each, the command below, and a count', () => {
    const [vip] = of(diagnose(facts({ kernel: kernel({ local: [] }) })), 'vip')
    expect(vip && doctorLines([vip], PLAIN)).toEqual([
      `red     vip  ${VIP}: is not an address of this machine, so nobody here answers ARP for it on eth0`,
      `             fix: ip address add ${VIP}/32 dev eth0`,
      '',
      '0 green, 0 yellow, 1 red',
    ])
  })

  it('are all described', () => {
    const document = { path: 'docs/DOCTOR.md', text: readFileSync('docs/DOCTOR.md', 'utf8') }
    expect(undocumented(document, CHECKS)).toEqual([])
  })
})

describe('a word of a command', () => {
  it.each([
    ['/etc/xlvs/lb.yaml', '/etc/xlvs/lb.yaml'],
    ['tcp [2001:db8::1]:80', "'tcp [2001:db8::1]:80'"],
    ["it's", "'it'\\''s'"],
    ['$(reboot)', "'$(reboot)'"],
  ])('%s is written %s', (text, word) => {
    expect(shellWord(text)).toBe(word)
  })
})
