// SPDX-License-Identifier: Apache-2.0
// What becomes of a keepalived.conf: the services of xlvs, and a remark where something is otherwise.
import { describe, expect, it } from 'vitest'
import { read, server, told } from './given.js'

const desired = (text: string) => {
  const reading = read(text)
  if (reading.desired === undefined) throw new Error(told(reading).join('\n'))
  return reading.desired
}
const service = (text: string) => desired(text).services[0]

describe('a virtual server', () => {
  it('is a service with its real servers in their order', () => {
    const text = server('real_server 192.0.2.22 {\nweight 3\nuthreshold 100\nlthreshold 50\n}\n')
    expect(desired(text).services).toEqual([
      {
        vip: '192.0.2.10',
        port: 80,
        protocol: 'tcp',
        scheduler: 'rr',
        owner: 'file',
        reals: [
          { address: '192.0.2.22', weight: 3, upper: 100, lower: 50 },
          { address: '192.0.2.21', weight: 1 },
        ],
      },
    ])
    expect(told(read(text))).toEqual([])
  })

  it.each([
    ['lvs_sched wrr', { scheduler: 'wrr' }],
    ['lb_algo sh\nsh-port\nsh-fallback', { scheduler: 'sh', flags: [1, 2] }],
    ['lb_algo mh\nmh-port', { scheduler: 'mh', flags: [2] }],
    ['flag-3', { flags: [3] }],
    ['protocol udp\nops', { protocol: 'udp', onePacket: true }],
    ['protocol SCTP', { protocol: 'sctp' }],
    ['persistence_timeout', { persistence: { timeout: 360, prefix: 32 } }],
    ['persistence_timeout 50', { persistence: { timeout: 50, prefix: 32 } }],
    ['persistence_granularity 255.255.255.0', { persistence: { timeout: 360, prefix: 24 } }],
    [
      'persistence_timeout 5\npersistence_granularity 255.0.255.0',
      { persistence: { timeout: 5, mask: '255.0.255.0' } },
    ],
    ['lb_algo wlc\nlb_algo lc', { scheduler: 'lc' }],
    ['weight 7', { reals: [{ address: '192.0.2.21', weight: 7 }] }],
  ])('takes %j', (lines, expected) => {
    expect(service(server(lines))).toMatchObject(expected)
  })

  it('of IPv6 is one too', () => {
    const text = server('persistence_granularity 64', '2001:DB8::10 443', 'real_server 2001:db8::21 {\n}')
    expect(service(text)).toMatchObject({ vip: '2001:db8::10', port: 443, persistence: { prefix: 64 } })
  })
})

describe('where keepalived resets something, so does xlvs, and says it', () => {
  it.each([
    [
      'virtual_server 192.0.2.10 80 {\nlb_kind DR\nlb_algo rr\nreal_server 192.0.2.21 80 {\n}\n}',
      { protocol: 'udp' },
      '1 adjusted: no protocol is said: UDP, as keepalived has it',
    ],
    [
      'virtual_server 192.0.2.10 80 {\nlb_kind DR\nprotocol TCP\nreal_server 192.0.2.21 80 {\n}\n}',
      { scheduler: 'wlc' },
      '1 adjusted: no scheduler is said: wlc',
    ],
    [server('ops'), { protocol: 'tcp' }, '5 adjusted: left out: one-packet scheduling is for UDP'],
    [
      server('', '192.0.2.10 80', 'real_server 192.0.2.21 8080 {\n}'),
      { port: 80 },
      '6 adjusted: port 8080 becomes 80: direct routing keeps ports',
    ],
    [
      server('', '192.0.2.10', 'real_server 192.0.2.21 {\n}'),
      { port: 0, persistence: { timeout: 360, prefix: 32 } },
      '1 adjusted: port 0 is for persistent services: persistent for 360 s',
    ],
    [server('mh-port'), { scheduler: 'rr' }, '5 ignored: it counts only behind lb_algo mh'],
    [
      server('real_server 192.0.2.21 80 {\n}'),
      { reals: [{ address: '192.0.2.21', weight: 1 }] },
      '7 ignored: the same real server stands above already',
    ],
    [
      server('quorum 2'),
      {},
      '5 adjusted: quorum 2 is more than all weights together: 1, as keepalived has it',
    ],
  ])('%#', (text, expected, sentence) => {
    const reading = read(text)
    expect(reading.desired?.services[0]).toMatchObject(expected)
    expect(told(reading)).toContain(sentence)
    expect(reading.taken).toBe(false)
  })
})

