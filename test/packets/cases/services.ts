// SPDX-License-Identifier: Apache-2.0
// Which service a packet belongs to: marks, exact ports, FTP's, any port; what SCTP, AH and ESP are to a flow.
import type { RuleWords, ServiceWords } from '../../bpf/rig.js'
import {
  answers,
  CLIENT,
  CLIENT6,
  drops,
  FAMILIES,
  type FamilyWords,
  four,
  type Given,
  goes,
  type PacketCase,
  passes,
  patched,
  REAL,
  sent,
  six,
  VIP,
  VIP6,
} from '../case.js'
import { bytes, CHUNK, type ChunkName, frame, icmp, icmp6, ipPacket, raw, sctp, tcp, udp } from '../frames.js'

const PERSISTENT = { persistence: { timeout: 100, prefix: 32 } } as const
const secondOf = (real: string) => (real === REAL ? '10.0.2.2' : 'fd00:2::2')

function marked({ name, words, vip, real }: FamilyWords): PacketCase[] {
  const other = secondOf(real)
  const family = name === 'IPv4' ? 4 : 6
  const fwm: ServiceWords = { mark: 6, family, reals: [other] }
  const rule = (ports: RuleWords['ports'], protocol: 'tcp' | 'udp' | 'sctp' = 'tcp'): RuleWords => ({
    vip,
    mark: 6,
    protocol,
    ports,
  })
  const exact: ServiceWords = { vip, reals: [real] }
  const given = (
    ports: RuleWords['ports'],
    more: readonly ServiceWords[] = [exact],
    marks = [rule(ports)],
  ): Given => ({
    services: [fwm, ...more],
    marks,
  })
  const syn = (port: number) => words(tcp(1000, port, 'S'))
  const none: Given = { services: [{ mark: 6, family, reals: [] }, exact], marks: [rule([80])] }
  return [
    goes(`${name}: a mark beats the exact port`, 'new', syn(80), { given: [given([80])], to: other }),
    goes(`${name}: the port beside a mark is the exact service's`, 'new', syn(80), {
      given: [given([81, 79])],
    }),
    ...([0, 1, 1023, 65_535] as const).map((port) =>
      goes(`${name}: a mark on port ${port} alone`, 'new', syn(port), { given: [given([port])], to: other }),
    ),
    ...[
      [0, [0, 65_535]],
      [65_535, [0, 65_535]],
      [100, [100, 200]],
      [200, [100, 200]],
    ].map(([port, range]) =>
      goes(`${name}: port ${port} of a mark on ${range}`, 'new', syn(port as number), {
        given: [given([range as [number, number]])],
        to: other,
      }),
    ),
    ...[99, 201, 0, 65_535].map((port) =>
      passes(`${name}: port ${port} beside a mark on 100-200`, 'no_service', frame(syn(port)), [
        given([[100, 200]]),
      ]),
    ),
    ...[1, 5, 9, 300].map((port) =>
      goes(`${name}: port ${port} of many ranges`, 'new', syn(port), {
        given: [given([1, 3, 5, 7, [9, 20], 22, [299, 301], 303])],
        to: other,
      }),
    ),
    ...[2, 4, 8, 21, 302, 304].map((port) =>
      passes(`${name}: port ${port} between many ranges`, 'no_service', frame(syn(port)), [
        given([1, 3, 5, 7, [9, 20], 22, [299, 301], 303]),
      ]),
    ),
    passes(`${name}: the same port of another protocol`, 'no_service', frame(words(udp(1000, 443))), [
      given([443]),
    ]),
    goes(`${name}: a mark on UDP`, 'new', words(udp(1000, 443)), {
      given: [given([], [exact], [rule([443], 'udp')])],
      to: other,
    }),
    goes(`${name}: a mark on SCTP`, 'new', words(sctp(1000, 443, ['init'])), {
      given: [given([], [exact], [rule([443], 'sctp')])],
      to: other,
    }),
    answers(`${name}: a mark without real servers does not fall through`, syn(80), { about: 'no_real' }, [
      none,
    ]),
    goes(`${name}: a mark without a service is ignored`, 'new', syn(80), {
      given: [{ services: [exact], marks: [rule([80])] }],
    }),
    passes(`${name}: cache_bypass leaves it to the stack`, 'bypass', frame(syn(80)), [
      none,
      { tunables: { cache_bypass: 1 } },
    ]),
    answers(`${name}: cache_bypass is for marks`, syn(80), { about: 'no_real' }, [
      { services: [{ vip, reals: [] }] },
      { tunables: { cache_bypass: 1 } },
    ]),
  ]
}

