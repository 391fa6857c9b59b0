// SPDX-License-Identifier: Apache-2.0
// Wrong values of a file, alone and between each other: each with its place, the reason and the fix.
import { describe, expect, it } from 'vitest'
import { parseYaml } from '../../../src/config/yaml.js'
import { formatProblem } from '../../../src/model/describe.js'

function problems(text: string): string[] {
  const outcome = parseYaml(text, 'lb.yaml')
  return outcome.ok ? [] : outcome.problems.map(formatProblem)
}

describe('a value that is wrong', () => {
  it.each([
    ['metrics: 127.0.0.1', '"127.0.0.1" has no port; write 127.0.0.1:9612', '1:10'],
    [
      'metrics: 9612',
      'metrics is the number 9612; write 127.0.0.1:9612, or {listen: 127.0.0.1:9612, level: service}',
      '1:10',
    ],
    [
      'metrics:',
      'metrics is empty; write 127.0.0.1:9612, or {listen: 127.0.0.1:9612, level: service}',
      '1:9',
    ],
    ['metrics: {level: real}', 'listen is missing; write it like listen: 127.0.0.1:9612', '1:10'],
    [
      'metrics: {listen: ":9612", level: reals}',
      'unknown level "reals"; use interface, service or real',
      '1:35',
    ],
    ['metrics: {listen: ":9612", series: 0}', 'series 0 is below 1000; use 1000..10000000', '1:36'],
    ['metrics: {listen: ":9612", series: -5}', 'series -5 is below 1000; use 1000..10000000', '1:36'],
    ['metrics: {listen: ":9612", names: [ipvs]}', 'unknown names "ipvs"; use node_ipvs', '1:36'],
    ['metrics: {listen: ":9612", cap: 5}', 'unknown key "cap"; use listen, level, series or names', '1:28'],
    ['interfaces: eth0', 'interfaces is the text "eth0"; write a list: [eth0]', '1:13'],
    ['interfaces: [1]', 'interface is the number 1; write a name, or {name: eth0, mode: generic}', '1:14'],
    ['interfaces: [{}]', 'name is missing; write it like name: eth0', '1:14'],
    [
      'interfaces: [a/b]',
      "interface name \"a/b\" holds '/', ':' or white space; use a name that `ip link` shows",
      '1:14',
    ],
    [
      'interfaces: [sixteen-bytes-xx]',
      'interface name "sixteen-bytes-xx" has 16 bytes, more than 15; use a name that `ip link` shows',
      '1:14',
    ],
    ['interfaces: [{name: eth0, mode: skb}]', 'unknown mode "skb"; use native or generic', '1:33'],
    [
      'interfaces: [eth0, {name: eth0}]',
      'interface eth0 is listed twice, first at lb.yaml:1:14; keep one of them',
      '1:20',
    ],
    [
      'peers: ["02:00:00:00:00"]',
      'peer "02:00:00:00:00" is not a MAC address; write it like "02:00:00:00:00:01"',
      '1:9',
    ],
    [
      'peers: ["02:00:00:00:00:01", 02-00-00-00-00-01]',
      'peer 02:00:00:00:00:01 is listed twice, first at lb.yaml:1:9; keep one of them',
      '1:30',
    ],
    ['limits: {connections: 1023}', 'connections 1023 is below 1024; use 1024..67108864', '1:23'],
    ['limits: {templates: 16777217}', 'templates 16777217 is above 16777216; use 256..16777216', '1:21'],
    ['limits: {services: 0}', 'services 0 is below 1; use 1..65536', '1:20'],
    ['limits: {reals: 262144}', 'reals 262144 is above 262143; use 1..262143', '1:17'],
    ['limits: {interfaces: 65}', 'interfaces 65 is above 64; use 1..64', '1:22'],
    ['limits: {ifindex: 15}', 'ifindex 15 is below 16; use 16..1048575', '1:19'],
    ['limits: {reals: many}', 'reals is the text "many", not a whole number; use 1..262143', '1:17'],
    ['limits: {service: 3}', 'unknown key "service"; write services', '1:10'],
    ['timeouts: {tcp: 2678401}', 'timeout tcp 2678401 is above 2678400; use 1..2678400', '1:17'],
    ['timeouts: {udp: .nan}', 'timeout udp is the number NaN, not a whole number; use 1..2678400', '1:17'],
    ['tunables: {secure_tcp: 4}', 'secure_tcp 4 is above 3; use 0..3', '1:24'],
    ['tunables: {secure-tcp: 3}', 'unknown tunable "secure-tcp"; write secure_tcp', '1:12'],
    [
      'tunables: {net.ipv4.vs.conntrack: 1}',
      'conntrack belongs to NAT, which xlvs does not do; leave it out',
      '1:12',
    ],
    [
      'tunables: {drop_entry: 1, net.ipv4.vs.drop_entry: 1}',
      'tunable drop_entry is listed twice, first at lb.yaml:1:24; keep one of them',
      '1:51',
    ],
    ['timeouts: 900', 'timeouts is the number 900; write a map of tcp, tcpfin, udp', '1:11'],
    ['peer: []', 'unknown key "peer"; write peers', '1:1'],
    [
      '__proto__: {a: 1}',
      'unknown key "__proto__"; use interfaces, metrics, console, events, log, vrrp, peers, limits, timeouts, tunables, marks or services',
      '1:1',
    ],
    [
      'constructor: 1',
      'unknown key "constructor"; use interfaces, metrics, console, events, log, vrrp, peers, limits, timeouts, tunables, marks or services',
      '1:1',
    ],
    ['? [a]\n: 1', 'a key is not a word; write "key: value", with text that holds : in quotes', '1:3'],
    [
      'peers: *nowhere',
      'there is no anchor "&nowhere" before this alias; define it first, or put text that starts with * in quotes',
      '1:8',
    ],
  ])('%s', (text, expected, place) => {
    expect(problems(`${text}\nservices: []`)).toContain(`lb.yaml:${place}: ${expected}`)
  })

  it.each([
    ['weight: 2147483648', 'weight 2147483648 is above 2147483647; use 0..2147483647'],
    ['weight: -1', 'weight -1 is below 0; use 0..2147483647'],
    ['weight: 1.5', 'weight 1.5 is not a whole number; use 0..2147483647'],
    ['weight: 1e400', 'weight Infinity is above 2147483647; use 0..2147483647'],
    ['weight: "3"', 'weight is the text "3", not a whole number; use 0..2147483647'],
    ['weight: true', 'weight is true, not a whole number; use 0..2147483647'],
    ['weight:', 'weight is empty, not a whole number; use 0..2147483647'],
  ])('real server with %s', (text, expected) => {
    const file = `services:\n  - vip: 192.0.2.10:80\n    reals:\n      - address: 192.0.2.21\n        ${text}\n`
    const column = text === 'weight:' ? 16 : 17
    expect(problems(file)).toEqual([`lb.yaml:5:${column}: ${expected}`])
  })

  it.each([
    [
      '192.0.2.22:81',
      'real 192.0.2.22 has port 81 but the service has 80; direct routing cannot change ports; write 192.0.2.22 and let the real server listen on 80',
    ],
    [
      '{address: "192.0.2.22:81"}',
      'real 192.0.2.22 has port 81 but the service has 80; direct routing cannot change ports; write 192.0.2.22 and let the real server listen on 80',
    ],
    ['192.0.2.22=3', 'real "192.0.2.22=3" is not an IP address; write it like 192.0.2.10 or 2001:db8::1'],
    [
      '2001:db8::21',
      'real 2001:db8::21 is IPv6 but VIP 192.0.2.10 is IPv4; direct routing cannot translate; use an IPv4 address of the real server',
    ],
    [
      '192.0.2.10',
      "real 192.0.2.10 is also a VIP, first at lb.yaml:2:10; use the real server's own address; a VIP would lead its packets back to the director",
    ],
    ['224.0.0.1', 'real 224.0.0.1 is a multicast address; use the unicast address of one host'],
    [
      '{address: 192.0.2.22, port: 81}',
      'real 192.0.2.22 has port 81 but the service has 80; direct routing cannot change ports; write 192.0.2.22 and let the real server listen on 80',
    ],
    ['{address: "192.0.2.22:80", port: 80}', 'real 192.0.2.22 has two ports; keep one of them'],
    [
      '{address: 192.0.2.22, upper: 3, lower: 4}',
      'lower threshold 4 is above upper threshold 3; use 0..3, or raise upper',
    ],
    ['{address: 192.0.2.22, lower: 4}', 'lower threshold 4 is above upper threshold 0; give upper too'],
    ['{address: 192.0.2.22, upper: -1}', 'upper -1 is below 0; use 0..2147483647'],
    ['{weight: 3}', 'address is missing; write it like address: 192.0.2.21'],
    ['[192.0.2.22]', 'real is a list; write an address, or {address: 192.0.2.21, weight: 3}'],
    [
      '"2001:db8::":',
      'unknown key "2001:db8::"; use address, port, weight, upper, lower, name, checks, passive, on-down or notify',
    ],
  ])('real server %s', (text, expected) => {
    const found = problems(`services:\n  - vip: 192.0.2.10:80\n    reals:\n      - ${text}\n`)
    expect(found.map((line) => line.replace(/^lb.yaml:4:\d+: /, ''))).toContain(expected)
  })

  it.each([
    ['vip: 192.0.2.10', 'VIP 192.0.2.10 has no port; write 192.0.2.10:80'],
    ['vip: 192.0.2.10:65536', 'port 65536 is above 65535; use 0..65535'],
    [
      'vip: 192.0.2.10:0',
      'port 0 stands for all ports, which only a persistent service can have; give persistence, or one port',
    ],
    [
      'vip: "[192.0.2.10]:80"',
      'VIP "[192.0.2.10]" is not an IP address; write it like 192.0.2.10 or 2001:db8::1',
    ],
    ['vip: 127.0.0.1:80', 'VIP 127.0.0.1 is a loopback address; use the unicast address of one host'],
    ['vip: 80', 'vip is the number 80; write text like 192.0.2.10:80'],
    [
      'scheduler: lcr',
      'unknown scheduler "lcr"; use rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos or none',
    ],
    ['protocol: UDP', 'unknown protocol "UDP"; use tcp, udp or sctp'],
    ['mark: 6', 'the service has a vip and a mark; keep one of them'],
    ['family: ipv6', 'family is for services of a mark; leave it out: the VIP has its own'],
    [
      'one-packet: true',
      'one-packet scheduling is for UDP and for marks, not for tcp; leave it out, or use protocol udp',
    ],
    ['one-packet: yes', 'one-packet is the text "yes"; write true or false'],
    ['flags: sh-port', 'flags is the text "sh-port"; write a list: [sh-port]'],
    ['flags: [sh-port]', 'flag sh-port is not for scheduler wlc; use scheduler sh, or leave the flag out'],
    [
      'flags: [port]',
      'unknown scheduler flag "port"; use sh-fallback, sh-port, mh-fallback, mh-port, flag-1, flag-2 or flag-3',
    ],
    ['persistence: 0', 'persistence 0 is below 1; use 1..2678400'],
    ['persistence: 300/24', 'persistence is the text "300/24"; write seconds, or {timeout: 300, prefix: 24}'],
    ['persistence: {timeout: 2678401}', 'persistence timeout 2678401 is above 2678400; use 1..2678400'],
    ['persistence: {prefix: 24}', 'persistence timeout is empty, not a whole number; use 1..2678400'],
    ['persistence: {timeout: 300, prefix: 33}', 'IPv4 prefix 33 is above 32; use 1..32'],
    ['persistence: {timeout: 300, prefix: 129}', 'prefix 129 is above 128; use 1..128'],
    [
      'persistence: {timeout: 300, prefix: 24, netmask: 255.0.0.0}',
      'persistence has a netmask and a prefix; keep one of them',
    ],
    [
      'persistence: {timeout: 300, netmask: 0.0.0.0}',
      'netmask 0.0.0.0 would make all clients one; use 128.0.0.0 or narrower',
    ],
    ['persistence: {timeout: 300, netmask: 24}', 'netmask is the number 24; write text like 255.255.255.0'],
    ['name: ""', 'name is empty; use 1..128 printable characters'],
    ['name: 80', 'name is the number 80; write text like "web"'],
    [
      'wieght: 3',
      'unknown key "wieght"; use name, vip, mark, family, protocol, scheduler, flags, persistence, one-packet, checks, health or reals',
    ],
    ['shceduler: rr', 'unknown key "shceduler"; write scheduler'],
    ['reals: 192.0.2.21', 'reals is the text "192.0.2.21"; write a list of real servers, or [] for none'],
    ['reals:', 'reals is empty; write a list of real servers, or [] for none'],
  ])('service with %s', (text, expected) => {
    const key = text.split(':')[0]
    const rest = ['vip: 192.0.2.10:80', 'reals: []'].filter((line) => !line.startsWith(`${key}:`))
    const found = problems(`services:\n  - ${[text, ...rest].join('\n    ')}\n`)
    expect(found.map((line) => line.replace(/^lb.yaml:2:\d+: /, ''))).toEqual([expected])
  })

  it.each([
    [
      '{mark: 6, protocol: tcp}',
      'the service of a mark has a protocol; leave it out: mark rules say which protocols',
    ],
    ['{mark: 6, family: 6}', 'family is the number 6; use ipv4 or ipv6'],
    ['{mark: 0}', 'mark 0 is below 1; use 1..4294967295'],
    ['{mark: 4294967296}', 'mark 4294967296 is above 4294967295; use 1..4294967295'],
    ['{}', 'vip is missing; write it like vip: 192.0.2.10:80, or mark: 6 for packets with a mark'],
    [
      '{shceduler: rr}',
      'vip is missing; write it like vip: 192.0.2.10:80, or mark: 6 for packets with a mark\nunknown key "shceduler"; write scheduler',
    ],
    [
      '{mark: 6, family: ipv6, reals: [192.0.2.21]}',
      'real 192.0.2.21 is IPv4 but fwm 6 ipv6 is IPv6; direct routing cannot translate; use an IPv6 address of the real server',
    ],
    [
      '{mark: 6, reals: [192.0.2.21:80, 192.0.2.21:80]}',
      'real 192.0.2.21:80 is listed twice, first at lb.yaml:2:23; keep one of them',
    ],
    ['{mark: 6, reals: [192.0.2.21:80, 192.0.2.21:81, 192.0.2.21]}', ''],
    [
      '{mark: 6, one-packet: true, persistence: {timeout: 9, prefix: 33}}',
      'IPv4 prefix 33 is above 32; use 1..32',
    ],
  ])('service %s', (text, expected) => {
    const whole = text.includes('reals')
      ? text
      : text.replace(/}$/, text === '{}' ? 'reals: []}' : ', reals: []}')
    const found = problems(`services:\n  - ${whole}\n`)
    expect(found.map((line) => line.replace(/^lb.yaml:2:\d+: /, '')).join('\n')).toBe(expected)
  })

  it.each([
    ['{vip: 192.0.2.10, ports: 80}', 'mark is empty, not a whole number; use 1..4294967295'],
    [
      '{vip: 192.0.2.10:80, ports: 80, mark: 6}',
      'VIP "192.0.2.10:80" is not an IP address; write it like 192.0.2.10 or 2001:db8::1',
    ],
    ['{vip: 192.0.2.10, ports: [], mark: 6}', 'ports are missing; write ports like 80,443,1000:2000'],
    ['{vip: 192.0.2.10, ports: {}, mark: 6}', 'ports is a map; write ports like 80,443,1000:2000'],
    ['{vip: 192.0.2.10, ports: 65536, mark: 6}', 'port 65536 is above 65535; use 0..65535'],
    ['{vip: 192.0.2.10, ports: 2:1, mark: 6}', 'range 2:1 ends before it begins; write 1:2'],
    ['{vip: 192.0.2.10, ports: http, mark: 6}', 'port is the text "http", not a whole number; use 0..65535'],
    ['{vip: 192.0.2.10, ports: [80, ""], mark: 6}', '"" is not a port; write ports like 80,443,1000:2000'],
  ])('mark %s', (text, expected) => {
    const found = problems(`marks:\n  - ${text}\nservices: []\n`)
    expect(found.map((line) => line.replace(/^lb.yaml:2:\d+: /, ''))).toEqual([expected])
  })

  it('of IPv6 persistence is a netmask', () => {
    const text =
      'services:\n  - {vip: "[2001:db8::1]:80", reals: [], persistence: {timeout: 1, netmask: 255.0.0.0}}'
    expect(problems(text)).toEqual([
      'lb.yaml:2:77: netmask "255.0.0.0" on an IPv6 service; use a prefix length 1..128',
    ])
  })
})