describe('what xlvs cannot do is refused although keepalived takes it', () => {
  it.each([
    [server('lb_kind NAT'), '5 cannot: NAT: xlvs has direct routing only yet'],
    [server('lvs_method TUN type gue port 5555'), '5 cannot: TUN: xlvs has direct routing only yet'],
    [
      server('', '192.0.2.10 80', 'real_server 192.0.2.21 80 {\nlvs_method NAT\n}'),
      '7 cannot: NAT: xlvs has direct routing only yet',
    ],
    [server('persistence_engine sip'), '5 cannot: xlvs has no persistence engines yet'],
    [server('persistence_granularity 24'), '5 cannot: persistence_granularity "24" is not a netmask'],
    [server('', 'group g'), '1 cannot: there is no virtual_server_group g'],
    [
      server('', '192.0.2.10 80', 'real_server 192.0.2.10 80 {\n}'),
      '6 cannot: real 192.0.2.10 is also a VIP',
    ],
    [server('', '224.0.0.1 80'), '1 cannot: VIP 224.0.0.1 is a multicast address'],
    [server('') + server(''), '9 cannot: service tcp 192.0.2.10:80 is listed twice'],
    [
      server('', '192.0.2.10 80', 'real_server 192.0.2.21 80 {\nuthreshold 5\nlthreshold 9\n}'),
      '6 cannot: lower threshold 9 is above upper threshold 5',
    ],
    [
      server(`virtualhost \${_RANDOM}`),
      '5 cannot: a random number has no place in a configuration that is read again',
    ],
  ])('%#', (text, sentence) => {
    const reading = read(text)
    expect(told(reading)).toContain(sentence)
    expect(reading.desired).toBeUndefined()
    expect(reading.taken).toBe(true)
  })

  it('NAT of the virtual server does not matter when each real server says DR', () => {
    const text = server('lb_kind NAT', '192.0.2.10 80', 'real_server 192.0.2.21 80 {\nlvs_method DR\n}')
    expect(service(text)).toMatchObject({ reals: [{ address: '192.0.2.21' }] })
  })
})

describe('a slip of the pen', () => {
  it('is refused with what was probably meant', () => {
    const reading = read(server('frobnicate 3', '192.0.2.10 80', 'real_server 192.0.2.21 80 {\nwieght 3\n}'))
    const fixes = reading.remarks
      .filter(({ verdict }) => verdict === 'cannot')
      .map(({ place, fix }) => [place.line, fix])
    expect(fixes).toEqual([
      [5, 'take it away'],
      [7, 'did you mean weight?'],
    ])
  })

  it.each([
    ['virtual_server 192.0.2.10 80 {\n', '1 cannot: its block is not closed'],
    [`${server('')}}`, '9 cannot: this } closes nothing'],
    [server('virtualhost "a'), '5 cannot: this quote is not closed'],
    [server('{\n}'), '4 cannot: protocol: it takes no block'],
    [server('real_server 192.0.2.22 80'), '5 cannot: real_server: its block { … } is missing'],
  ])('in braces and quotes is found: %#', (text, sentence) => {
    expect(told(read(text))).toContain(sentence)
  })
})