function anyPort({ name, words, vip, real }: FamilyWords): PacketCase[] {
  const other = secondOf(real)
  const any: ServiceWords = { vip, port: 0, reals: [other], ...PERSISTENT }
  const ftp: ServiceWords = { vip, port: 21, reals: [real], ...PERSISTENT }
  const services = (...all: readonly ServiceWords[]): Given => ({ services: all })
  const syn = (port: number) => words(tcp(1000, port, 'S'))
  const exact: ServiceWords = { vip, reals: [real] }
  return [
    goes(`${name}: port 0 has what no other service has`, 'new', syn(8080), {
      given: [services(exact, any)],
      to: other,
    }),
    goes(`${name}: the exact port goes before port 0`, 'new', syn(80), { given: [services(exact, any)] }),
    passes(`${name}: port 0 is of one protocol`, 'no_service', frame(words(udp(1000, 9))), [
      services(exact, any),
    ]),
    goes(`${name}: FTP's service goes before port 0`, 'new', syn(2000), { given: [services(ftp, any)] }),
    goes(`${name}: below the unprivileged ports it is port 0`, 'new', syn(1023), {
      given: [services(ftp, any)],
      to: other,
    }),
    ...[20, 21, 1024, 65_535].map((port) =>
      goes(`${name}: port ${port} is FTP's`, 'new', syn(port), { given: [services(ftp)] }),
    ),
    ...[19, 22, 0, 1023].map((port) =>
      passes(`${name}: port ${port} is not FTP's`, 'no_service', frame(syn(port)), [services(ftp)]),
    ),
    passes(`${name}: UDP is not FTP's`, 'no_service', frame(words(udp(1000, 2000))), [services(ftp)]),
    goes(`${name}: ip_unprivileged_port_start moves FTP's ports`, 'new', syn(500), {
      given: [services(ftp), { tunables: { ip_unprivileged_port_start: 500 } }],
    }),
    passes(`${name}: FTP's other ports without persistence`, 'no_service', frame(syn(2000)), [
      services({ vip, port: 21, reals: [real] }),
    ]),
    passes(`${name}: FTP's other ports without a real server`, 'no_service', frame(syn(2000)), [
      services({ ...ftp, reals: [] }),
    ]),
    answers(`${name}: FTP's own port without a real server`, syn(21), { about: 'no_real' }, [
      services({ ...ftp, reals: [] }),
    ]),
  ]
}

function onePacket({ name, words, vip, real }: FamilyWords): PacketCase[] {
  const service: ServiceWords = { vip, port: 53, protocol: 'udp', onePacket: true, reals: [real] }
  const datagram = words(udp(1000, 53))
  return [
    goes(`${name}: a datagram of a one-packet service`, 'one_packet', datagram, {
      given: [{ services: [service] }],
    }),
    goes(`${name}: the next one is scheduled, too`, 'one_packet', datagram, {
      given: [{ services: [service] }, ...sent(datagram)],
    }),
    answers(`${name}: a datagram and nobody to give it to`, datagram, { about: 'no_real' }, [
      { services: [{ ...service, reals: [] }] },
    ]),
  ]
}

function defended({ name, words }: FamilyWords): PacketCase[] {
  const syn = (port: number) => words(tcp(port, 80, 'S'))
  return [
    drops(`${name}: the first packet under drop_packet`, 'defence', frame(syn(1000)), [{ dropRate: 3 }]),
    goes(`${name}: the second under drop_packet`, 'new', syn(1001), {
      given: [{ dropRate: 3 }, ...sent(syn(1000))],
    }),
    drops(`${name}: the fourth of every third`, 'defence', frame(syn(1003)), [
      { dropRate: 3 },
      ...sent(syn(1000), syn(1001), syn(1002)),
    ]),
    goes(`${name}: a known flow under drop_packet`, 'conn', words(tcp(1000, 80, 'A')), {
      given: [...sent(syn(1000)), { dropRate: 1 }],
    }),
    passes(`${name}: what is not scheduled is not dropped`, 'no_conn', frame(words(tcp(1000, 80, 'A'))), [
      { dropRate: 1 },
    ]),
  ]
}

