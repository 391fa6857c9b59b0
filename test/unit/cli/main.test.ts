// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { VERBS } from '../../../src/cli/verbs.js'
import { xlvs } from './given.js'

const SUBVERBS = [
  ...['services', 'reals', 'conns', 'templates', 'nexthops', 'interfaces', 'reasons'].map((n) => ['show', n]),
  ...['desired', 'effective', 'actual', 'diff'].map((n) => ['show', n]),
  ...['add', 'set', 'remove'].flatMap((verb) => [
    [verb, 'service'],
    [verb, 'real'],
  ]),
]

describe('help', () => {
  it.each(
    [...VERBS.map(({ name }) => [name]), ...SUBVERBS].map((words) => [words.join(' '), words] as const),
  )(
    'of %s carries an example that starts with the verb, fits 80 columns and is no error',
    async (name, words) => {
      const { code, out, err } = await xlvs([...words, '--help'])
      expect({ code, err }).toEqual({ code: 0, err: '' })
      const examples = out.split(/Examples?:\n/)[1] ?? ''
      expect(examples).toContain(`xlvs ${name}`)
      for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    },
  )

  it('lists every verb and the exit codes', async () => {
    const { code, out } = await xlvs(['--help'])
    expect(code).toBe(0)
    for (const { name } of VERBS) expect(out).toContain(`\n  ${name} `)
    expect(out).toContain('Exit codes: 0 done, 1 refused or failed')
  })

  it('is also had by `help VERB`', async () => {
    expect((await xlvs(['help', 'attach'])).out).toContain('xlvs attach eth0')
  })
})

