// SPDX-License-Identifier: Apache-2.0
// The operator's words, right and wrong.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatProblems } from '../../../src/model/describe.js'
import { endpointText } from '../../../src/model/keys.js'
import type { Outcome } from '../../../src/model/types.js'
import * as words from '../../../src/model/words.js'

function said<T>(outcome: Outcome<T>): T | string {
  return outcome.ok ? outcome.value : formatProblems(outcome.problems)
}

describe('a VIP', () => {
  it.each([
    ['192.0.2.10:80', { address: '192.0.2.10', port: 80 }],
    ['[2001:DB8:0::1]:443', { address: '2001:db8::1', port: 443 }],
    ['192.0.2.10', '--vip: VIP 192.0.2.10 has no port; write 192.0.2.10:80'],
    ['2001:db8::1', '--vip: VIP 2001:db8::1 has no port; write [2001:db8::1]:80'],
    ['192.0.2.10:0', { address: '192.0.2.10', port: 0 }],
    ['192.0.2.10:65536', '--vip: port 65536 is above 65535; use 0..65535'],
    ['192.0.2.10:http', '--vip: port is the text "http", not a whole number; use 0..65535'],
    ['192.0.2.10:', '--vip: port is the text "", not a whole number; use 0..65535'],
    ['192.0.2.10:+80', '--vip: port is the text "+80", not a whole number; use 0..65535'],
    [
      'web:80',
      '--vip: VIP "web" is a name; names are not looked up; write it like 192.0.2.10 or 2001:db8::1',
    ],
    [
      '192.0.2.300:80',
      '--vip: VIP "192.0.2.300" is not an IP address; write it like 192.0.2.10 or 2001:db8::1',
    ],
    ['[fe80::1%eth0]:80', '--vip: VIP "fe80::1%eth0" has a zone; write fe80::1'],
    [
      '192.0.2.010:80',
      '--vip: VIP "192.0.2.010" has leading zeros, which some read as octal; write it like 192.0.2.10 or 2001:db8::1',
    ],
  ])('%s', (text, expected) => expect(said(words.parseVip(text, '--vip'))).toEqual(expected))

  it('is parsed back as it is printed', () => {
    const address = fc.constantFrom('192.0.2.10', '2001:db8::1', '203.0.113.255')
    fc.assert(
      fc.property(address, fc.integer({ min: 1, max: 65535 }), (host, port) => {
        expect(said(words.parseVip(endpointText(host, port)))).toEqual({ address: host, port })
      }),
    )
  })
})

describe('an address that no packet to one host carries is refused', () => {
  it.each([
    ['0.0.0.0', 'the unspecified address'],
    ['0.1.2.3', 'in 0.0.0.0/8, which no host has'],
    ['127.0.0.1', 'a loopback address'],
    ['224.0.0.1', 'a multicast address'],
    ['239.255.255.255', 'a multicast address'],
    ['255.255.255.255', 'the broadcast address'],
    ['::', 'the unspecified address'],
    ['::1', 'a loopback address'],
    ['fe80::1', 'link-local: it means nothing without an interface'],
    ['febf::1', 'link-local: it means nothing without an interface'],
    ['ff02::1', 'a multicast address'],
    ['::ffff:192.0.2.1', 'an IPv4-mapped address, which no packet carries'],
  ])('%s is %s', (text, kind) => {
    expect(said(words.parseRealAddress(text, 80))).toBe(
      `real ${text} is ${kind}; use the unicast address of one host`,
    )
  })

  it.each(['1.0.0.0', '126.0.0.1', '128.0.0.1', '223.255.255.255', '240.0.0.1', '::2', 'fec0::1', 'fd00::1'])(
    '%s is accepted',
    (text) => expect(said(words.parseRealAddress(text))).toBe(text),
  )
})

