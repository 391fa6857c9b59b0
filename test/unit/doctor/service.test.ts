// SPDX-License-Identifier: Apache-2.0
// Judgements of the service: VIPs, next hops, tables, IPVS. Each has its green and what makes it worse.
import { describe, expect, it } from 'vitest'
import type { TableRow } from '../../../src/api/contract.js'
import { judgeIpvs, readIpvs } from '../../../src/doctor/ipvs.js'
import { judgeNexthops } from '../../../src/doctor/nexthops.js'
import { judgeTables } from '../../../src/doctor/tables.js'
import { judgeVips } from '../../../src/doctor/vips.js'
import { DEFAULT_LIMITS } from '../../../src/model/types.js'
import {
  answering,
  desired,
  device,
  facts,
  interfaceFacts,
  kernel,
  MAC,
  NO_DAEMON,
  OTHER,
  of,
  real,
  VIP,
  VIP6,
} from './given.js'

describe('a VIP', () => {
  it('of the director is green', () => {
    expect(of(judgeVips(facts()), 'vip')).toMatchObject([{ level: 'green', subject: VIP }])
  })

  it.each([
    [VIP, `ip address add ${VIP}/32 dev eth0`],
    [VIP6, `ip address add ${VIP6}/128 dev eth0 nodad`],
  ])('%s that nobody has is red on its link', (vip, fix) => {
    const found = judgeVips(facts({ vips: [vip], kernel: kernel({ local: [] }) }))
    expect(of(found, 'vip')).toMatchObject([{ level: 'red', subject: vip, fix }])
  })

  it('of another network is yellow: a router may send it', () => {
    const found = judgeVips(facts({ vips: ['198.51.100.10'] }))
    expect(of(found, 'vip')).toMatchObject([{ level: 'yellow', says: expect.stringContaining('router') }])
  })

  it('that is answered for by proxy is green', () => {
    const found = judgeVips(facts({ proxied: [VIP], kernel: kernel({ local: [] }) }))
    expect(of(found, 'vip')).toMatchObject([{ level: 'green' }])
  })

  it.each([
    [1, 2, 'green'],
    [1, 1, 'red'],
    [2, 1, 'red'],
    [8, 2, 'red'],
    [0, 1, 'green'],
  ])('with arp_ignore %i on eth0 (2) and the VIP on %i is %s', (arpIgnore, ifindex, level) => {
    const there = kernel({ addresses: [{ ifindex, address: VIP, prefix: 32 }] })
    const found = judgeVips(facts({ kernel: there, interfaces: [interfaceFacts({ arpIgnore })] }))
    expect(of(found, 'vip')).toMatchObject([{ level }])
    if (level === 'red')
      expect(of(found, 'vip')[0]?.fix).toBe(
        'sysctl -w net/ipv4/conf/all/arp_ignore=0 net/ipv4/conf/eth0/arp_ignore=0',
      )
  })

  it('that one of two interfaces answers for is green', () => {
    const there = kernel({ addresses: [{ ifindex: 2, address: VIP, prefix: 32 }] })
    const back = interfaceFacts({ name: 'eth1', device: device({ name: 'eth1', index: 3 }), arpIgnore: 1 })
    const found = judgeVips(facts({ kernel: there, interfaces: [interfaceFacts({ arpIgnore: 1 }), back] }))
    expect(of(found, 'vip')).toMatchObject([{ level: 'green' }])
  })

  it('that somebody else answers for is red, and he is named', () => {
    const arp = [{ vip: VIP, interface: 'eth0', macs: [OTHER] }]
    expect(of(judgeVips(facts({ arp })), 'arp')).toMatchObject([
      { level: 'red', says: expect.stringContaining(OTHER) },
    ])
    const neighbours = [{ ifindex: 2, address: VIP6, mac: OTHER }]
    const seen = judgeVips(facts({ vips: [VIP6], kernel: kernel({ neighbours }) }))
    expect(of(seen, 'arp')).toMatchObject([{ level: 'red', subject: VIP6 }])
  })

  it('that only the director answers for is green; what was not asked is not claimed', () => {
    const own = [{ vip: VIP, interface: 'eth0', macs: [MAC] }]
    expect(of(judgeVips(facts({ arp: own })), 'arp')).toMatchObject([
      { level: 'green', says: 'nobody else answers ARP for it' },
    ])
    expect(of(judgeVips(facts()), 'arp')).toMatchObject([{ says: expect.stringContaining('not checked') }])
  })
})

