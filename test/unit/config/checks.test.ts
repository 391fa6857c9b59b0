// SPDX-License-Identifier: Apache-2.0
// Health checking in a file: what its words mean, and what is wrong with them, where, and how it is mended.
import { describe, expect, it } from 'vitest'
import { printYaml } from '../../../src/config/print.js'
import { parseYaml } from '../../../src/config/yaml.js'
import { type Check, DEFAULT_HEALTH, DEFAULT_PASSIVE, DEFAULT_TIMING } from '../../../src/model/checks.js'
import { formatProblem } from '../../../src/model/describe.js'
import type { Service } from '../../../src/model/types.js'

const file = (lines: string, vip = 'vip: 192.0.2.10:80', real = '192.0.2.21') =>
  `services:\n  - ${vip}\n    reals: [${real}]\n    ${lines.replaceAll('\n', '\n    ')}\n`

function service(lines: string, vip?: string, real?: string): Service {
  const outcome = parseYaml(file(lines, vip, real), 'lb.yaml')
  if (!outcome.ok) throw new Error(outcome.problems.map(formatProblem).join('\n'))
  return outcome.value.services[0] as Service
}

/** Without the place, which is line 4 everywhere. */
function wrong(lines: string, vip?: string, real?: string): string[] {
  const outcome = parseYaml(file(lines, vip, real), 'lb.yaml')
  return outcome.ok ? [] : outcome.problems.map((p) => formatProblem(p).replace(/^lb.yaml:4:/, ''))
}

const check = (text: string, vip?: string) => service(`checks: [${text}]`, vip).checks?.[0]
const VIP = { ...DEFAULT_TIMING, via: 'vip' } as const
const ASK = { path: '/', method: 'GET' }

describe('a check', () => {
  it.each<[string, object]>([
    ['tcp', { kind: 'tcp', ...VIP }],
    ['icmp', { kind: 'icmp', ...VIP }],
    ['tls', { kind: 'tls', ...VIP }],
    ['udp', { kind: 'udp', ...VIP }],
    ['grpc', { kind: 'grpc', service: '', ...VIP }],
    ['dns', { kind: 'dns', type: 'SOA', name: '.', ...VIP }],
    ['http', { kind: 'http', asks: [ASK], version: '1.1', ...VIP }],
    ['https', { kind: 'https', asks: [ASK], version: '1.1', ...VIP }],
    ['{kind: tcp, via: real, port: 8080}', { kind: 'tcp', ...DEFAULT_TIMING, via: 'real', port: 8080 }],
    ['{kind: tcp, interval: 500ms, timeout: 0.25}', { kind: 'tcp', ...VIP, interval: 0.5, timeout: 0.25 }],
    ['{kind: tcp, interval: 1m, back-off: 1.5h}', { kind: 'tcp', ...VIP, interval: 60, backOff: 5400 }],
    ['{kind: tcp, retry-interval: 0s, warmup: 2s}', { kind: 'tcp', ...VIP, retryInterval: 0, warmup: 2 }],
    [
      '{kind: tcp, address: 2001:DB8::1, port: 1}',
      { kind: 'tcp', ...DEFAULT_TIMING, via: 'real', address: '2001:db8::1', port: 1 },
    ],
    ['{kind: tcp, bind: 192.0.2.1, bind-port: 9}', { kind: 'tcp', ...VIP, bind: '192.0.2.1', bindPort: 9 }],
    [
      '{kind: http, path: /a, status: 200, body: ok, host: a.b}',
      {
        kind: 'http',
        asks: [{ path: '/a', method: 'GET', status: [[200, 200]], body: { contains: 'ok' } }],
        host: 'a.b',
        version: '1.1',
        ...VIP,
      },
    ],
    [
      '{kind: http, asks: [/a, {path: /b, status: "200-299, 404", body: {matches: ^ok}}]}',
      {
        kind: 'http',
        asks: [
          { path: '/a', method: 'GET' },
          {
            path: '/b',
            method: 'GET',
            status: [
              [200, 299],
              [404, 404],
            ],
            body: { matches: '^ok' },
          },
        ],
        version: '1.1',
        ...VIP,
      },
    ],
    [
      `{kind: https, digest: ${'AB'.repeat(16)}, headers: {X-A: "1"}, sni: a.b, verify: true}`,
      {
        kind: 'https',
        asks: [{ ...ASK, digest: 'ab'.repeat(16) }],
        headers: { 'X-A': '1' },
        sni: 'a.b',
        verify: true,
        version: '1.1',
        ...VIP,
      },
    ],
    [
      '{kind: udp, payload: "00FF", require-reply: true, reply: "0A??", max-reply: 9}',
      { kind: 'udp', payload: '00ff', requireReply: true, reply: '0a??', maxReply: 9, ...VIP },
    ],
    [
      '{kind: script, command: /bin/true}',
      { kind: 'script', command: ['/bin/true'], ...DEFAULT_TIMING, via: 'real' },
    ],
    [
      '{kind: script, command: [/bin/a, -b], user: nobody, dynamic-weight: true}',
      {
        kind: 'script',
        command: ['/bin/a', '-b'],
        user: 'nobody',
        dynamicWeight: true,
        ...DEFAULT_TIMING,
        via: 'real',
      },
    ],
  ])('%s', (text, expected) => expect(check(text)).toEqual(expected))

  it('of a mark goes to the real server itself', () => {
    expect(service('checks: [tcp]', 'mark: 6', '192.0.2.21:80').checks).toMatchObject([{ via: 'real' }])
  })

  it('that says nothing but its kind is printed as a word', () => {
    const text = 'checks: [tcp, {kind: http, path: /health, interval: 2, via: vip}, {kind: dns, type: SOA}]'
    const outcome = parseYaml(file(text), 'lb.yaml')
    const printed = outcome.ok ? printYaml(outcome.value) : ''
    expect(printed).toContain(
      '    checks:\n      - tcp\n      - kind: http\n        path: /health\n      - dns\n',
    )
  })
})