describe('groups', () => {
  const grouped = (lines: string, of = '') =>
    `virtual_server_group g {\n${lines}\n}\n${server(of, 'group g', 'real_server 192.0.2.21 {\n}')}`

  it('of addresses are a service for each', () => {
    const { services, marks } = desired(grouped('192.0.2.10 80\n192.0.2.11 81'))
    expect(services.map(({ vip, port }) => [vip, port])).toEqual([
      ['192.0.2.10', 80],
      ['192.0.2.11', 81],
    ])
    expect(marks).toEqual([])
  })

  it('of ranges are one service of a mark, whose number nobody else has', () => {
    const reading = read(grouped('192.0.2.10-11 80\nfwmark 1000\n192.0.2.16/31 443'))
    expect(reading.desired?.marks).toEqual(
      [
        ['192.0.2.10', 80],
        ['192.0.2.11', 80],
        ['192.0.2.16', 443],
        ['192.0.2.17', 443],
      ].map(([vip, port]) => ({ vip, protocol: 'tcp', ports: [[port, port]], mark: 1001, owner: 'file' })),
    )
    expect(reading.desired?.services.map(({ mark, family }) => [mark, family])).toEqual([
      [1000, 4],
      [1001, 4],
    ])
    expect(told(reading)[0]).toMatch(/^2 adjusted: becomes mark 1001/)
  })

  it('that two virtual servers use are two marks', () => {
    const text = `${grouped('192.0.2.10-11 80')}${server('protocol UDP', 'group g', 'real_server 192.0.2.21 {\n}')}`
    expect(desired(text).services.map(({ mark }) => mark)).toEqual([1000, 1001])
  })

  it('leave ports that are virtual servers of their own without the mark', () => {
    const text = `${grouped('192.0.2.10-11', 'persistence_timeout 5')}${server('', '192.0.2.10 80')}`
    expect(desired(text).marks.map(({ vip, ports }) => [vip, ports])).toEqual([
      [
        '192.0.2.10',
        [
          [0, 79],
          [81, 65535],
        ],
      ],
      ['192.0.2.11', [[0, 65535]]],
    ])
  })

  it('that name an address which is a virtual server of its own are refused', () => {
    const text = `${grouped('192.0.2.10-11 80')}${server('', '192.0.2.10 80')}`
    expect(told(read(text))).toContain('2 cannot: 192.0.2.10 port 80 is a virtual server of its own too')
  })

  it('of more addresses than mark rules can hold are refused', () => {
    expect(told(read(grouped('10.0.0.0/8 80')))[0]).toMatch(/^2 cannot: 16777216 addresses/)
    expect(told(read(grouped('2001:db8::/64 80')))[0]).toMatch(/^2 cannot: 18446744073709551616 addresses/)
  })

  it('that nobody uses are left out, which is said', () => {
    expect(told(read('virtual_server_group g {\n192.0.2.1 80\n}\n'))).toEqual([
      '1 ignored: no virtual server uses group g',
    ])
  })
})

describe('what is ignored', () => {
  it('has its reason', () => {
    const text =
      'vrrp_instance V {\n  interface eth0\n}\nglobal_defs {\n  smtp_server 192.0.2.1\n  router_id a\n}\n'
    expect(told(read(text))).toEqual([
      "1 ignored: VRRP and addresses stay keepalived's own task",
      '5 ignored: xlvs sends no mail',
      '6 ignored: it is about the keepalived process',
    ])
  })

  it('a fault in a checker is none the less a fault', () => {
    const check = 'TCP_CHECK {\nconnect_port 0\n}'
    const reading = read(server('', '192.0.2.10 80', `real_server 192.0.2.21 80 {\n${check}\n}`))
    expect(told(reading)).toContain('8 cannot: connect_port: 0 is outside of 1..65535')
  })
})

it('time-outs of global_defs are those of xlvs; 0 leaves the default', () => {
  expect(desired('global_defs {\nlvs_timeouts tcp 100 tcpfin 0 udp 5\n}\n').timeouts).toEqual({
    tcp: 100,
    tcpfin: 120,
    udp: 5,
  })
})

it('a mark is taken for what its real servers are, and asks for rules', () => {
  const reading = read(
    'virtual_server fwmark 6 {\nlb_kind DR\nlb_algo rr\nreal_server 2001:db8::21 {\n}\n}\n',
  )
  expect(reading.desired?.services).toMatchObject([
    { mark: 6, family: 6, reals: [{ address: '2001:db8::21' }] },
  ])
  expect(told(reading)[0]).toMatch(/^1 adjusted: a firewall marks packets after XDP/)
})

it('included files are named where their lines are judged', () => {
  const reading = read('include rs.conf\n', { 'rs.conf': server('wieght 3') })
  expect(reading.remarks.find(({ verdict }) => verdict === 'cannot')?.place).toEqual({
    file: 'rs.conf',
    line: 5,
    column: 1,
  })
})
