// SPDX-License-Identifier: Apache-2.0
// Messages as Linux 6.18 sent them (netlink-6.18.json, one per entry) against what they mean. The commands that
// caused them stand beside.
import { describe, expect, test } from 'vitest'
import { eventsOf } from '../src/route/events.js'
import { parseRouteTo } from '../src/route/route.js'
import { messagesIn } from '../src/route/wire.js'
import captured from './netlink-6.18.json' with { type: 'json' }

function bytesOf(name: keyof typeof captured): Uint8Array {
  return new Uint8Array(Buffer.from(captured[name].join(''), 'hex'))
}

const up = { up: true, carrier: true, loopback: false, operState: 'up' }

describe('links', () => {
  test('ip link set lo up', () => {
    const value = {
      index: 1,
      name: 'lo',
      mac: '00:00:00:00:00:00',
      mtu: 65536,
      up: true,
      carrier: true,
      loopback: true,
    }
    expect(eventsOf(bytesOf('link loopback'))).toStrictEqual([
      { type: 'link', change: 'added', value: { ...value, operState: 'unknown' } },
    ])
  })

  test('ip link add br0 address 02:00:00:00:00:05 type bridge; … up', () => {
    const value = {
      index: 2,
      name: 'br0',
      mac: '02:00:00:00:00:05',
      mtu: 1500,
      ...up,
      operState: 'down',
      kind: 'bridge',
    }
    expect(eventsOf(bytesOf('link bridge'))).toStrictEqual([
      { type: 'link', change: 'added', value: { ...value, carrier: false } },
    ])
  })

  test('ip link set vb master br0 (vb and va are a veth pair)', () => {
    const value = {
      index: 3,
      name: 'vb',
      mac: '02:00:00:00:00:02',
      mtu: 1500,
      ...up,
      operState: 'lowerlayerdown',
    }
    expect(eventsOf(bytesOf('link bridge port'))).toStrictEqual([
      { type: 'link', change: 'added', value: { ...value, kind: 'veth', parent: 4, master: 2 } },
    ])
  })

  test('ip link set va xdpgeneric obj …; ip link set vb xdp obj …', () => {
    expect(eventsOf(bytesOf('link veth generic xdp'))).toMatchObject([
      {
        value: { name: 'va', mtu: 1400, parent: 3, xdp: { mode: 'generic', programId: expect.any(Number) } },
      },
    ])
    const [native] = eventsOf(bytesOf('link veth native xdp'))
    expect(native).toMatchObject({ value: { name: 'vb', xdp: { mode: 'native' } } })
    expect(native?.type === 'link' && native.value.xdp?.programId).toBeGreaterThan(0)
  })

  test('ip link add link va name mv0 type macvlan; ip link del mv0', () => {
    const value = {
      index: 5,
      name: 'mv0',
      mac: '02:00:00:00:00:0a',
      mtu: 1400,
      up: false,
      carrier: false,
      loopback: false,
    }
    expect(eventsOf(bytesOf('link macvlan removed'))).toStrictEqual([
      { type: 'link', change: 'removed', value: { ...value, operState: 'down', kind: 'macvlan', parent: 4 } },
    ])
  })

  test('ip link set vb nomaster: a bridge that lets go of a port removes no link', () => {
    expect([...messagesIn(bytesOf('bridge port removed'))]).toMatchObject([{ type: 17 }])
    expect(eventsOf(bytesOf('bridge port removed'))).toEqual([])
  })
})

describe('addresses', () => {
  test('ip addr add 192.0.2.1/24 dev va', () => {
    const value = {
      index: 4,
      family: 4,
      address: '192.0.2.1',
      prefix: 24,
      scope: 'global',
      flags: ['permanent'],
    }
    expect(eventsOf(bytesOf('address added'))).toStrictEqual([{ type: 'address', change: 'added', value }])
  })

  test('ip addr add 2001:db8::1/64 dev va nodad', () => {
    const value = { index: 4, family: 6, address: '2001:db8::1', prefix: 64, scope: 'global' }
    expect(eventsOf(bytesOf('address6 added'))).toStrictEqual([
      { type: 'address', change: 'added', value: { ...value, flags: ['nodad', 'permanent'] } },
    ])
  })

  test('ip addr del 198.51.100.7/32 dev lo', () => {
    const value = {
      index: 1,
      family: 4,
      address: '198.51.100.7',
      prefix: 32,
      scope: 'global',
      flags: ['permanent'],
    }
    expect(eventsOf(bytesOf('address removed'))).toStrictEqual([
      { type: 'address', change: 'removed', value },
    ])
  })
})

