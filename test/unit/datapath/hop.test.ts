// SPDX-License-Identifier: Apache-2.0
import type { Link, Neighbour } from 'libbpf-ts'
import { describe, expect, test } from 'vitest'
import { NexthopKind } from '../../../src/abi/generated.js'
import { describeHop, encodeHop, hopBy, needsNoAsking, type Way, wayTo } from '../../../src/datapath/hop.js'
import { concerns, covers } from '../../../src/datapath/hop-events.js'

function link(index: number, name: string, rest: Partial<Link> = {}): Link {
  const mac = `02:00:00:00:00:0${index}`
  return { index, name, mac, mtu: 1500, up: true, carrier: true, loopback: false, operState: 'up', ...rest }
}

const ETH0 = link(1, 'eth0')
const INNER = link(2, 'eth0.10', { kind: 'vlan', vlan: { id: 10, protocol: 0x88a8 }, parent: 1 })
const OUTER = link(3, 'eth0.10.20', { kind: 'vlan', vlan: { id: 20, protocol: 0x8100 }, parent: 2 })
const THIRD = link(4, 'eth0.10.20.30', { kind: 'vlan', vlan: { id: 30, protocol: 0x8100 }, parent: 3 })
const LINKS = new Map([ETH0, INNER, OUTER, THIRD].map((each) => [each.index, each]))

function via(ifindex: number, gateway?: string): Way {
  return wayTo('10.0.0.9', { type: 'unicast', ifindex, ...(gateway && { gateway }) }, LINKS)
}

function neighbour(state: Neighbour['state'], mac?: string, flags: string[] = []): Neighbour {
  return { ifindex: 1, family: 4, address: '10.0.0.9', state, flags, ...(mac && { mac }) }
}

const MAC = '02:00:00:00:00:99'

describe('the way to a real server', () => {
  test('leads to itself on the link, or to its gateway', () => {
    expect(via(1)).toMatchObject({
      kind: 'ethernet',
      neighbour: { ifindex: 1, address: '10.0.0.9' },
      tags: [],
    })
    expect(via(1, '10.0.0.1')).toMatchObject({ neighbour: { address: '10.0.0.1' } })
  })

  test('goes through VLANs to the device below, outermost tag first', () => {
    expect(via(3)).toMatchObject({
      egress: { name: 'eth0' },
      neighbour: { ifindex: 3 },
      tags: [{ id: 10 }, { id: 20 }],
      devices: [3, 2, 1],
    })
    const hop = encodeHop(hopBy(via(3), neighbour('reachable', MAC), undefined))
    expect(hop).toMatchObject({ ifindex: 1, tags: 2, tpid: [0x88a8, 0x8100], tci: [10, 20] })
    expect(describeHop('10.0.0.9', hopBy(via(3), neighbour('reachable', MAC), undefined))).toEqual({
      ...{ address: '10.0.0.9', state: 'up', mac: MAC, interface: 'eth0', vlan: [10, 20] },
    })
  })

  test('takes what its device takes, or less where the route says so; never more', () => {
    const mtuOf = (ifindex: number, mtu?: number) => {
      const links = new Map([...LINKS, [2, { ...INNER, mtu: 1496 }] as const])
      const way = wayTo('10.0.0.9', { type: 'unicast', ifindex, ...(mtu && { mtu }) }, links)
      return encodeHop(hopBy(way, neighbour('reachable', MAC), undefined)).mtu
    }
    expect([mtuOf(1), mtuOf(2), mtuOf(1, 1400), mtuOf(2, 9000)]).toEqual([1500, 1496, 1400, 1496])
  })

  test.each([
    ['no route', wayTo('10.0.0.9', undefined, LINKS), 'no route to 10.0.0.9'],
    [
      'a blackhole',
      wayTo('10.0.0.9', { type: 'blackhole', ifindex: 1 }, LINKS),
      'the route to 10.0.0.9 is blackhole',
    ],
    ['three tags', via(4), 'eth0.10.20.30 has more than 2 VLAN tags'],
    [
      'a device that is down',
      wayTo('10.0.0.9', { type: 'unicast', ifindex: 1 }, new Map([[1, link(1, 'eth0', { up: false })]])),
      'eth0 is down',
    ],
    [
      'a device without MAC',
      wayTo('10.0.0.9', { type: 'unicast', ifindex: 1 }, new Map([[1, link(1, 'tun0', { mac: undefined })]])),
      'tun0 is not an Ethernet device',
    ],
    [
      'a VLAN over another namespace',
      wayTo('10.0.0.9', { type: 'unicast', ifindex: 2 }, new Map([[2, { ...INNER, parentNamespace: 0 }]])),
      'the device below VLAN eth0.10 is out of reach',
    ],
  ])('is none with %s, and says so', (_, way, why) => {
    expect(way).toEqual({ kind: 'none', why })
  })
})

