// SPDX-License-Identifier: Apache-2.0
// What the tools print is read as they print it.
import { describe, expect, it } from 'vitest'
import { readArping, readChannels, readOffloads, readProxied } from '../../../src/doctor/tools.js'

describe('ethtool', () => {
  it('-k: each feature is on or off, and may be fixed', () => {
    const offloads = readOffloads(`Features for eth0:
generic-receive-offload: on
large-receive-offload: off [fixed]
	tx-checksum-ipv4: off [fixed]
rx-vlan-offload: on [fixed]
rx-gro-hw: off [requested on]
`)
    expect(offloads.get('generic-receive-offload')).toEqual({ on: true, fixed: false })
    expect(offloads.get('large-receive-offload')).toEqual({ on: false, fixed: true })
    expect(offloads.get('tx-checksum-ipv4')).toEqual({ on: false, fixed: true })
    expect(offloads.get('rx-vlan-offload')).toEqual({ on: true, fixed: true })
    expect(offloads.get('rx-gro-hw')).toEqual({ on: false, fixed: false })
  })

  const channels = (rx: string, combined: string, most: string) => `Channel parameters for eth0:
Pre-set maximums:
RX:		${rx === 'n/a' ? rx : most}
TX:		n/a
Other:		n/a
Combined:	${combined === 'n/a' ? combined : most}
Current hardware settings:
RX:		${rx}
TX:		n/a
Other:		n/a
Combined:	${combined}
`

  it('-l: combined queues or separate ones, or none', () => {
    expect(readChannels(channels('n/a', '2', '8'))).toEqual({ kind: 'combined', now: 2, most: 8 })
    expect(readChannels(channels('1', 'n/a', '4'))).toEqual({ kind: 'rx', now: 1, most: 4 })
    expect(readChannels('netlink error: Operation not supported')).toBeUndefined()
  })
})

describe('ip and arping', () => {
  it('neigh show proxy: the addresses', () => {
    const text = '192.0.2.10 dev eth0 proxy\n2001:db8::10 dev eth0 proxy\n\n'
    expect(readProxied(text)).toEqual(['192.0.2.10', '2001:db8::10'])
  })

  it('-D of iputils: who answered, nobody, or no answer to this question', () => {
    const head = 'ARPING 192.0.2.10 from 0.0.0.0 eth0\n'
    const tail = 'Sent 1 probes (1 broadcast(s))\nReceived 1 response(s)\n'
    const reply = 'Unicast reply from 192.0.2.10 [02:00:00:00:00:99]  0.6ms\n'
    expect(readArping(head + reply + reply + tail)).toEqual(['02:00:00:00:00:99'])
    expect(readArping(head + tail)).toEqual([])
    expect(readArping('')).toBeUndefined()
    expect(readArping('ARPING 192.0.2.10\n!\n')).toBeUndefined()
  })
})