describe('a command line that is wrong', () => {
  it.each([
    [['statsu'], "unknown command 'statsu'; did you mean status?"],
    [['status', '--jsn'], "unknown option '--jsn'; did you mean --json?"],
    [['show', 'servces'], "unknown command 'servces'; did you mean services?"],
    [['frobnicate'], "unknown command 'frobnicate'; see: xlvs --help"],
    [['add', 'real', '192.0.2.10:80'], 'address: which real server is not said; name it like 192.0.2.21'],
    [
      ['status', 'now'],
      "too many arguments for 'status'. Expected 0 arguments but got 1; see: xlvs status --help",
    ],
    [['add', 'service', '192.0.2.10'], 'service: VIP 192.0.2.10 has no port; write 192.0.2.10:80'],
    [['add', 'real', '192.0.2.10:80', '192.0.2.21:81'], 'direct routing cannot change ports'],
    [
      ['set', 'real', '192.0.2.10:80', '192.0.2.21', '--weight', '3000000000'],
      '--weight: weight 3000000000 is above 2147483647',
    ],
    [
      ['set', 'real', '192.0.2.10:80', '192.0.2.21'],
      'nothing to change is named; give --weight or --upper or --lower or --name',
    ],
    [['add', 'service', '--to', '192.0.2.21'], 'which service is not said; name it like 192.0.2.10:80'],
    [['add', 'service', '192.0.2.10:80', '--mark', '6'], '192.0.2.10:80 stands beside --mark 6; keep one'],
    [['add', 'service', '--mark', '0'], '--mark: mark 0 is below 1'],
    [['add', 'service', '--mark', '6', '--udp'], '--mark: a mark has no protocol; leave out --udp'],
    [['add', 'service', '192.0.2.10:80', '--udp', '--sctp'], '--udp and --sctp are two services'],
    [['add', 'service', '192.0.2.10:80', '--ipv6'], '--ipv6: --ipv6 is for --mark; leave it out'],
    [
      ['add', 'service', '192.0.2.10:80', '--scheduler-flags', 'sh-port'],
      '--scheduler-flags: flag sh-port is not for scheduler wlc',
    ],
    [
      ['set', 'service', '192.0.2.10:80', '--scheduler-flags', 'mh-port'],
      '--scheduler-flags: mh-port is of one scheduler only; give --scheduler too',
    ],
    [['set', 'real', '--mark', '6', '192.0.2.10:80', '192.0.2.21', '--upper', '1'], 'stands beside --mark 6'],
    [['set', 'real', '192.0.2.10:80', '192.0.2.21', '--upper', 'x'], '--upper: threshold is the text "x"'],
    [['set', 'timeouts'], 'nothing to change is named; give --tcp or --tcpfin or --udp'],
    [['set', 'timeouts', '--tcp', '0'], '--tcp: timeout 0 is below 1'],
    [['mark', 'add', '--vip', '192.0.2.10', '--ports', '80'], '--set-mark is missing'],
    [['mark', 'add', '--ports', '80', '--set-mark', '6'], '--vip is missing'],
    [['mark', 'remove', '--vip', '192.0.2.10', '--ports', '9:8'], 'ports: range 9:8 ends before it begins'],
    [['tune', 'sloppy_tpc'], 'unknown tunable "sloppy_tpc"; write sloppy_tcp'],
    [['tune', 'sloppy_tcp=2'], 'sloppy_tcp: sloppy_tcp 2 is above 1'],
    [['tune', 'sloppy_tcp=1', 'drop_entry'], 'drop_entry has no value; write name=value'],
    [['tune', 'sync_ports=2'], 'synchronisation'],
    [['show', '--format', 'xml'], 'unknown format "xml"; use proc'],
    [['show', '--format', 'proc', 'ip_vs_app'], 'no such file in /proc/net: "ip_vs_app"; use ip_vs, '],
    [['attach', 'eth0', '--mode', 'skb'], '--mode: unknown mode "skb"; use native or generic'],
    [['detach'], 'no interface is named; name one, or --all for every one'],
    [['detach', 'eth0', '--all'], 'eth0 and --all are named; name one interface, or --all'],
    [['run'], 'nothing to run is named; give -c FILE, or --vip, --to and --dev; see: xlvs run --help'],
    [['run', '-c', 'lb.yaml', '--vip', '192.0.2.10:80'], '--vip belongs to a run without a file'],
    [['run', '--vip', '192.0.2.10:80'], '--to is missing; see: xlvs run --help\n--dev is missing'],
    [
      ['run', '--vip', 'web', '--to', 'x', '--dev', 'eth0'],
      '--vip: VIP "web" is a name; names are not looked up',
    ],
    [
      ['run', '--vip', '192.0.2.10:80', '--to', '192.0.2.21=x', '--dev', 'e/0', '--mode', 'x'],
      '--dev: interface name',
    ],
    [['show', 'conns', '--limit', 'many'], 'limit: limit "many" is not a number of rows; use 0 for all'],
    [['show', 'conns', '--service', 'tcp 192.0.2.10:80', '--udp'], 'is not UDP; leave out --udp'],
  ] as const)('%j is told what would be right, with exit code 2', async (words, sentence) => {
    const { code, out, err } = await xlvs(words)
    expect(err).toContain(sentence)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).not.toContain('    at ')
  })

  it.each([
    [[], 'xlvs [options]', 'what to do is not said; see: xlvs --help'],
    [['add'], 'xlvs add [options]', 'what to add is not said; see: xlvs add --help'],
  ])('%j is shown the words there are', async (words, usage, sentence) => {
    const { code, out, err } = await xlvs(words)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(new RegExp(`^Usage: ${usage.replace(/[[\]]/g, '\\$&')}`))
    expect(err.trimEnd().split('\n').at(-1)).toBe(sentence)
  })

  it('is told as JSON when JSON was asked for', async () => {
    const { code, out, err } = await xlvs(['status', '--jsn', '--json'])
    expect({ code, err }).toEqual({ code: 2, err: '' })
    expect(JSON.parse(out)).toEqual({
      problems: [{ reason: "unknown option '--jsn'", fix: 'did you mean --json?' }],
    })
  })
})