const CHUNKS = (Object.keys(CHUNK) as ChunkName[]).filter((name) => name !== 'init')

function chunks({ name, words }: FamilyWords): PacketCase[] {
  const packet = (...all: ChunkName[]) => words(sctp(1000, 38_412, all))
  const sloppy: Given = { tunables: { sloppy_sctp: 1 } }
  return [
    goes(`${name}: SCTP INIT opens`, 'new', packet('init')),
    goes(`${name}: SCTP INIT with more behind it opens`, 'new', packet('init', 'data')),
    ...CHUNKS.map((chunk) =>
      passes(`${name}: SCTP ${chunk} without a connection`, 'no_conn', frame(packet(chunk))),
    ),
    ...CHUNKS.map((chunk) =>
      goes(`${name}: SCTP ${chunk} of a connection`, 'conn', packet(chunk), { given: sent(packet('init')) }),
    ),
    ...CHUNKS.filter((chunk) => chunk !== 'abort').map((chunk) =>
      goes(`${name}: sloppy_sctp: ${chunk} opens`, 'new', packet(chunk), { given: [sloppy] }),
    ),
    passes(`${name}: sloppy_sctp: ABORT does not open`, 'no_conn', frame(packet('abort')), [sloppy]),
    passes(
      `${name}: sloppy_sctp: a cookie that an ABORT follows does not open`,
      'no_conn',
      frame(packet('cookieEcho', 'abort')),
      [sloppy],
    ),
    passes(`${name}: SCTP from port 20`, 'ftp_data', frame(words(sctp(20, 38_412, ['init'])))),
    passes(`${name}: SCTP to another port`, 'no_service', frame(words(sctp(1000, 80, ['init'])))),
    ...[11, 12, 15].map((length) =>
      drops(`${name}: ${length} bytes of SCTP`, 'truncated', frame(words(raw(132, new Uint8Array(length))))),
    ),
    goes(`${name}: sloppy_tcp: an ACK opens`, 'new', words(tcp(1000, 80, 'A')), {
      given: [{ tunables: { sloppy_tcp: 1 } }],
    }),
    passes(`${name}: sloppy_tcp: a RST does not open`, 'no_conn', frame(words(tcp(1000, 80, 'RA'))), [
      { tunables: { sloppy_tcp: 1 } },
    ]),
  ]
}

/** AH stands in IPv6 as an extension header: what follows it is the transport. */
function ipsec({ name, words, vip, real }: FamilyWords): PacketCase[] {
  const other = secondOf(real)
  const ike: Given = { services: [{ vip, port: 500, protocol: 'udp', reals: [other] }] }
  const begun = [ike, ...sent(words(udp(500, 500)))]
  const esp = words(raw(50, new Uint8Array(40)))
  return [
    goes(`${name}: ESP goes where IKE goes`, 'ipsec', esp, { given: begun, to: other }),
    passes(`${name}: ESP without IKE`, 'no_service', frame(esp), [ike]),
    passes(`${name}: ESP of a client whose IKE came from another port`, 'no_service', frame(esp), [
      ike,
      ...sent(words(udp(501, 500))),
    ]),
    passes(`${name}: ESP after its IKE flow's time`, 'no_service', frame(esp), [...begun, { wait: 301 }]),
    drops(`${name}: ESP whose real server is gone`, 'real_gone', frame(esp), [
      ...begun,
      { services: [{ vip, port: 500, protocol: 'udp', reals: [] }] },
    ]),
    answers(`${name}: ESP with one hop left`, { ...esp, ttl: 1 }, { about: 'ttl' }, begun),
  ]
}

const IKE4: readonly Given[] = [
  { services: [{ vip: VIP, port: 500, protocol: 'udp', reals: [REAL] }] },
  ...sent(four(udp(500, 500))),
]
const AH = raw(51, bytes([17, 4, 0, 0], new Uint8Array(20), udp(1000, 53).bytes))