describe('real servers', () => {
  it('are a list with weights, in the order given', () => {
    expect(said(words.parseReals('192.0.2.22, 192.0.2.21=3,192.0.2.23=0'))).toEqual([
      { address: '192.0.2.22', weight: 1 },
      { address: '192.0.2.21', weight: 3 },
      { address: '192.0.2.23', weight: 0 },
    ])
    expect(said(words.parseReals('2001:DB8::21=2,[2001:db8::22]:80', 80))).toEqual([
      { address: '2001:db8::21', weight: 2 },
      { address: '2001:db8::22', weight: 1 },
    ])
  })

  it('are all judged, not only up to the first wrong one', () => {
    expect(
      said(
        words.parseReals('x y,192.0.2.21:81=2147483648,192.0.2.22,,192.0.2.22=1.5,192.0.2.22', 80, '--to'),
      ),
    ).toBe(
      [
        '--to: real "x y" is not an IP address; write it like 192.0.2.10 or 2001:db8::1',
        '--to: real 192.0.2.21 has port 81 but the service has 80; direct routing cannot change ports; write 192.0.2.21 and let the real server listen on 80',
        '--to: weight 2147483648 is above 2147483647; use 0..2147483647',
        '--to: real "" is not an IP address; write it like 192.0.2.10 or 2001:db8::1',
        '--to: weight is the text "1.5", not a whole number; use 0..2147483647',
        '--to: real 192.0.2.22 is listed twice; keep one of them',
      ].join('\n'),
    )
  })

  it('may be very many', () => {
    const outcome = words.parseReals(new Array(200_000).fill('?').join(','))
    expect(outcome.ok ? 0 : outcome.problems.length).toBe(200_000)
  })
})

describe('persistence', () => {
  it.each([
    ['300', 4, { timeout: 300, prefix: 32 }],
    ['300', 6, { timeout: 300, prefix: 128 }],
    ['300/24', 4, { timeout: 300, prefix: 24 }],
    ['300/255.255.255.0', 4, { timeout: 300, prefix: 24 }],
    ['300/255.0.255.0', 4, { timeout: 300, prefix: 16, mask: '255.0.255.0' }],
    ['2678400/64', 6, { timeout: 2678400, prefix: 64 }],
    ['0', 4, 'persistence timeout 0 is below 1; use 1..2678400'],
    [
      '2678401/0',
      4,
      'persistence timeout 2678401 is above 2678400; use 1..2678400\nIPv4 prefix 0 is below 1; use 1..32',
    ],
    ['300/33', 4, 'IPv4 prefix 33 is above 32; use 1..32'],
    ['300/129', 6, 'IPv6 prefix 129 is above 128; use 1..128'],
    ['300/0.0.0.0', 4, 'netmask 0.0.0.0 would make all clients one; use 128.0.0.0 or narrower'],
    ['300/255.255.255', 4, 'netmask "255.255.255" is not a dotted quad; write it like 255.255.255.0'],
    ['300/::ffff:1.2.3.4', 4, 'netmask "::ffff:1.2.3.4" is not a dotted quad; write it like 255.255.255.0'],
    ['300/255.255.255.0', 6, 'netmask "255.255.255.0" on an IPv6 service; use a prefix length 1..128'],
    ['5m', 4, 'persistence timeout is the text "5m", not a whole number; use 1..2678400'],
  ] as const)('%s for IPv%s', (text, family, expected) =>
    expect(said(words.parsePersistence(text, family))).toEqual(expected),
  )
})

