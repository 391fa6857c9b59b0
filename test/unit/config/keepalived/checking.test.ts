// SPDX-License-Identifier: Apache-2.0
// What becomes of checkers and of what follows from them.
import { describe, expect, it } from 'vitest'
import { splitProgram } from '../../../../src/config/keepalived/programs.js'
import { read, server, told } from './given.js'

const real = (lines: string, head = '192.0.2.21 80') => `real_server ${head} {\n${lines}\n}`
const checked = (kind: string, lines: string, around = '') =>
  server(around, '192.0.2.10 80', real(`${kind} {\n${lines}\n}`))

function service(text: string) {
  const reading = read(text)
  if (reading.desired === undefined) throw new Error(told(reading).join('\n'))
  return reading.desired.services[0]
}

/** What keepalived.conf(5) gives when nothing is said. */
const TCP = { via: 'real', interval: 60, timeout: 5, rise: 1, fall: 2, retryInterval: 1 }
const HTTP = { ...TCP, retryInterval: 3, version: '1.0' }

describe('a checker with nothing but what it needs has the times of keepalived', () => {
  it.each<[string, string, object]>([
    ['TCP_CHECK', '', { kind: 'tcp', ...TCP }],
    ['PING_CHECK', '', { kind: 'icmp', ...TCP }],
    ['UDP_CHECK', '', { kind: 'udp', ...TCP }],
    [
      'DNS_CHECK',
      '',
      { kind: 'dns', type: 'SOA', name: '.', via: 'real', interval: 60, timeout: 5, rise: 1, fall: 4 },
    ],
    ['HTTP_GET', 'url {\npath /\n}', { kind: 'http', asks: [{ path: '/', method: 'GET' }], ...HTTP }],
    ['SSL_GET', 'url {\npath /\n}', { kind: 'https', asks: [{ path: '/', method: 'GET' }], ...HTTP }],
    [
      'MISC_CHECK',
      'misc_path /bin/true',
      { kind: 'script', command: ['/bin/true'], via: 'real', interval: 60, timeout: 60, rise: 1, fall: 1 },
    ],
    ['SMTP_CHECK', '', { kind: 'tcp', ...TCP }],
  ])('%s', (kind, lines, expected) => expect(service(checked(kind, lines))?.checks).toEqual([expected]))
})

describe('times', () => {
  it('are those of the checker, else of the real server, else of the virtual server', () => {
    const text = server(
      'delay_loop 6\nretry 5\nconnect_timeout 9\nwarmup 0',
      '192.0.2.10 80',
      real('retry 4\nconnect_timeout 8\nTCP_CHECK {\nconnect_timeout 7\ndelay_before_retry 0.5\n}'),
    )
    expect(service(text)?.checks).toEqual([
      { kind: 'tcp', via: 'real', interval: 6, timeout: 7, rise: 1, fall: 5, retryInterval: 0.5, warmup: 0 },
    ])
  })

  it('that xlvs does not have become the nearest, and that is said', () => {
    const reading = read(checked('TCP_CHECK', 'delay_loop 0.001\nretry 1000'))
    expect(reading.desired?.services[0]?.checks).toMatchObject([{ interval: 0.1, fall: 100 }])
    expect(told(reading)).toEqual([
      '8 adjusted: 0.001 becomes 0.1: xlvs has 0.1..86400',
      '9 adjusted: 1000 becomes 99: xlvs has 0..99',
    ])
  })

  it('of a script are misc_timeout, and a whole loop without', () => {
    const of = (lines: string) =>
      service(checked('MISC_CHECK', `misc_path /bin/true\nuser root\ndelay_loop 6\n${lines}`))?.checks?.[0]
        ?.timeout
    expect([of(''), of('misc_timeout 0'), of('misc_timeout 3')]).toEqual([6, 6, 3])
  })

  it('for checkers that there are none of have no effect', () => {
    expect(told(read(server('delay_loop 6\nvirtualhost a')))).toEqual([
      '5 ignored: it has no checker',
      '6 ignored: it has no HTTP_GET and no SSL_GET',
    ])
  })
})