describe('next hops', () => {
  const lost = { state: 'unresolved', why: 'neighbour 192.0.2.21 does not answer on eth0' } as const

  it('that are all up are green; without a daemon nothing is said of them', () => {
    expect(judgeNexthops(facts())).toMatchObject([{ check: 'nexthop', level: 'green' }])
    expect(judgeNexthops(facts({ daemon: NO_DAEMON }))).toEqual([])
  })

  it('that are lost are red with the reason; one command takes the real server out of all its services', () => {
    const marked = real({ service: 'fwm 6', real: 'fwm 6 > 192.0.2.21:80', nexthop: lost })
    const found = judgeNexthops(facts({ daemon: answering({}, [real({ nexthop: lost }), marked]) }))
    expect(found).toMatchObject([
      {
        level: 'red',
        subject: '192.0.2.21',
        says: expect.stringContaining(lost.why),
        fix: "xlvs set real 'tcp 192.0.2.10:80' 192.0.2.21 --weight 0 && xlvs set real 'fwm 6' 192.0.2.21:80 --weight 0",
      },
    ])
  })

  it('that are lost and get nothing are yellow', () => {
    const daemon = answering({}, [real({ nexthop: lost, effectiveWeight: 0 })])
    expect(judgeNexthops(facts({ daemon }))).toMatchObject([{ level: 'yellow' }])
  })

  it("under the director's own MAC are red", () => {
    const neighbours = [
      { ifindex: 2, address: '192.0.2.21', mac: MAC },
      { ifindex: 2, address: '192.0.2.99', mac: MAC },
    ]
    expect(of(judgeNexthops(facts({ kernel: kernel({ neighbours }) })), 'neighbour')).toMatchObject([
      { level: 'red', subject: '192.0.2.21', fix: 'ip neigh del 192.0.2.21 dev eth0' },
    ])
  })
})

describe('tables', () => {
  const path = '/etc/xlvs/lb.yaml'
  const judge = (entries: number, text = 'limits: {connections: 2000}\n', name: TableRow['name'] = 'conn4') =>
    judgeTables(
      facts({
        daemon: answering({ tables: [{ name, entries, capacity: 1000 }] }),
        desired: { ...desired, limits: { ...DEFAULT_LIMITS, connections: 2000 } },
        file: { path, text },
      }),
    )
  const conn4 = (...given: Parameters<typeof judge>) =>
    judge(...given).find(({ subject }) => subject === 'conn4')

  it.each([
    [749, 'green'],
    [750, 'yellow'],
    [949, 'yellow'],
    [950, 'red'],
    [1000, 'red'],
  ])('with %i of 1000 entries are %s', (entries, level) => {
    expect(conn4(entries)?.level).toBe(level)
    expect(conn4(entries)?.says).toContain(`${entries} of 1000`)
  })

  it('are enlarged by a command where the file says the number once, or nothing of limits', () => {
    const restart = ` && kill 42 && tail --pid=42 -f /dev/null && xlvs detach --all && xlvs run -c ${path}`
    const more = 2 * DEFAULT_LIMITS.connections
    expect(conn4(960)?.fix).toBe(
      `sed -i 's/\\bconnections: *2000\\b/connections: ${more}/' ${path}${restart}`,
    )
    expect(conn4(960, 'interfaces: [eth0]\n')?.fix).toBe(
      `echo 'limits: {connections: ${more}}' >>${path}${restart}`,
    )
  })

  it('are enlarged by way of systemd where the daemon is its unit', () => {
    const daemon = answering({ tables: [{ name: 'conn4', entries: 1, capacity: 1 }] })
    expect(judgeTables(facts({ daemon, unit: 'xlvs' }))[0]?.fix).toMatch(
      / && systemctl stop xlvs && xlvs detach --all && systemctl start xlvs$/,
    )
  })

  it.each(['limits: {templates: 300}\n', '# connections: 2000\nlimits: {connections: 2000}\n', '{}\n'])(
    'are left to a person where an edit is not plain: %j',
    (text) => {
      expect(conn4(960, text)?.fix).toBeUndefined()
      expect(conn4(960, text)?.advice).toContain('limits.connections')
    },
  )

  it('of services that are full are yellow: no packet is lost', () => {
    const daemon = answering({ services: 10, limits: { ...DEFAULT_LIMITS, services: 10 } })
    const found = judgeTables(facts({ daemon })).find(({ subject }) => subject === 'services')
    expect(found).toMatchObject({ level: 'yellow', says: '10 of 10 (100 %)' })
  })

  it('that never lost anything are green, others yellow with what they lost', () => {
    expect(of(judgeTables(facts()), 'losses')).toMatchObject([{ level: 'green' }])
    const daemon = answering({ totals: { connsEvicted: 3, templatesUnstored: 1 } })
    expect(of(judgeTables(facts({ daemon })), 'losses')).toMatchObject([
      { level: 'yellow', says: 'for lack of room: 3 connections pushed out, 1 templates not remembered' },
    ])
  })

  it('are not judged without a daemon', () => {
    expect(judgeTables(facts({ daemon: NO_DAEMON }))).toEqual([])
  })
})

describe('IPVS', () => {
  const PROC = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  C000020A:0050 rr
  -> C0000215:0050      Route   1      0          0
UDP  [2001:0db8:0000:0000:0000:0000:0000:0010]:0035 wlc persistent 300
FWM  00000006 rr
`

  it('is read from its own table', () => {
    expect(readIpvs(PROC)).toEqual([
      { key: 'tcp 192.0.2.10:80', address: VIP, words: '-t 192.0.2.10:80' },
      { key: 'udp [2001:db8::10]:53', address: VIP6, words: "-u '[2001:db8::10]:53'" },
    ])
  })

  it('at the same VIP is yellow, elsewhere green', () => {
    const ipvs = readIpvs(PROC)
    expect(judgeIpvs(facts({ ipvs }))).toMatchObject([
      {
        level: 'yellow',
        says: expect.stringContaining('tcp 192.0.2.10:80'),
        fix: 'ipvsadm -D -t 192.0.2.10:80',
      },
    ])
    expect(judgeIpvs(facts({ ipvs, vips: ['192.0.2.11'] }))).toMatchObject([{ level: 'green' }])
  })
})