describe('a next hop', () => {
  test.each(['reachable', 'stale', 'delay', 'probe', 'permanent', 'noarp'] as const)(
    'is good while its neighbour is %s',
    (state) => {
      expect(hopBy(via(1), neighbour(state, MAC), undefined)).toMatchObject({ kind: 'ethernet', mac: MAC })
    },
  )

  test('that was good stays while the neighbour is asked again or was flushed, and goes when it fails', () => {
    const before = hopBy(via(1), neighbour('reachable', MAC), undefined)
    expect(hopBy(via(1), neighbour('incomplete'), before)).toMatchObject({ mac: MAC })
    expect(hopBy(via(1), undefined, before)).toMatchObject({ mac: MAC })
    expect(hopBy(via(1), neighbour('failed', MAC), before)).toMatchObject({
      kind: 'unresolved',
      why: 'neighbour 10.0.0.9 does not answer on eth0',
    })
  })

  test('that led elsewhere says nothing about the new way', () => {
    const before = hopBy(via(1), neighbour('reachable', MAC), undefined)
    expect(hopBy(via(1, '10.0.0.1'), undefined, before).kind).toBe('unresolved')
  })

  test('on this host is local', () => {
    const way = wayTo('10.0.0.9', { type: 'local', ifindex: 1 }, LINKS)
    expect(encodeHop(hopBy(way, undefined, undefined)).kind).toBe(NexthopKind.NEXTHOP_LOCAL)
  })

  test('is asked for unless the kernel keeps it anyway', () => {
    expect(needsNoAsking(neighbour('permanent', MAC))).toBe(true)
    expect(needsNoAsking(neighbour('stale', MAC, ['managed']))).toBe(true)
    expect(needsNoAsking(neighbour('reachable', MAC))).toBe(false)
    expect(needsNoAsking(undefined)).toBe(false)
  })
})

describe('an event', () => {
  test('about a link concerns whoever leaves by it and whoever has no way', () => {
    expect([concerns(via(3), 1), concerns(via(3), 2), concerns(via(1), 3)]).toEqual([true, true, false])
    expect([concerns({ kind: 'none', why: '' }, 7), concerns({ kind: 'local' }, 7)]).toEqual([true, false])
  })

  test.each([
    ['10.1.0.0', 16, '10.1.200.1', true],
    ['10.1.0.0', 16, '10.2.0.1', false],
    ['10.1.128.0', 17, '10.1.127.1', false],
    ['10.1.128.0', 17, '10.1.128.1', true],
    ['10.1.1.1', 32, '10.1.1.1', true],
    ['10.1.1.1', 32, '10.1.1.2', false],
    ['2001:db8::', 33, '2001:db8:7fff::1', true],
    ['2001:db8::', 33, '2001:db8:8000::1', false],
    ['2001:db8::', 32, '10.0.0.1', false],
    [undefined, 0, '10.0.0.1', true],
  ])('about the route %s/%i covers %s: %s', (destination, prefix, address, wanted) => {
    const family = destination?.includes(':') ? 6 : 4
    expect(covers({ family, destination, prefix }, address)).toBe(wanted)
  })
})