describe('a checker', () => {
  it.each<[string, string, object]>([
    [
      'TCP_CHECK',
      'connect_ip 192.0.2.9\nconnect_port 8080\nbindto 192.0.2.1\nbind_port 99',
      { address: '192.0.2.9', port: 8080, bind: '192.0.2.1', bindPort: 99 },
    ],
    ['DNS_CHECK', 'type aaaa\nname example.com', { type: 'AAAA', name: 'example.com' }],
    [
      'UDP_CHECK',
      'payload Ab12f 3 456\nrequire_reply 0a XX\nmin_reply_length 3\nmax_reply_length 9',
      { payload: 'ab120f034506', requireReply: true, reply: '0a??', minReply: 3, maxReply: 9 },
    ],
    ['UDP_CHECK', 'require_reply', { requireReply: true, maxReply: 255 }],
    [
      'MISC_CHECK',
      `misc_path "/bin/a 'b c' d"\nmisc_dynamic\nuser nobody nogroup`,
      { command: ['/bin/a', 'b c', 'd'], dynamicWeight: true, user: 'nobody', group: 'nogroup' },
    ],
    [
      'HTTP_GET',
      'http_protocol 1.0C\nurl {\npath /a\nstatus_code 200-299 404\nvirtualhost a.b\n}',
      {
        asks: [
          {
            path: '/a',
            method: 'GET',
            status: [
              [200, 299],
              [404, 404],
            ],
          },
        ],
        host: 'a.b',
        version: '1.0',
        headers: { Connection: 'close' },
      },
    ],
    [
      'SSL_GET',
      'enable_sni\nvirtualhost a.b\nhttp_protocol 1.1\nurl {\npath /\nregex ^ok\ndigest 640205B7B0FC66C1EA91C463FAC6334D\n}',
      {
        asks: [
          {
            path: '/',
            method: 'GET',
            status: [[200, 299]],
            body: { matches: '^ok' },
            digest: '640205b7b0fc66c1ea91c463fac6334d',
          },
        ],
        host: 'a.b',
        sni: 'a.b',
        version: '1.1',
      },
    ],
  ])('%s takes %j', (kind, lines, expected) => {
    expect(service(checked(kind, lines))?.checks).toMatchObject([expected])
  })

  it('asks the port of its real server where that is another than the service has', () => {
    const text = server('', '192.0.2.10 80', real('TCP_CHECK {\n}', '192.0.2.21 8080'))
    expect(service(text)?.checks).toMatchObject([{ port: 8080 }])
  })

  it('with URLs of two hosts is two checks', () => {
    const urls = 'url {\npath /a\n}\nurl {\npath /b\nvirtualhost b.c\n}\nurl {\npath /c\n}'
    expect(service(checked('HTTP_GET', urls, 'virtualhost a.b'))?.checks).toMatchObject([
      { host: 'a.b', asks: [{ path: '/a' }, { path: '/c' }] },
      { host: 'b.c', asks: [{ path: '/b' }] },
    ])
  })

  it('that all real servers have is one of the service, else one of each that has it', () => {
    const both = `${real('TCP_CHECK {\n}')}\n${real('TCP_CHECK {\n}', '192.0.2.22 80')}`
    const same = service(server('', '192.0.2.10 80', both))
    expect([same?.checks?.length, same?.reals.map(({ checks }) => checks)]).toEqual([
      1,
      [undefined, undefined],
    ])
    const one = service(server(real('', '192.0.2.22 80'), '192.0.2.10 80', real('TCP_CHECK {\n}')))
    expect([one?.checks, one?.reals.map(({ checks }) => checks?.length)]).toEqual([undefined, [undefined, 1]])
  })

  it.each([
    ['TCP_CHECK', 'fwmark 3', '8 ignored: xlvs marks the packets of its checks itself'],
    ['TCP_CHECK', 'bind_if lo', '8 ignored: the route to what is asked decides about the interface'],
    ['PING_CHECK', 'connect_port 80', '8 ignored: ICMP has no ports'],
    ['SMTP_CHECK', '', '7 adjusted: becomes a TCP check: xlvs does not speak SMTP'],
    ['UDP_CHECK', 'require_reply 4X', '8 adjusted: half a byte that is left open becomes a whole one'],
    [
      'HTTP_GET',
      'url {\npath /\n}',
      "7 adjusted: without virtualhost the Host header is the VIP, where keepalived has the real server's address",
    ],
    [
      'MISC_CHECK',
      'misc_path /bin/true',
      '8 adjusted: runs as nobody; keepalived runs it as keepalived_script, or as root',
    ],
    ['TCP_CHECK', 'alpha', '8 adjusted: alpha is for a whole service: off, as the virtual server has it'],
    ['BFD_CHECK', 'name a', '7 cannot: xlvs has no BFD'],
    ['FILE_CHECK', 'track_file a', '7 cannot: xlvs tracks no files'],
    [
      'MISC_CHECK',
      'misc_path check',
      '8 cannot: misc_path: "check" is not an absolute path, and xlvs looks for none',
    ],
    [
      'HTTP_GET',
      'virtualhost a\nurl {\npath /\nregex a\nregex_no_match\n}',
      '12 cannot: xlvs cannot ask that a body does not match',
    ],
    [
      'HTTP_GET',
      'virtualhost a\nurl {\npath /\nregex a\nregex_options caseless\n}',
      '12 cannot: expressions of xlvs have no options',
    ],
    [
      'HTTP_GET',
      'virtualhost a\nurl {\npath /\nregex (?i)a\n}',
      '11 cannot: regex "(?i)a" is not a regular expression (invalid group)',
    ],
  ])('%s with %j says what is otherwise', (kind, lines, sentence) => {
    expect(told(read(checked(kind, lines)))).toEqual([sentence])
  })

  it('without a port, of a mark whose real server has none, is refused', () => {
    const text = `virtual_server fwmark 6 {\nlb_kind DR\nlb_algo rr\n${real('TCP_CHECK {\n}', '192.0.2.21')}\n}\n`
    expect(told(read(text))).toContain(
      '1 cannot: the tcp check has no port, and real 192.0.2.21 of a mark has none',
    )
  })

  it('runs its script as script_user, when it names nobody itself', () => {
    const text = `global_defs {\nscript_user nobody nogroup\n}\n${checked('MISC_CHECK', 'misc_path /bin/true')}`
    expect(service(text)?.checks).toMatchObject([{ user: 'nobody', group: 'nogroup' }])
    expect(told(read(text))).toEqual([])
  })
})