describe('without a daemon', () => {
  it.each([
    [['status']],
    [['show', 'services']],
    [['reload']],
    [['plan']],
    [['attach', 'eth0']],
    [['add', 'service', '192.0.2.10:80']],
    [['set', 'real', '192.0.2.10:80', '192.0.2.21', '--weight', '0']],
    [['remove', 'service', '192.0.2.10:80']],
  ])('%j says how to start one', async (words) => {
    expect(await xlvs(words)).toEqual({
      code: 1,
      out: '',
      err: 'no daemon listens on /nonexistent/xlvs.sock; start one with: xlvs run -c FILE\n',
    })
  })

  it('says it as JSON too', async () => {
    const { code, out, err } = await xlvs(['status', '--json'])
    expect({ code, err }).toEqual({ code: 1, err: '' })
    expect(JSON.parse(out).problems).toHaveLength(1)
  })

  it('detach finds that nothing is attached', async () => {
    const root = join(tmpdir(), `xlvs-no-pins-${process.pid}`)
    expect(await xlvs(['detach', '--all', '--pin-root', root])).toMatchObject({
      code: 0,
      out: 'nothing is attached any more (it was so already)\n',
    })
    expect(await xlvs(['detach', 'eth0', '--pin-root', root])).toMatchObject({
      code: 1,
      err: 'xlvs is not attached to eth0; see: bpftool net\n',
    })
  })
})

describe('something else on the socket', () => {
  it('is recognised', async () => {
    const dir = await mkdtemp(join(tmpdir(), `xlvs-cli-${process.pid}-`))
    const socket = join(dir, 's')
    const server = createServer((_, reply) => reply.end('hello')).listen(socket)
    await new Promise((resolve) => server.once('listening', resolve))
    const { code, err } = await xlvs(['status', '--socket', socket])
    server.close()
    await rm(dir, { recursive: true })
    expect({ code, err }).toEqual({ code: 1, err: `what listens on ${socket} is not an xlvs daemon\n` })
  })
})

describe('check', () => {
  let dir: string
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), `xlvs-check-${process.pid}-`))
  })
  afterEach(() => rm(dir, { recursive: true }))

  it('says that a good file is good', async () => {
    const file = join(dir, 'lb.yaml')
    await writeFile(file, 'interfaces: [eth0]\nservices:\n  - {vip: "192.0.2.10:80", reals: [192.0.2.21]}\n')
    expect(await xlvs(['check', file])).toEqual({
      code: 0,
      out: `${file}: good (1 service, 1 real server, 1 interface)\n`,
      err: '',
    })
    expect(JSON.parse((await xlvs(['check', file, '--json'])).out).services).toHaveLength(1)
  })

  it('says everything that is wrong with its place, one line each', async () => {
    const file = join(dir, 'lb.yaml')
    await writeFile(
      file,
      'services:\n  - vip: 192.0.2.10:80\n    colour: red\n    reals: [192.0.2.10, 192.0.2]\n',
    )
    const { code, out, err } = await xlvs(['check', file])
    expect({ code, out }).toEqual({ code: 1, out: '' })
    const lines = err.trimEnd().split('\n')
    expect(lines.length).toBeGreaterThanOrEqual(3)
    for (const line of lines) expect(line).toMatch(new RegExp(`^${file}:\\d+:\\d+: `))
  })

  it('says that there is no such file', async () => {
    expect(await xlvs(['check', '/nonexistent/lb.yaml'])).toMatchObject({
      code: 1,
      err: '/nonexistent/lb.yaml: there is no such file\n',
    })
  })
})

describe('schema and version', () => {
  it('print the schema that is published', async () => {
    const { code, out } = await xlvs(['schema'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual(JSON.parse(readFileSync('schema/xlvs.schema.json', 'utf8')))
  })

  it('print the version of the package', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
    expect((await xlvs(['version'])).out).toBe(`xlvs ${version}\n`)
    expect(JSON.parse((await xlvs(['version', '--json'])).out)).toEqual({ version, node: process.version })
  })
})