const TWO: Given = {
  services: [
    { vip: VIP, reals: [REAL] },
    { vip: '10.0.1.2', reals: ['10.0.2.2'] },
    { vip: VIP6, reals: ['fd00:2::1'] },
    { vip: 'fd00:1::2', reals: ['fd00:2::2'] },
  ],
}
const replyOf = (src: string, dst: string, to = 1000) => ipPacket({ src, dst, payload: tcp(80, to, 'A') })
const opened = sent(
  four(tcp(1000, 80, 'S'), { dst: '10.0.1.2' }),
  six(tcp(1000, 80, 'S'), { dst: 'fd00:1::2' }),
)
const sctpReply = ipPacket({ src: VIP, dst: CLIENT, payload: sctp(38_412, 1000, ['data']) })
const SCHEDULE: Given = { tunables: { schedule_icmp: 1 } }

const quoting: readonly PacketCase[] = [
  goes(
    'an ICMP error to one VIP about a flow of another',
    'icmp',
    four(icmp(3, 4, replyOf('10.0.1.2', CLIENT))),
    {
      given: [TWO, ...opened],
      to: '10.0.2.2',
    },
  ),
  goes(
    'an ICMPv6 error to one VIP about a flow of another',
    'icmp',
    six(icmp6(2, 0, replyOf('fd00:1::2', CLIENT6))),
    {
      given: [TWO, ...opened],
      to: 'fd00:2::2',
    },
  ),
  goes('an ICMP error about an SCTP flow', 'icmp', four(icmp(3, 4, sctpReply)), {
    given: sent(four(sctp(1000, 38_412, ['init']))),
  }),
  drops(
    'an ICMPv6 error that is a fragment',
    'icmp_fragment',
    frame(
      six(icmp6(2, 0, replyOf(VIP6, CLIENT6)), { extensions: [{ kind: 'fragment', id: 3, more: true }] }),
    ),
    sent(six(tcp(1000, 80, 'S'))),
  ),
  goes(
    'schedule_icmp: an error begins the flow it quotes',
    'new',
    four(icmp(3, 4, replyOf(VIP, CLIENT, 7))),
    {
      given: [SCHEDULE],
    },
  ),
  goes(
    'schedule_icmp: an ICMPv6 error begins the flow it quotes',
    'new',
    six(icmp6(2, 0, replyOf(VIP6, CLIENT6, 7))),
    {
      given: [SCHEDULE],
    },
  ),
  goes('schedule_icmp: the flow goes on as it began', 'conn', four(tcp(7, 80, 'A')), {
    given: [SCHEDULE, ...sent(four(icmp(3, 4, replyOf(VIP, CLIENT, 7))))],
  }),
  passes(
    'schedule_icmp: what no service has',
    'icmp_no_flow',
    frame(four(icmp(3, 4, ipPacket({ src: VIP, dst: CLIENT, payload: tcp(81, 7, 'A') })))),
    [SCHEDULE],
  ),
  drops(
    'schedule_icmp: nobody to give it to, and no answer',
    'no_real',
    frame(four(icmp(3, 4, replyOf(VIP, CLIENT, 7)))),
    [{ services: [{ vip: VIP, reals: [] }] }, SCHEDULE],
  ),
  goes('AH goes where IKE goes', 'ipsec', four(AH), { given: IKE4 }),
  passes('AH without IKE', 'no_service', frame(four(AH))),
  passes(
    'a chunk length of 0 in a cookie is no ABORT',
    'no_conn',
    patched(frame(four(sctp(1000, 38_412, ['cookieEcho', 'abort']))), 14 + 20 + 14, 0, 0),
  ),
]

export const SERVICES: readonly PacketCase[] = [
  ...FAMILIES.flatMap(marked),
  ...FAMILIES.flatMap(anyPort),
  ...FAMILIES.flatMap(onePacket),
  ...FAMILIES.flatMap(defended),
  ...FAMILIES.flatMap(chunks),
  ...FAMILIES.flatMap(ipsec),
  ...quoting,
]
