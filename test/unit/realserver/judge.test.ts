// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { fixOf, judge, planOf } from '../../../src/realserver/judge.js'
import { commandsOf } from '../../../src/realserver/steps.js'
import type { Facts, Wish } from '../../../src/realserver/types.js'
import {
  address,
  ETH0,
  facts,
  faults,
  LO,
  LO_WITH_VIPS,
  link,
  rightBut,
  SILENT,
  settings,
  VIP,
  VIP6,
  WISH,
} from './given.js'

const said = (given: Facts, wish?: Wish) =>
  faults(given, wish).map((finding) => [finding.verdict, finding.text, fixOf(finding, 'setup')])

describe('a host', () => {
  it('that is right has no fault and nothing to be done but files', () => {
    expect(faults(rightBut({}))).toEqual([])
    const plan = planOf(judge(WISH, rightBut({})))
    expect(plan.ok && plan.value.map(({ kind }) => kind)).toEqual(['file'])
  })

  it('that is fresh is silenced before it gets a VIP', () => {
    const plan = planOf(judge(WISH, facts()))
    expect(plan.ok && plan.value.filter(({ kind }) => kind !== 'file').flatMap(commandsOf)).toEqual([
      'sysctl -w net.ipv4.conf.all.arp_ignore=1',
      'sysctl -w net.ipv4.conf.eth0.arp_ignore=1',
      'sysctl -w net.ipv4.conf.all.arp_announce=2',
      'sysctl -w net.ipv4.conf.eth0.arp_announce=2',
      `ip address add ${VIP}/32 dev lo`,
      `ip address add ${VIP6}/128 dev lo nodad`,
    ])
  })

  it('with an IPv6 VIP alone keeps its ARP as it is', () => {
    const plan = planOf(judge({ ...WISH, vips: [VIP6] }, facts({ defaults: [] })))
    expect(plan.ok && plan.value).toEqual([{ kind: 'address', address: VIP6, prefix: 128, device: 'lo' }])
  })

  it('gets a dummy interface when that is wished', () => {
    const plan = planOf(judge({ ...WISH, vips: [VIP], home: 'dummy' }, rightBut({ links: [LO, ETH0] })))
    expect(plan.ok && plan.value.slice(0, 2).flatMap(commandsOf)).toEqual([
      'ip link add dev xlvs-vip type dummy',
      'ip link set dev xlvs-vip up',
      `ip address add ${VIP}/32 dev xlvs-vip`,
    ])
  })

  it('that has its VIPs on lo needs no dummy', () => {
    expect(faults(rightBut({}), { ...WISH, home: 'dummy' })).toEqual([])
  })
})

describe('ARP', () => {
  it.each([
    ['is silent by the value for all alone', { 'all.arp_ignore': 1 }, 'weak', undefined],
    ["is silent by the interface's own value alone", { 'eth0.arp_ignore': 1 }, 'weak', undefined],
    ['is silent by 2 as well', { 'all.arp_ignore': 2, 'eth0.arp_ignore': 2 }, undefined, undefined],
    ['answers', {}, 'wrong', 'all'],
    ['answers for global addresses by 3', { 'all.arp_ignore': 1, 'eth0.arp_ignore': 3 }, 'wrong', 'eth0'],
    ['does not answer the director by 8', { 'all.arp_ignore': 8, 'eth0.arp_ignore': 1 }, 'wrong', 'all'],
  ])('%s', (_, values, verdict, place) => {
    const loud = { 'all.arp_announce': 2, 'eth0.arp_announce': 2, ...values }
    const [first, ...more] = said(rightBut({ settings: settings(loud) }))
    expect(first?.[0]).toBe(verdict)
    if (place !== undefined) expect(first?.[2]).toBe(`sysctl -w net.ipv4.conf.${place}.arp_ignore=1`)
    expect(more.length).toBeLessThan(2)
  })

  it('names every interface that answers, and sets those without an address only when their own value is wrong', () => {
    const links = [LO_WITH_VIPS, ETH0, link('br0'), link('tun0', [], { answers: false })]
    const findings = said(
      rightBut({ links, settings: settings({ ...SILENT, 'all.arp_ignore': 0, 'eth0.arp_ignore': 0 }) }),
    )
    expect(findings.map(([, text]) => text)).toEqual([
      'net.ipv4.conf.all.arp_ignore is 0: eth0, br0 may answer ARP for an address on lo',
      'net.ipv4.conf.eth0.arp_ignore is 0: eth0 may answer ARP for an address on lo',
    ])
    const own = said(rightBut({ links, settings: settings({ ...SILENT, 'br0.arp_ignore': 3 }) }))
    expect(own.map(([, , fix]) => fix)).toEqual(['sysctl -w net.ipv4.conf.br0.arp_ignore=1'])
  })

  it('writes the name of a VLAN interface so that sysctl reads it', () => {
    const links = [LO_WITH_VIPS, link('eth0.100', ETH0.addresses)]
    const own = said(rightBut({ links, defaults: ['eth0.100'] })).filter(([verdict]) => verdict === 'weak')
    expect(own.map(([, , fix]) => fix)).toContain('sysctl -w net/ipv4/conf/eth0.100/arp_ignore=1')
  })
})

