// SPDX-License-Identifier: Apache-2.0
// What a right file means, and what a file gets that is no configuration at all.
import { describe, expect, it } from 'vitest'
import { parseYaml, parseYamlBytes } from '../../../src/config/yaml.js'
import { formatProblem } from '../../../src/model/describe.js'
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS, DEFAULT_TUNABLES, type Desired } from '../../../src/model/types.js'

function problems(text: string): string[] {
  const outcome = parseYaml(text, 'lb.yaml')
  return outcome.ok ? [] : outcome.problems.map(formatProblem)
}

function value(text: string): Desired {
  const outcome = parseYaml(text, 'lb.yaml')
  if (!outcome.ok) throw new Error(outcome.problems.map(formatProblem).join('\n'))
  return outcome.value
}

const service = (lines: string) => `services:\n  - vip: 192.0.2.10:80\n    reals: [192.0.2.21]\n${lines}`

describe('a right file', () => {
  it('needs services only; everything else has its default', () => {
    expect(value('services: []')).toEqual({
      interfaces: [],
      services: [],
      peers: [],
      marks: [],
      timeouts: DEFAULT_TIMEOUTS,
      tunables: DEFAULT_TUNABLES,
      limits: DEFAULT_LIMITS,
    })
  })

  it('gives a service tcp, wlc and weight 1, and the file as its owner', () => {
    expect(value(service('')).services).toEqual([
      {
        vip: '192.0.2.10',
        port: 80,
        protocol: 'tcp',
        scheduler: 'wlc',
        owner: 'file',
        reals: [{ address: '192.0.2.21', weight: 1 }],
      },
    ])
  })

  it('may say everything, in any spelling of an address', () => {
    const text = `
interfaces: [eth0, {name: eth1, mode: generic}]
metrics: 127.0.0.1:9612
peers: ["02-00-00-00-00-AB"]
limits: {services: 10}
timeouts: {udp: 30}
tunables: {secure_tcp: 3, net.ipv4.vs.sloppy_tcp: 1}
marks:
  - {vip: 2001:DB8:0::1, protocol: sctp, ports: [443, "80", 1000:2000, "2001 - 2002, 81"], mark: 6}
  - {vip: 192.0.2.10, ports: 53, mark: 4294967295}
services:
  - mark: 6
    family: ipv6
    scheduler: mh
    flags: [mh-port, flag-1]
    one-packet: true
    persistence: 60
    reals:
      - "[2001:db8::21]:8080"
      - {address: 2001:db8::21, port: 8081, upper: 10, lower: 5}
      - {address: 2001:db8::22, port: 0, upper: 0, lower: 0}
  - name: web
    vip: "[2001:DB8:0:0::1]:443"
    protocol: udp
    scheduler: sh
    persistence: {timeout: 300, prefix: 64}
    reals:
      - 2001:db8::21
      - "[2001:db8::22]:443"
      - {address: 2001:db8::24, port: 443}
      - {address: 2001:db8:0::23, weight: 0, name: old}
`
    expect(value(text)).toEqual({
      interfaces: [
        { name: 'eth0', mode: 'native' },
        { name: 'eth1', mode: 'generic' },
      ],
      metrics: { host: '127.0.0.1', port: 9612 },
      peers: ['02:00:00:00:00:ab'],
      limits: { ...DEFAULT_LIMITS, services: 10 },
      timeouts: { ...DEFAULT_TIMEOUTS, udp: 30 },
      tunables: { ...DEFAULT_TUNABLES, secure_tcp: 3, sloppy_tcp: 1 },
      marks: [
        {
          vip: '2001:db8::1',
          protocol: 'sctp',
          ports: [
            [80, 81],
            [443, 443],
            [1000, 2002],
          ],
          mark: 6,
          owner: 'file',
        },
        { vip: '192.0.2.10', protocol: 'tcp', ports: [[53, 53]], mark: 4_294_967_295, owner: 'file' },
      ],
      services: [
        {
          mark: 6,
          family: 6,
          scheduler: 'mh',
          flags: [1, 2],
          onePacket: true,
          persistence: { timeout: 60, prefix: 128 },
          owner: 'file',
          reals: [
            { address: '2001:db8::21', port: 8080, weight: 1 },
            { address: '2001:db8::21', port: 8081, weight: 1, upper: 10, lower: 5 },
            { address: '2001:db8::22', weight: 1 },
          ],
        },
        {
          name: 'web',
          vip: '2001:db8::1',
          port: 443,
          protocol: 'udp',
          scheduler: 'sh',
          persistence: { timeout: 300, prefix: 64 },
          owner: 'file',
          reals: [
            { address: '2001:db8::21', weight: 1 },
            { address: '2001:db8::22', weight: 1 },
            { address: '2001:db8::24', weight: 1 },
            { address: '2001:db8::23', weight: 0, name: 'old' },
          ],
        },
      ],
    })
  })

  it.each([
    ['300', { timeout: 300, prefix: 32 }],
    ['{timeout: 300}', { timeout: 300, prefix: 32 }],
    ['{timeout: 300, prefix: 24}', { timeout: 300, prefix: 24 }],
    ['{timeout: 300, netmask: 255.255.0.0}', { timeout: 300, prefix: 16 }],
    ['{timeout: 300, netmask: 255.0.255.0}', { timeout: 300, prefix: 16, mask: '255.0.255.0' }],
  ])('persistence %s', (text, expected) => {
    expect(value(service(`    persistence: ${text}`)).services[0]?.persistence).toEqual(expected)
  })

  it('may share a list of real servers by an alias', () => {
    const text = `services:
  - {vip: "192.0.2.10:80", reals: &pool [192.0.2.21, 192.0.2.22]}
  - {vip: "192.0.2.10:443", reals: *pool}`
    const [first, second] = value(text).services
    expect(second?.reals).toEqual(first?.reals)
    expect(second?.reals).toHaveLength(2)
  })

  it('may have the same VIP for tcp and udp, and the same real server in many services', () => {
    const text = `services:
  - {vip: "192.0.2.10:53", reals: [192.0.2.21]}
  - {vip: "192.0.2.10:53", protocol: udp, reals: [192.0.2.21]}`
    expect(value(text).services).toHaveLength(2)
  })

  it('reads MACs as text under a YAML 1.1 directive too', () => {
    expect(value('%YAML 1.1\n---\npeers: [12:34:56:12:34:56]\nservices: []').peers).toEqual([
      '12:34:56:12:34:56',
    ])
  })

  it('may have a byte order mark and CRLF', () => {
    const bytes = new TextEncoder().encode('\ufeffinterfaces: [eth0]\r\nservices: []\r\n')
    expect(parseYamlBytes(bytes, 'lb.yaml')).toMatchObject({
      ok: true,
      value: { interfaces: [{ name: 'eth0' }] },
    })
  })
})