describe('health', () => {
  it.each<[string, object]>([
    ['{}', {}],
    ['{quorum: 3, hysteresis: 1, on-down: remove}', { quorum: 3, hysteresis: 1, onDown: 'remove' }],
    ['{sorry: 192.0.2.99:80, sorry-inhibit: true}', { sorry: { address: '192.0.2.99' }, sorryInhibit: true }],
    ['{alpha: true, omega: true, fail-open: true}', { alpha: true, omega: true, failOpen: true }],
    ['{alpha: false, passive: false}', {}],
    ['{slow-start: 1m, passive: true}', { slowStart: 60, passive: DEFAULT_PASSIVE }],
    ['{passive: {retries: 5, pause: 500ms}}', { passive: { retries: 5, pause: 0.5, most: 300 } }],
    ['{passive: {pause: 10m}}', { passive: { retries: 3, pause: 600, most: 600 } }],
    ['{notify: {up: /bin/a, down: [/bin/a, x]}}', { notify: { up: ['/bin/a'], down: ['/bin/a', 'x'] } }],
  ])('%s', (text, expected) => {
    expect(service(`health: ${text}`).health).toEqual({ ...DEFAULT_HEALTH, ...expected })
  })

  it('of one real server says what is its own', () => {
    const real = '{address: 192.0.2.21, checks: [], passive: false, on-down: remove, notify: {up: /bin/a}}'
    expect(service('checks: [tcp]', undefined, real).reals).toEqual([
      {
        address: '192.0.2.21',
        weight: 1,
        checks: [],
        passive: false,
        onDown: 'remove',
        notify: { up: ['/bin/a'] },
      },
    ])
  })
})

