// SPDX-License-Identifier: Apache-2.0
// What is neither TCP nor UDP, and what only quotes it: SCTP's chunks, AH and ESP, ICMP errors about other flows.
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

const secondOf = (real: string) => (real === REAL ? '10.0.2.2' : 'fd00:2::2')

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

export const TRANSPORTS: readonly PacketCase[] = [
  ...FAMILIES.flatMap(chunks),
  ...FAMILIES.flatMap(ipsec),
  ...quoting,
]