describe('a reverse path', () => {
  const ETH1 = link('eth1', [address('198.51.100.21', { prefix: 24 })])
  const with2 = (values: Record<string, number>, defaults = ['eth1']) =>
    rightBut({
      links: [LO_WITH_VIPS, ETH0, ETH1],
      settings: settings({ ...SILENT, 'eth1.arp_ignore': 1, 'eth1.arp_announce': 2, ...values }),
      defaults,
    })
  const [LOOSE0 = '', LOOSE1 = ''] = ['eth0', 'eth1'].map(
    (name) => `sysctl -w net.ipv4.conf.${name}.rp_filter=2`,
  )

  it.each([
    ['strict where the director is and answers leave elsewhere', { 'eth0.rp_filter': 1 }, [LOOSE0]],
    ['strict for all', { 'all.rp_filter': 1 }, [LOOSE0]],
    ['strict where answers leave', { 'eth1.rp_filter': 1 }, []],
    ['loose', { 'all.rp_filter': 1, 'eth0.rp_filter': 2 }, []],
    ['off', {}, []],
  ])('that is %s', (_, values, fixes) => {
    expect(said(with2(values)).map(([, , fix]) => fix)).toEqual(fixes)
  })

  it('is judged where --from says', () => {
    const values = { 'all.rp_filter': 1 }
    const fixes = said(with2(values, ['eth0']), { ...WISH, from: ['eth1'] }).map(([, , fix]) => fix)
    expect(fixes).toEqual([LOOSE1])
  })

  it('is not touched where nobody knows whether the director is there', () => {
    const far = { ...WISH, vips: ['203.0.113.1'] }
    const findings = judge(far, with2({ 'all.rp_filter': 1 })).filter(({ text }) =>
      text.startsWith('rp_filter'),
    )
    expect(findings).toMatchObject([{ verdict: 'weak', fix: 'if they do: --from eth0', steps: [] }])
  })

  it('is kept loose over boots once it is', () => {
    const kept = judge(WISH, with2({ 'all.rp_filter': 1, 'eth0.rp_filter': 2 })).flatMap(
      ({ keep }) => keep ?? [],
    )
    expect(kept).toContainEqual({ key: 'net/ipv4/conf/eth0/rp_filter', value: 2 })
  })

  it('without a default route is a note', () => {
    expect(said(with2({ 'all.rp_filter': 1 }, []))).toEqual([
      ['weak', expect.stringContaining('no default route'), 'ip route add default via GATEWAY'],
    ])
  })
})

describe('a VIP', () => {
  const only = (vip: string) => ({ ...WISH, vips: [vip] })
  const on = (name: string, held: ReturnType<typeof address>, more = {}) =>
    rightBut({
      links: name === 'lo' ? [link('lo', [held], more), ETH0] : [LO, link(name, [...ETH0.addresses, held])],
    })

  it.each([
    [VIP, 'eth0', {}, 'answers ARP', `ip address delete ${VIP}/32 dev eth0`],
    [VIP6, 'eth0', {}, 'answers neighbour discovery', `ip address delete ${VIP6}/128 dev eth0`],
    [
      VIP,
      'lo',
      { prefix: 24 },
      'whole network',
      `ip address delete ${VIP}/24 dev lo && ip address add ${VIP}/32 dev lo`,
    ],
    [
      VIP6,
      'lo',
      { dadFailed: true },
      'dadfailed',
      `ip address delete ${VIP6}/128 dev lo && ip address add ${VIP6}/128 dev lo nodad`,
    ],
    [VIP6, 'lo', { tentative: true }, 'tentative', /nodad$/],
  ] as const)('%s on %s with %j is not mended by setup, which says how', (vip, name, more, text, fix) => {
    const given = on(name, address(vip, more))
    const [first] = said(given, only(vip))
    expect(first).toEqual([
      'wrong',
      expect.stringContaining(text),
      typeof fix === 'string' ? fix : expect.stringMatching(fix),
    ])
    expect(planOf(judge(only(vip), given))).toMatchObject({ ok: false, problems: [{ fix: first?.[2] }] })
  })

  it("that is this host's own address is asked about", () => {
    const [first] = said(rightBut({}), only('192.0.2.21'))
    expect(first?.[1]).toContain("is it this host's own address?")
  })

  it('that is answered for by proxy is found', () => {
    const [first] = said(rightBut({ proxies: [{ address: VIP6, device: 'eth0' }] }))
    expect(first).toEqual([
      'wrong',
      expect.stringContaining('by proxy'),
      `ip -6 neigh delete proxy ${VIP6} dev eth0`,
    ])
  })

  it('cannot be on lo while lo is down or without IPv6', () => {
    const down = said(rightBut({ links: [{ ...LO, up: false }, ETH0] }), only(VIP))
    expect(down[0]).toEqual(['wrong', 'lo is down', 'ip link set dev lo up'])
    const held = said(rightBut({ links: [{ ...LO_WITH_VIPS, up: false }, ETH0] }), only(VIP))
    expect(held).toEqual([['wrong', `${VIP} is on lo, which is down`, 'ip link set dev lo up']])
    const off = new Map([...settings(SILENT), ['net/ipv6/conf/lo/disable_ipv6', 1] as const])
    expect(said(rightBut({ links: [LO, ETH0], settings: off }), only(VIP6))[0]?.[2]).toBe(
      'sysctl -w net.ipv6.conf.lo.disable_ipv6=0',
    )
  })
})