describe('neighbours', () => {
  test('ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev va nud permanent', () => {
    const value = {
      ifindex: 4,
      family: 4,
      address: '192.0.2.9',
      mac: '02:00:00:00:00:09',
      state: 'permanent',
      flags: [],
    }
    expect(eventsOf(bytesOf('neighbour added'))).toStrictEqual([
      { type: 'neighbour', change: 'added', value },
    ])
  })

  test('ip neigh del 192.0.2.9 dev va: the last word is that it failed, without a link-layer address', () => {
    const value = { ifindex: 4, family: 4, address: '192.0.2.9', state: 'failed', flags: [] }
    expect(eventsOf(bytesOf('neighbour removed'))).toStrictEqual([
      { type: 'neighbour', change: 'removed', value },
    ])
  })
})

describe('routes', () => {
  const common = { table: 254, protocol: 3, scope: 'global', type: 'unicast', metric: 0 }
  const route = (change: 'added' | 'removed', value: object) => [
    { type: 'route', change, value: { ...common, ...value } },
  ]

  test('ip route add, and del, 203.0.113.0/24 via 192.0.2.254 dev va metric 7', () => {
    const value = {
      family: 4,
      destination: '203.0.113.0',
      prefix: 24,
      metric: 7,
      gateway: '192.0.2.254',
      ifindex: 4,
    }
    expect(eventsOf(bytesOf('route added'))).toStrictEqual(route('added', value))
    expect(eventsOf(bytesOf('route removed'))).toStrictEqual(route('removed', value))
  })

  test('ip route add default via inet6 2001:db8::fe dev va', () => {
    const value = {
      family: 6,
      destination: undefined,
      prefix: 0,
      metric: 1024,
      gateway: '2001:db8::fe',
      ifindex: 4,
    }
    expect(eventsOf(bytesOf('route6 default'))).toStrictEqual(route('added', value))
  })

  test('ip route add 198.18.0.0/15 nexthop via 192.0.2.253 weight 3 nexthop via inet6 2001:db8::fd', () => {
    const nexthops = [
      { ifindex: 4, weight: 3, gateway: '192.0.2.253' },
      { ifindex: 4, weight: 1, gateway: '2001:db8::fd' },
    ]
    const value = { family: 4, destination: '198.18.0.0', prefix: 15, nexthops }
    expect(eventsOf(bytesOf('route multipath'))).toStrictEqual(route('added', value))
  })

  test('ip route add blackhole 100.64.0.0/10', () => {
    const value = { family: 4, destination: '100.64.0.0', prefix: 10, type: 'blackhole' }
    expect(eventsOf(bytesOf('route blackhole'))).toStrictEqual(route('added', value))
  })

  test('ip route get 2001:db8:1::7', () => {
    const [answer] = messagesIn(bytesOf('route answer'))
    expect(answer && parseRouteTo(answer.payload)).toStrictEqual({
      type: 'unicast',
      ifindex: 4,
      gateway: '2001:db8::fe',
      source: '2001:db8::1',
    })
  })
})

// The machine of the captures has no VLAN devices: these bytes follow linux/if_link.h.
test('a VLAN says its id, its protocol and the link it is on', () => {
  const message =
    '60000000' +
    '10000000' +
    '00000000' +
    '00000000' + // 96 bytes, RTM_NEWLINK
    '00000100' +
    '06000000' +
    '43000100' +
    '00000000' + // AF_UNSPEC, Ethernet, index 6, up and running
    '0b000300' +
    '65302e3130300000' + // IFLA_IFNAME "e0.100"
    '08000500' +
    '03000000' + // IFLA_LINK 3
    '08000400' +
    'dc050000' + // IFLA_MTU 1500
    '24001200' + // IFLA_LINKINFO
    '09000100' +
    '766c616e00000000' + // kind "vlan"
    '14000200' +
    '06000100' +
    '64000000' +
    '06000500' +
    '88a80000' // data: id 100, protocol 0x88a8, network order
  const [event] = eventsOf(new Uint8Array(Buffer.from(message, 'hex')))
  expect(event).toMatchObject({
    type: 'link',
    value: {
      index: 6,
      name: 'e0.100',
      mtu: 1500,
      kind: 'vlan',
      parent: 3,
      vlan: { id: 100, protocol: 0x88a8 },
    },
  })
})