describe('what is wrong in a check', () => {
  it.each([
    ['ping', '14: unknown check "ping"; use tcp, http, https, tls, dns, udp, icmp, grpc or script'],
    ['3', '14: check is the number 3; write a kind like tcp, or {kind: http, path: /health}'],
    ['{path: /}', '14: kind is missing; write it first, like {kind: http, path: /health}'],
    ['{kind: ping}', '21: unknown check "ping"; use tcp, http, https, tls, dns, udp, icmp, grpc or script'],
    ['script', '14: a script check needs its command; write {kind: script, command: /path/to/it}'],
    ['{kind: tcp, prot: 80}', '26: unknown key "prot"; write port'],
    ['{kind: icmp, port: 80}', '27: unknown key "port"; use'],
    ['{kind: tcp, interval: 0}', '36: interval 0 s is below 0.1; use 0.1..86400 seconds'],
    ['{kind: tcp, timeout: 50ms}', '35: timeout 0.05 s is below 0.1; use 0.1..86400 seconds'],
    [
      '{kind: tcp, interval: fast}',
      '36: interval "fast" is not a time; write seconds like 2 or 0.5, or text like 500ms, 2s or 1m',
    ],
    [
      '{kind: tcp, interval: []}',
      '36: interval is a list; write seconds like 2 or 0.5, or text like 500ms, 2s or 1m',
    ],
    [
      '{kind: tcp, interval: "2\\t\\0s"}',
      '36: interval "2\\t\\u0000s" is not a time; write seconds like 2 or 0.5, or text like 500ms, 2s or 1m',
    ],
    ['{kind: tcp, rise: 0}', '32: rise 0 is below 1; use 1..100'],
    ['{kind: tcp, fall: 1.5}', '32: fall 1.5 is not a whole number; use 1..100'],
    [
      '{kind: tcp, interval: 5, back-off: 2}',
      '49: back-off 2 s is shorter than the interval 5 s; give a longer one: it is the longest pause while a server is down',
    ],
    ['{kind: tcp, port: 0}', '32: port 0 is below 1; use 1..65535'],
    ['{kind: tcp, via: VIP}', '31: unknown via "VIP"; use vip or real'],
    [
      '{kind: tcp, via: vip, address: 192.0.2.9}',
      '45: a question that goes by way of the VIP cannot go to another host; write via: real, or leave the address out',
    ],
    [
      '{kind: tcp, address: web1}',
      '35: address "web1" is a name; names are not looked up; write it like 192.0.2.10 or 2001:db8::1',
    ],
    [
      '{kind: tcp, bind: 2001:db8::1}',
      '32: bind 2001:db8::1 is IPv6, but what it asks is IPv4; use an IPv4 address of this host',
    ],
    [
      '{kind: http, path: health}',
      '33: path "health" is not the path of a URL; begin with /, without spaces',
    ],
    [
      '{kind: http, status: 2xx}',
      '35: status "2xx" is not a list of status codes; write it like 200-299,404',
    ],
    ['{kind: http, status: 99}', '35: status 99 is below 100; use 100..599'],
    ['{kind: http, status: 299-200}', '14: range 299-200 ends before it begins; write 200-299'],
    [
      '{kind: http, body: {matches: "("}}',
      '14: body "(" is not a regular expression (unterminated group); mend it',
    ],
    ['{kind: http, body: 3}', '33: body is the number 3; write text, or {matches: "^ok"}'],
    [
      '{kind: http, digest: abc}',
      '35: digest "abc" is not a digest; give 32 hexadecimal digits (MD5) or 64 (SHA-256) of the body',
    ],
    ['{kind: http, asks: []}', '33: asks is an empty list; give at least one'],
    [
      '{kind: http, asks: [/a], status: 200}',
      '33: the check has asks, and words that are for one of them; write those inside of asks',
    ],
    ['{kind: http, headers: {Host: a}}', '43: Host is a header of its own; write host'],
    ['{kind: http, headers: {X-A: 1}}', '42: header X-A is the number 1; write text, numbers in quotes'],
    ['{kind: http, method: PUT}', '35: unknown method "PUT"; use GET, HEAD, POST or OPTIONS'],
    ['{kind: http, version: 1.1}', '36: version is the number 1.1; use 1.0 or 1.1'],
    ['{kind: http, sni: a}', '27: unknown key "sni"; use'],
    [
      '{kind: dns, name: a..b}',
      '32: name "a..b" is not a name of DNS; write it like example.com, or . for the root',
    ],
    [
      '{kind: udp, payload: 123a5}',
      '35: payload "123a5" is not bytes in hexadecimal; write two digits a byte, at most 1400 bytes',
    ],
    [
      '{kind: udp, min-reply: 9, max-reply: 3}',
      '37: min-reply 9 is above max-reply 3; use 0..3, or raise max-reply',
    ],
    [
      '{kind: grpc, sni: a.b}',
      '14: sni and verify are of TLS, which this check does not use; write tls: true',
    ],
    [
      '{kind: script}',
      '14: command is missing; write an absolute path, or a list: [/usr/local/bin/check, --quick]',
    ],
    ['{kind: script, command: check.sh}', '38: command "check.sh" is not an absolute path; begin with /'],
    ['{kind: script, command: [check.sh]}', '39: program "check.sh" is not an absolute path; begin with /'],
    ['{kind: script, command: /bin/a, via: vip}', '46: unknown key "via"; use'],
  ])('%s', (text, expected) => {
    const [found = '', ...more] = wrong(`checks: [${text}]`)
    expect([found.slice(0, expected.endsWith('; use') ? expected.length : undefined), ...more]).toEqual([
      expected,
    ])
  })

  it('is found beside others, each in its place', () => {
    const text = 'checks:\n  - tcp\n  - {kind: tcp, rise: 0}\n  - {kind: udp, min-reply: 9, max-reply: 3}'
    expect(wrong(text).map((line) => line.split(' ')[0])).toEqual(['lb.yaml:6:27:', 'lb.yaml:7:32:'])
  })
})