describe('what only shows between values', () => {
  it('is found across the whole file: services twice, keys twice, a VIP that is a real server elsewhere', () => {
    const text = `services:
  - vip: 192.0.2.10:80
    reals: [192.0.2.21, 192.0.2.21]
  - vip: 192.0.2.11:80
    vip: 192.0.2.12:80
    reals: [192.0.2.10]
  - vip: 192.0.2.10:80
    protocol: tcp
    reals: []
  - vip: "[2001:db8::1]:80"
    reals: [2001:db8:0::1, "2001:DB8::2", 2001:db8::2]
`
    expect(problems(text)).toEqual([
      'lb.yaml:3:25: real 192.0.2.21 is listed twice, first at lb.yaml:3:13; keep one of them',
      'lb.yaml:5:5: key "vip" is there twice, first at lb.yaml:4:5; keep one of them',
      "lb.yaml:6:13: real 192.0.2.10 is also a VIP, first at lb.yaml:2:10; use the real server's own address; a VIP would lead its packets back to the director",
      'lb.yaml:7:10: service tcp 192.0.2.10:80 is listed twice, first at lb.yaml:2:10; keep one of them',
      "lb.yaml:11:13: real 2001:db8::1 is also a VIP, first at lb.yaml:10:10; use the real server's own address; a VIP would lead its packets back to the director",
      'lb.yaml:11:43: real 2001:db8::2 is listed twice, first at lb.yaml:11:28; keep one of them',
    ])
  })

  it('is found between marks, services and real servers', () => {
    const text = `marks:
  - {vip: 192.0.2.10, ports: "80,443", mark: 6}
  - {vip: 192.0.2.10, ports: 400:500, mark: 7}
  - {vip: 192.0.2.10, protocol: udp, ports: 443, mark: 7}
  - {vip: 192.0.2.10, ports: 80, mark: 6}
services:
  - {mark: 6, reals: [192.0.2.10]}
  - {mark: 6, family: ipv6, reals: []}
  - {mark: 6, family: ipv4, reals: []}
`
    expect(problems(text)).toEqual([
      'lb.yaml:3:30: tcp 192.0.2.10:443 carries mark 6 already, first at lb.yaml:2:30; leave 443 out, or take that mark away',
      "lb.yaml:7:23: real 192.0.2.10 is also a VIP, first at lb.yaml:2:11; use the real server's own address; a VIP would lead its packets back to the director",
      'lb.yaml:9:12: service fwm 6 is listed twice, first at lb.yaml:7:12; keep one of them',
    ])
  })

  it('counts the VIPs of marks among those that limits.services has room for', () => {
    const text = `limits: {services: 1}
marks: [{vip: 192.0.2.10, ports: 80, mark: 6}, {vip: 192.0.2.11, ports: 80, mark: 6}]
services: [{mark: 6, reals: []}]
`
    expect(problems(text)).toEqual([
      'lb.yaml:2:54: there are 2 VIPs of services and marks, more than limits.services 1; raise limits.services to 2 or more',
    ])
  })

  it('is found beside values that are wrong themselves, everything in the order of the file', () => {
    const text = `interfaces: [eth0, eth0]
services:
  - vip: 192.0.2.10:80
    scheduler: lcr
    reals: [{address: 192.0.2.21, weight: 2147483648}, 192.0.2.21]
metrics: here
`
    expect(problems(text).map((line) => line.split(' ')[0])).toEqual([
      'lb.yaml:1:20:',
      'lb.yaml:4:16:',
      'lb.yaml:5:43:',
      'lb.yaml:5:56:',
      'lb.yaml:6:10:',
    ])
  })

  it('names the first thing that is one too many for the limits', () => {
    const text = `limits: {services: 1, reals: 2, interfaces: 1}
interfaces: [a, b]
services:
  - {vip: "192.0.2.10:80", reals: [192.0.2.21]}
  - {vip: "192.0.2.10:81", reals: [192.0.2.21, 192.0.2.22]}
`
    expect(problems(text)).toEqual([
      'lb.yaml:2:17: there are 2 interfaces, more than limits.interfaces 1; raise limits.interfaces to 2 or more',
      'lb.yaml:5:5: there are 2 services, more than limits.services 1; raise limits.services to 2 or more',
      'lb.yaml:5:48: there are 3 reals, more than limits.reals 2; raise limits.reals to 3 or more',
    ])
  })

  it('allows 4096 real servers in a service and not one more', () => {
    const file = (count: number) =>
      `services:\n- vip: 192.0.2.10:80\n  reals:\n${Array.from({ length: count }, (_, i) => `  - 10.0.${i >> 8}.${i & 255}\n`).join('')}`
    expect(problems(file(4_096))).toEqual([])
    expect(problems(file(4_097))).toEqual([
      'lb.yaml:4100:5: the service has 4097 reals, more than 4096; take some away',
    ])
  })

  it('is said once when an alias repeats it', () => {
    const text = `services:
  - {vip: "192.0.2.10:80", reals: &pool [127.0.0.1]}
  - {vip: "192.0.2.10:81", reals: *pool}`
    expect(problems(text)).toEqual([
      'lb.yaml:2:42: real 127.0.0.1 is a loopback address; use the unicast address of one host',
    ])
  })
})