describe('other words', () => {
  it.each([
    [
      () => words.parseScheduler('lcr'),
      'unknown scheduler "lcr"; use rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos or none',
    ],
    [() => words.parseProtocol('dccp'), 'unknown protocol "dccp"; use tcp, udp or sctp'],
    [() => words.parseWeight('-1'), 'weight -1 is below 0; use 0..2147483647'],
    [() => words.parsePort('1e3'), 'port is the text "1e3", not a whole number; use 1..65535'],
    [
      () => words.parsePeer('02:00:00:00:00:0G'),
      'peer "02:00:00:00:00:0G" is not a MAC address; write it like "02:00:00:00:00:01"',
    ],
    [
      () => words.parsePeer('01:00:5e:00:00:01'),
      'peer 01:00:5e:00:00:01 is multicast; use the MAC of one interface',
    ],
    [
      () => words.parsePeer('00:00:00:00:00:00'),
      'peer 00:00:00:00:00:00 is all zeros; use the MAC of one interface',
    ],
    [() => words.parsePeer('02-00-00-00-00-AB'), '02:00:00:00:00:ab'],
    [() => words.parseServiceId('udp [2001:DB8::1]:53'), { protocol: 'udp', vip: '2001:db8::1', port: 53 }],
    [() => words.parseServiceId('sctp 192.0.2.10:0'), { protocol: 'sctp', vip: '192.0.2.10', port: 0 }],
    [() => words.parseServiceId('fwm 6'), { mark: 6, family: 4 }],
    [() => words.parseServiceId(' FWM  4294967295 ipv6'), { mark: 4_294_967_295, family: 6 }],
    [() => words.parseServiceId('fwm 0'), 'mark 0 is below 1; use 1..4294967295'],
    [() => words.parseServiceId('fwm -1 ipv6'), 'mark -1 is below 1; use 1..4294967295'],
    [() => words.parseThreshold('-1'), 'threshold -1 is below 0; use 0..2147483647'],
    [() => words.parseRealId('192.0.2.21:80', 80), { address: '192.0.2.21' }],
    [() => words.parseRealId('192.0.2.21:80', 'own'), { address: '192.0.2.21', port: 80 }],
    [() => words.parseRealId('[2001:DB8::1]:0', 'own'), { address: '2001:db8::1' }],
    [
      () => words.parseRealId('192.0.2.21:80', 0),
      'real 192.0.2.21 has port 80 but the service has all ports; direct routing cannot change ports; write 192.0.2.21',
    ],
    [
      () => words.parseReals('192.0.2.21:80,192.0.2.21:81=2', 'own'),
      [
        { address: '192.0.2.21', port: 80, weight: 1 },
        { address: '192.0.2.21', port: 81, weight: 2 },
      ],
    ],
    [() => words.parseServiceId('192.0.2.10:80'), { protocol: 'tcp', vip: '192.0.2.10', port: 80 }],
    [
      () => words.parseServiceId('tcp web 80'),
      '"tcp web 80" is not a service; write it like "tcp 192.0.2.10:80" or "fwm 6"',
    ],
    [
      () => words.parseName('\u001b[31m'),
      'name "\\u001b[31m" holds control characters; use 1..128 printable characters',
    ],
    [() => words.parseListen('127.0.0.1:9612'), { host: '127.0.0.1', port: 9612 }],
    [() => words.parseListen('[::]:9612'), { host: '::', port: 9612 }],
    [() => words.parseListen(':9612'), { host: '127.0.0.1', port: 9612 }],
    [() => words.parseListen('localhost:1'), { host: 'localhost', port: 1 }],
    [() => words.parseListen('127.0.0.1'), '"127.0.0.1" has no port; write 127.0.0.1:9612'],
    [
      () => words.parseListen('127.0.0:9612'),
      '"127.0.0:9612" is not host:port; write it like 127.0.0.1:9612',
    ],
    [() => words.parseListen('a b:1'), '"a b:1" is not host:port; write it like 127.0.0.1:9612'],
  ])('%s', (parse, expected) => expect(said<unknown>(parse() as Outcome<unknown>)).toEqual(expected))

  it.each([
    ['eth0', 'eth0'],
    ['abcdefghijklmno', 'abcdefghijklmno'],
    [
      'abcdefghijklmnop',
      'interface name "abcdefghijklmnop" has 16 bytes, more than 15; use a name that `ip link` shows',
    ],
    ['éééééééé', 'interface name "éééééééé" has 16 bytes, more than 15; use a name that `ip link` shows'],
    ['a/b', "interface name \"a/b\" holds '/', ':' or white space; use a name that `ip link` shows"],
    ['a b', "interface name \"a b\" holds '/', ':' or white space; use a name that `ip link` shows"],
    ['', 'interface name "" is not possible; use a name that `ip link` shows'],
    ['..', 'interface name ".." is not possible; use a name that `ip link` shows'],
  ])('interface %j', (text, expected) => expect(said(words.parseInterfaceName(text))).toBe(expected))
})

it('any text at all gives an outcome, and every problem is one line with a fix', () => {
  const parsers = [
    words.parseVip,
    words.parseServiceId,
    words.parseWeight,
    words.parsePort,
    words.parseScheduler,
    words.parseProtocol,
    words.parseName,
    words.parseInterfaceName,
    words.parsePeer,
    words.parseListen,
    (text: string) => words.parseReals(text, 80),
    (text: string) => words.parsePersistence(text, 4),
    (text: string) => words.parsePersistence(text, 6),
  ] as ((text: string) => Outcome<unknown>)[]
  const near = fc.string({ unit: fc.constantFrom(...'0123456789abf:.[]/=,-% \n\t\u0000'), maxLength: 30 })
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), near), (text) => {
      for (const parse of parsers) {
        const outcome = parse(text)
        if (outcome.ok) continue
        expect(outcome.problems.length).toBeGreaterThan(0)
        for (const problem of outcome.problems) {
          expect(problem.reason).not.toMatch(/\p{Cc}/u)
          expect(problem.fix).toBeTruthy()
        }
      }
    }),
    { numRuns: 1_000 },
  )
})
