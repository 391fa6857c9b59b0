// SPDX-License-Identifier: Apache-2.0
import type { NetworkInterfaceInfo } from 'node:os'
import { BpfError } from 'libbpf-ts'
import { describe, expect, it } from 'vitest'
import { refusal } from '../../../src/datapath/probe-filters.js'
import { widened } from '../../../src/datapath/probe-socket.js'
import { otherSource } from '../../../src/datapath/probe-source.js'

describe('the groups that may ping', () => {
  it.each([
    ['1\t0\n', 0, '0 0'],
    ['1\t0\n', 1000, '1000 1000'],
    ['0\t0\n', 1000, '0 1000'],
    ['1000\t2000\n', 5, '5 2000'],
    ['0\t2147483647\n', 7, '0 2147483647'],
  ])('from %j are widened to have %d: %s', (range, group, wanted) => {
    expect(widened(range, group)).toBe(wanted)
  })
})

describe('the source of a probe', () => {
  const address = (cidr: string, { internal = false, scopeid = 0 } = {}): NetworkInterfaceInfo => {
    const common = { address: cidr.split('/')[0] ?? '', cidr, netmask: '', mac: '', internal }
    return cidr.includes(':') ? { ...common, family: 'IPv6', scopeid } : { ...common, family: 'IPv4' }
  }
  const vips = new Set(['192.0.2.10', '2001:db8::10'])
  const choose = (interfaces: Record<string, NetworkInterfaceInfo[]>, real: string, chosen: string) =>
    otherSource(interfaces, { real, chosen }, (one) => vips.has(one))

  it('is an address on the same network as the real server, wherever it is', () => {
    const interfaces = {
      lo: [address('::1/128', { internal: true }), address('127.0.0.1/8', { internal: true })],
      eth0: [address('2001:db8::10/128'), address('2001:db8:a::2/64'), address('192.0.2.2/24')],
      eth1: [address('fe80::2/64', { scopeid: 3 }), address('2001:db8::2/64')],
    }
    expect(choose(interfaces, '2001:db8::21', '2001:db8::10')).toBe('2001:db8::2')
    expect(choose(interfaces, '192.0.2.21', '192.0.2.10')).toBe('192.0.2.2')
  })

  it('of a distant real server is one of the interface that the kernel would take', () => {
    const interfaces = {
      eth0: [address('203.0.113.2/24')],
      eth1: [address('192.0.2.10/32'), address('198.51.100.2/32'), address('198.51.100.9/24')],
    }
    expect(choose(interfaces, '10.0.0.1', '192.0.2.10')).toBe('198.51.100.9')
  })

  it('is none where the host has nothing but VIPs', () => {
    expect(choose({ eth0: [address('192.0.2.10/24')] }, '192.0.2.21', '192.0.2.10')).toBeUndefined()
  })
})

describe('what the kernel refuses', () => {
  const error = (errno: number, code: string, text: string) =>
    refusal(new BpfError('add clsact', 'interface 2', errno, code, text, ''), 'eth0')

  it('without tc is one clear problem, with the way round it', () => {
    expect(error(2, 'ENOENT', 'No such file or directory')).toEqual({
      subject: 'eth0',
      reason:
        'this kernel has no tc with BPF programs, so checks cannot travel through the VIP: ' +
        'add clsact interface 2: No such file or directory (ENOENT)',
      fix: 'give the checks `via: real`, or take a kernel with CONFIG_NET_SCH_INGRESS and CONFIG_NET_CLS_BPF',
    })
  })

  it("is another's filter where ours belongs", () => {
    expect(error(17, 'EEXIST', 'File exists').fix).toBe(
      'take it off: `tc filter show dev eth0 ingress` (and egress) has it as pref 20',
    )
  })
})