describe('what is wrong in health', () => {
  it.each([
    ['yes', '13: health is the text "yes"; write a map of quorum, hysteresis, sorry,'],
    ['{quorum: 0}', '22: quorum 0 is below 1; use 1..4294967295'],
    ['{quorum: 2, hysteresis: 2}', '37: hysteresis 2 is not below the quorum 2; use 0..1'],
    ['{on-down: drop}', '23: unknown on-down "drop"; use quiesce or remove'],
    ['{alpha: on}', '21: alpha is the text "on"; write true or false'],
    ['{sorry-inhibit: true}', '29: there is no sorry server to inhibit; give sorry, or leave it out'],
    [
      '{sorry: 192.0.2.21}',
      '21: sorry server 192.0.2.21 is a real server of the service too; name another server',
    ],
    [
      '{sorry: 192.0.2.10}',
      "21: real 192.0.2.10 is also a VIP, first at lb.yaml:2:10; use the real server's own address; a VIP would lead its packets back to the director",
    ],
    [
      '{sorry: "2001:db8::1"}',
      '21: sorry server 2001:db8::1 is IPv6 but the service is IPv4; direct routing cannot translate; use its IPv4 address',
    ],
    [
      '{sorry: 192.0.2.99:81}',
      '21: real 192.0.2.99 has port 81 but the service has 80; direct routing cannot change ports; write 192.0.2.99 and let the real server listen on 80',
    ],
    ['{slow-start: 0}', '26: slow-start 0 s is below 0.1; use 0.1..86400 seconds'],
    ['{passive: 3}', '23: passive is the number 3; write true, false, or {retries: 3, pause: 5, most: 300}'],
    ['{passive: {retries: 0}}', '33: retries 0 is below 1; use 1..1000'],
    ['{passive: {pause: 9, most: 3}}', '40: the longest pause 3 s is below the first 9 s; use 9 or more'],
    ['{notify: {up: hook}}', '27: up "hook" is not an absolute path; begin with /'],
    ['{notify: {down: [hook]}}', '30: program "hook" is not an absolute path; begin with /'],
    ['{notify: {}}', ''],
  ])('%s', (text, expected) => {
    const found = wrong(`health: ${text}`).join('\n')
    expect(found.slice(0, expected.endsWith(',') ? expected.length : undefined)).toBe(expected)
  })
})

describe('what is wrong between health and its service', () => {
  it.each([
    [
      'checks: [{kind: tcp, via: vip}]',
      'mark: 6',
      '192.0.2.21:80',
      '31: fwm 6 has no VIP to ask by; write via: real, or leave it out',
    ],
    [
      'checks: [tcp]',
      'mark: 6',
      '192.0.2.20:80, 192.0.2.21',
      '14: the tcp check has no port, and real 192.0.2.21 of a mark has none; give the check a port',
    ],
    ['checks: [icmp, {kind: tcp, port: 80}]', 'mark: 6', '192.0.2.21', ''],
    ['checks: [tcp]', 'mark: 6', '{address: 192.0.2.21, checks: [icmp]}', ''],
    [
      'checks: [http]\n    persistence: 60',
      'vip: 192.0.2.10:0',
      '192.0.2.21',
      '14: the http check has no port, and the service has all of them; give the check a port',
    ],
    [
      'health: {passive: true}\n    protocol: udp',
      'vip: 192.0.2.10:53',
      '192.0.2.21',
      '23: passive checks see the SYNs of TCP, and the service is of udp; leave passive out',
    ],
  ])('%s in %s with %s', (lines, vip, real, expected) => {
    expect(wrong(lines.replaceAll('\n    ', '\n'), vip, real).join('\n')).toBe(expected)
  })

  it.each([
    [
      '{address: 192.0.2.21, passive: true}',
      'passive of a real server can only be false; say true of the service',
    ],
    ['{address: 192.0.2.21, on-down: drop}', 'unknown on-down "drop"; use quiesce or remove'],
    ['{address: 192.0.2.21, checks: tcp}', 'checks is the text "tcp"; write a list: [tcp]'],
    ['{address: 192.0.2.21, notify: {up: [a]}}', 'program "a" is not an absolute path; begin with /'],
    [
      '{address: 192.0.2.21, checks: [{kind: tcp, bind: "::2"}]}',
      'bind ::2 is IPv6, but what it asks is IPv4; use an IPv4 address of this host',
    ],
  ])('real server %s', (real, expected) => {
    expect(
      wrong('checks: [tcp]', undefined, real).map((line) => line.replace(/^lb.yaml:3:\d+: /, '')),
    ).toEqual([expected])
  })
})

it('a service of which nothing is said is not checked', () => {
  const plain: Partial<Service> & { readonly checks?: readonly Check[] } = service('name: web')
  expect(plain.checks).toBeUndefined()
  expect(plain.health).toBeUndefined()
})
