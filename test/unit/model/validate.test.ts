// SPDX-License-Identifier: Apache-2.0
// A Desired that some program made is judged as strictly as a file.
import { describe, expect, it } from 'vitest'
import { formatProblem } from '../../../src/model/describe.js'
import {
  DEFAULT_LIMITS,
  DEFAULT_TIMEOUTS,
  DEFAULT_TUNABLES,
  type Desired,
  type Service,
} from '../../../src/model/types.js'
import { validateDesired } from '../../../src/model/validate.js'

const SERVICE: Service = {
  vip: '192.0.2.10',
  port: 80,
  protocol: 'tcp',
  scheduler: 'rr',
  owner: 'file',
  reals: [{ address: '192.0.2.21', weight: 1 }],
}
const GOOD: Desired = {
  interfaces: [{ name: 'eth0', mode: 'native' }],
  services: [SERVICE],
  peers: ['02:00:00:00:00:01'],
  marks: [],
  timeouts: DEFAULT_TIMEOUTS,
  tunables: DEFAULT_TUNABLES,
  limits: DEFAULT_LIMITS,
}

const said = (desired: Desired) => validateDesired(desired).map(formatProblem)
const withService = (service: Partial<Service>): Desired => ({
  ...GOOD,
  services: [{ ...SERVICE, ...service } as Service],
})

it('a good one has no problems', () => expect(said(GOOD)).toEqual([]))

describe('each value is judged, and its path is named', () => {
  it.each<[Desired, string]>([
    [
      withService({ vip: '127.0.0.1' }),
      'services[0].vip: VIP 127.0.0.1 is a loopback address; use the unicast address of one host',
    ],
    [withService({ port: -1 }), 'services[0].port: port -1 is below 0; use 0..65535'],
    [
      withService({ port: 0 }),
      'services[0].vip: port 0 stands for all ports, which only a persistent service can have; give persistence, or one port',
    ],
    [
      withService({ protocol: 'dccp' as never }),
      'services[0].protocol: unknown protocol "dccp"; use tcp, udp or sctp',
    ],
    [
      withService({ scheduler: 'lcr' as never }),
      'services[0].scheduler: unknown scheduler "lcr"; use rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos or none',
    ],
    [withService({ name: '' }), 'services[0].name: name is empty; use 1..128 printable characters'],
    [
      withService({ persistence: { timeout: 1, prefix: 33 } }),
      'services[0].persistence: IPv4 prefix 33 is above 32; use 1..32',
    ],
    [
      withService({ persistence: { timeout: 1, prefix: 1, mask: 'x' } }),
      'services[0].persistence: netmask "x" is not a dotted quad; write it like 255.255.255.0',
    ],
    [
      withService({ reals: [{ address: '192.0.2.21', weight: 1.5 }] }),
      'services[0].reals[0].weight: weight 1.5 is not a whole number; use 0..2147483647',
    ],
    [
      withService({ reals: [{ address: '192.0.2.21', weight: 1, name: '\n' }] }),
      'services[0].reals[0].name: name "\\n" holds control characters; use 1..128 printable characters',
    ],
    [
      withService({ vip: '2001:DB8::1', reals: [] }),
      'services[0].vip: VIP 2001:DB8::1 is not canonical; write 2001:db8::1',
    ],
    [
      { ...GOOD, interfaces: [{ name: 'a b', mode: 'native' }] },
      "interfaces[0].name: interface name \"a b\" holds '/', ':' or white space; use a name that `ip link` shows",
    ],
    [
      { ...GOOD, interfaces: [{ name: 'a', mode: 'skb' as never }] },
      'interfaces[0].mode: unknown mode "skb"; use native or generic',
    ],
    [
      { ...GOOD, peers: ['02:00:00:00:00:0A'] },
      'peers[0]: peer "02:00:00:00:00:0A" is not canonical; write 02:00:00:00:00:0a',
    ],
    [{ ...GOOD, peers: ['x'] }, 'peers[0]: peer "x" is not a MAC address; write it like "02:00:00:00:00:01"'],
    [
      { ...GOOD, timeouts: { ...DEFAULT_TIMEOUTS, udp: 0 } },
      'timeouts.udp: timeout udp 0 is below 1; use 1..2678400',
    ],
    [
      { ...GOOD, limits: { ...DEFAULT_LIMITS, ifindex: 15 } },
      'limits.ifindex: ifindex 15 is below 16; use 16..1048575',
    ],
    [
      { ...GOOD, metrics: { host: '::', port: 65_536 } },
      'metrics.port: port 65536 is above 65535; use 1..65535',
    ],
    [
      { ...GOOD, metrics: { host: '::', port: 1, level: 'all' as never } },
      'metrics.level: unknown level "all"; use interface, service or real',
    ],
    [
      { ...GOOD, metrics: { host: '::', port: 1, series: 0 } },
      'metrics.series: series 0 is below 1000; use 1000..10000000',
    ],
  ])('case %#', (desired, expected) => expect(said(desired)).toEqual([expected]))
})

it('what stands between values names both places', () => {
  const other: Service = { ...SERVICE, vip: '192.0.2.11', reals: [{ address: '192.0.2.10', weight: 1 }] }
  expect(
    said({
      ...GOOD,
      services: [SERVICE, SERVICE, other],
      interfaces: [...GOOD.interfaces, ...GOOD.interfaces],
    }),
  ).toEqual([
    'interfaces[1]: interface eth0 is listed twice, first as interfaces[0]; keep one of them',
    'services[1].vip: service tcp 192.0.2.10:80 is listed twice, first as services[0].vip; keep one of them',
    "services[2].reals[0]: real 192.0.2.10 is also a VIP, first as services[0].vip; use the real server's own address; a VIP would lead its packets back to the director",
  ])
})

it('what no limit can hold is not met by advice to raise the limit', () => {
  const reals = (block: number) =>
    Array.from({ length: 4_096 }, (_, i) => ({ address: `10.${block}.${i >> 8}.${i & 255}`, weight: 1 }))
  const services = Array.from({ length: 65 }, (_, i) => ({ ...SERVICE, port: i + 1, reals: reals(i) }))
  expect(said({ ...GOOD, services, limits: { ...DEFAULT_LIMITS, reals: 262_143 } })).toEqual([
    'services[63].reals[4095]: there are 266240 reals, more than limits.reals 262143; take some away',
  ])
})