describe('what follows', () => {
  const many = `${real('weight 3\nTCP_CHECK {\n}')}\n${real('weight 4\nTCP_CHECK {\n}', '192.0.2.22 80')}`

  it.each<[string, object]>([
    ['', { quorum: 1, hysteresis: 0, onDown: 'remove' }],
    ['inhibit_on_failure', { quorum: 1, hysteresis: 0, onDown: 'quiesce' }],
    ['quorum 5\nhysteresis 2', { quorum: 5, hysteresis: 2, onDown: 'remove' }],
    ['quorum 9', { quorum: 7, hysteresis: 0, onDown: 'remove' }],
    ['quorum 2\nhysteresis 2', { quorum: 2, hysteresis: 0, onDown: 'remove' }],
    ['alpha\nomega', { quorum: 1, hysteresis: 0, onDown: 'remove', alpha: true, omega: true }],
    [
      'sorry_server 192.0.2.99 80\nsorry_server_inhibit',
      { quorum: 1, hysteresis: 0, onDown: 'remove', sorry: { address: '192.0.2.99' }, sorryInhibit: true },
    ],
    [
      'quorum_up "/bin/up a"\nquorum_down /bin/down',
      { quorum: 1, hysteresis: 0, onDown: 'remove', notify: { up: ['/bin/up', 'a'], down: ['/bin/down'] } },
    ],
  ])('from %j', (lines, expected) => {
    expect(service(server(lines, '192.0.2.10 80', many))?.health).toEqual(expected)
  })

  it('is nothing where nothing is said or checked', () => {
    expect(service(server(''))).not.toHaveProperty('health')
  })

  it('for one real server is its own affair', () => {
    const lines = 'inhibit_on_failure\nnotify_up "/bin/up a"\nTCP_CHECK {\n}'
    expect(service(server('', '192.0.2.10 80', real(lines)))?.reals).toEqual([
      { address: '192.0.2.21', weight: 1, onDown: 'quiesce', notify: { up: ['/bin/up', 'a'] } },
    ])
    const off = service(server('inhibit_on_failure', '192.0.2.10 80', real('inhibit_on_failure off')))
    expect(off?.reals).toMatchObject([{ onDown: 'remove' }])
  })

  it.each([
    ['notify_up /bin/up nobody', 'its user is left out: all programs that are told run as one user'],
    ['notify_up up', 'notify_up: "up" is not an absolute path, and xlvs looks for none'],
  ])('%s is said', (line, sentence) => {
    expect(told(read(server('', '192.0.2.10 80', real(line)))).join()).toContain(sentence)
  })

  it('is refused of a sorry server behind NAT', () => {
    const text = server('sorry_server 192.0.2.99 8080\nsorry_server_lvs_method NAT')
    expect(told(read(text))).toEqual(['6 cannot: xlvs has direct routing only yet, to a sorry server too'])
    expect(read(text).taken).toBe(true)
  })
})

it.each([
  ['/bin/a', ['/bin/a']],
  ['  /bin/a  b ', ['/bin/a', 'b']],
  [`/bin/a 'b c' "d \\" e" f\\ g`, ['/bin/a', 'b c', 'd " e', 'f g']],
  [`/bin/a b'c d'e ""`, ['/bin/a', 'bc de', '']],
  ['', []],
])('the words of %j', (text, words) => expect(splitProgram(text)).toEqual(words))