describe('a file that is not a configuration at all', () => {
  it.each([
    ['', '1:1: the file is empty: services is missing; write at least services: []'],
    ['# nothing\n', '1:1: the file is empty: services is missing; write at least services: []'],
    ['- a', '1:1: the file is a list, not a map; write at least services: []'],
    ['hello', '1:1: the file is the text "hello", not a map; write at least services: []'],
    ['interfaces: []', '1:1: services is missing; write a list of services, or services: [] for none'],
    ['services:', '1:10: services is empty; write a list of services, or services: [] for none'],
    ['services: {}', '1:11: services is a map; write a list of services, or services: [] for none'],
    ['services: []\n---\nservices: []\n', '2:1: there is more than one document; keep one, without ---'],
    ['services:\n\t- vip: 1', '2:1: a tab cannot indent (Tabs are not allowed as indentation); use spaces'],
    [
      'services: !!thing []',
      '1:11: tags have no meaning here (Unresolved tag: tag:yaml.org,2002:thing); leave the !tag out',
    ],
    [
      'services:\n  - vip: [2001:db8::1]:80\n',
      '2:23: [ starts a list; put the endpoint in quotes: "[2001:db8::1]:80"',
    ],
    ['services: &a [*a]', '1:14: values nest more than 32 deep; use fewer aliases and plain maps and lists'],
    ['services: []\0', '1:13: the file holds a NUL byte; save it as plain text'],
  ])('%j', (text, expected) => expect(problems(text)).toContain(`lb.yaml:${expected}`))

  it('cannot speak to the terminal', () => {
    for (const text of [
      'a: *\u001b[2J',
      '\u001b[2J: 1',
      'services: !\u001b[2J x',
      'a: "\u202e\\e"',
      '> \u0007',
    ]) {
      expect(problems(text).join()).not.toMatch(/[\p{Cc}\u202e]/u)
    }
  })

  it('names each line that is not YAML', () => {
    const found = problems('services:\n  - vip: "192.0.2.10\\q:80"\n  - @at\n')
    expect(found.map((line) => line.split(':').slice(0, 2).join(':'))).toEqual(['lb.yaml:2', 'lb.yaml:3'])
  })

  it.each([
    ['lists', '['.repeat(20_000)],
    ['maps', '{a: '.repeat(20_000)],
    ['dashes', '- '.repeat(20_000)],
  ])('nested too deeply in %s is refused in a sentence', (_, text) => {
    expect(problems(text).join()).toContain('nests too deeply')
  })

  it('unfolding to millions of values by aliases is refused in one sentence', () => {
    const names = [...'abcdefgh']
    const lines = names.map(
      (key, i) => `${key}: &${key} [${new Array(10).fill(i === 0 ? 'x' : `*${names[i - 1]}`)}]`,
    )
    expect(problems(`${lines.join('\n')}\nservices: *h`)).toEqual([
      expect.stringContaining('the file unfolds to more than 4000000 values; use fewer aliases'),
    ])
  })

  it('with bytes that are not UTF-8 is refused where they stand', () => {
    const bytes = Uint8Array.of(...new TextEncoder().encode('a: é\nb: '), 0xff, 0x41)
    expect(parseYamlBytes(bytes, 'lb.yaml')).toEqual({
      ok: false,
      problems: [
        {
          place: { file: 'lb.yaml', line: 2, column: 4 },
          reason: 'the file is not UTF-8 here',
          fix: 'save it as UTF-8',
        },
      ],
    })
    const cut = parseYamlBytes(Uint8Array.of(0x61, 0xc3), 'lb.yaml')
    expect(cut.ok || cut.problems[0]?.place).toEqual({ file: 'lb.yaml', line: 1, column: 2 })
  })

  it('of more than 64 MiB is refused unread', () => {
    const outcome = parseYamlBytes(new Uint8Array(64 * 1024 * 1024 + 1), 'lb.yaml')
    expect(outcome.ok || outcome.problems.map(formatProblem)).toEqual([
      'lb.yaml:1:1: the file has 67108865 bytes, more than 67108864; give a configuration of xlvs, not data',
    ])
  })
})
