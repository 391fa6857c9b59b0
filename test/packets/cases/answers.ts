// SPDX-License-Identifier: Apache-2.0
// What the director tells clients itself: which packets it answers, with what, and which it must never answer.
import {
  answers,
  drops,
  FAMILIES,
  type FamilyWords,
  four,
  type Given,
  goes,
  type PacketCase,
  passes,
  REAL,
  REAL6,
  sent,
  six,
  VIP,
} from '../case.js'
import { type FrameWords, frame, raw, sctp, tcp, udp } from '../frames.js'

const NOBODY = { about: 'no_real' } as const
const SPENT = { about: 'ttl' } as const
const empty = (vip: string): Given => ({
  services: [
    { vip, reals: [] },
    { vip, port: 53, protocol: 'udp', reals: [] },
    { vip, port: 38_412, protocol: 'sctp', reals: [] },
  ],
})
/** A datagram whose IP packet is so long. */
const long = (six: boolean, length: number) => {
  const data = Uint8Array.from({ length: length - (six ? 48 : 28) }, (_, i) => (i * 7) & 255)
  return udp(1000, 53, data)
}

function unreachable({ name, words, vip }: FamilyWords): PacketCase[] {
  const v6 = name === 'IPv6'
  const given = [empty(vip)]
  const limit = v6 ? 1232 : 548
  const tagged = [{ tpid: 0x88a8, vid: 100 }, { vid: 200 }]
  return [
    answers(`${name}: no real server for TCP: port unreachable`, words(tcp(1000, 80, 'S')), NOBODY, given),
    answers(`${name}: no real server for UDP`, words(udp(1000, 53)), NOBODY, given),
    answers(`${name}: no real server for SCTP`, words(sctp(1000, 38_412, ['init'])), NOBODY, given),
    ...[1, 2, 3, 7].map((odd) =>
      answers(
        `${name}: ${odd} bytes of data are quoted`,
        words(udp(1000, 53, new Uint8Array(odd).fill(0xa5))),
        NOBODY,
        given,
      ),
    ),
    ...[limit - 1, limit, limit + 1, 1399, 1500].map((length) =>
      answers(
        `${name}: of ${length} bytes at most ${limit} are quoted`,
        words(long(v6, length)),
        NOBODY,
        given,
      ),
    ),
    answers(
      `${name}: what Ethernet added is not quoted`,
      words(udp(1000, 53), { padding: 20 }),
      NOBODY,
      given,
    ),
    answers(
      `${name}: padding behind a long packet is not quoted`,
      words(long(v6, limit + 3), { padding: 5 }),
      NOBODY,
      given,
    ),
    answers(
      `${name}: an answer goes back by its VLAN`,
      words(udp(1000, 53), { tags: [{ vid: 7 }] }),
      NOBODY,
      given,
    ),
    answers(
      `${name}: an answer goes back by both VLANs`,
      words(long(v6, 333), { tags: tagged }),
      NOBODY,
      given,
    ),
    answers(
      `${name}: an answer to a marked class of service`,
      words(udp(1000, 53), { tos: 0x5e }),
      NOBODY,
      given,
    ),
    answers(`${name}: a spent packet of an unknown flow`, words(tcp(1000, 80, 'S'), { ttl: 1 }), SPENT),
    answers(`${name}: a spent packet of a known flow`, words(tcp(1000, 80, 'A'), { ttl: 1 }), SPENT, [
      ...sent(words(tcp(1000, 80, 'S'))),
    ]),
    answers(`${name}: a spent datagram in two VLANs`, words(long(v6, 901), { ttl: 0, tags: tagged }), SPENT),
  ]
}

function tooLarge({ name, words, real }: FamilyWords): PacketCase[] {
  const v6 = name === 'IPv6'
  const narrow = (mtu: number): Given => ({ hop: real, is: { mtu } })
  const known = sent(words(udp(1000, 53)))
  const told = { about: 'mtu', mtu: 1400 } as const
  const large = words(long(v6, 1401), { df: true })
  const tunables = { icmp_ratelimit: 1000, icmp_msgs_per_sec: 1, icmp_msgs_burst: 1 }
  return [
    goes(`${name}: as large as the next hop takes`, 'new', words(long(v6, 1400)), { given: [narrow(1400)] }),
    answers(`${name}: a byte larger than the next hop takes`, large, told, [narrow(1400)]),
    answers(`${name}: a known flow's packet larger than the next hop takes`, large, told, [
      narrow(1400),
      ...known,
    ]),
    answers(`${name}: too large, in a VLAN`, { ...large, tags: [{ vid: 5 }] }, told, [narrow(1400)]),
    answers(`${name}: too large and spent: the hops count first`, { ...large, ttl: 1 }, SPENT, [
      narrow(1400),
    ]),
    answers(`${name}: path MTU discovery is not held up by limits`, large, told, [
      narrow(1400),
      { tunables },
      ...sent(large, large, large),
    ]),
    goes(`${name}: the next hop's MTU is not known`, 'new', words(long(v6, 1500)), { given: [narrow(0)] }),
    goes(`${name}: padding does not make a packet too large`, 'new', words(long(v6, 1400), { padding: 50 }), {
      given: [narrow(1400)],
    }),
    goes(`${name}: a frame merged on arrival`, 'new', large, {
      given: [narrow(1400), { interface: 'merged' }],
    }),
    passes(`${name}: too large, for a real server here`, 'local_real', frame(large), [
      { hop: real, is: { mtu: 1400, kind: 'local' } },
    ]),
  ]
}

/** Nobody there, or everybody: RFC 1122 section 3.2.2, RFC 4443 section 2.4 (e). */
const NOT_ONE = [
  '0.0.0.0',
  '0.1.2.3',
  '127.0.0.1',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
]
const NOT_ONE6 = ['::', '::1', 'ff02::1', 'ff0e::1:2']
const ONE = ['1.0.0.1', '126.255.255.255', '128.0.0.1', '223.255.255.255']
/** Its hop is spent, as IPVS does before it measures; nobody sees it. */
const unseen = (packet: PacketCase): PacketCase => ({ ...packet, out: undefined })
const silent: readonly PacketCase[] = [...NOT_ONE, ...NOT_ONE6].flatMap((src) => {
  const [words, real, size] = src.includes(':') ? [six, REAL6, 1401] : [four, REAL, 1401]
  const data = long(src.includes(':'), size)
  return [
    drops(`no answer to ${src}`, 'no_real', frame(words(udp(1000, 53), { src })), [empty(words(data).dst)]),
    drops(`no answer to ${src} about hops`, 'ttl', frame(words(udp(1000, 53), { src, ttl: 1 }))),
    unseen(
      drops(`no answer to ${src} about size`, 'mtu', frame(words(data, { src })), [
        { hop: real, is: { mtu: 1400 } },
      ]),
    ),
  ]
})

const addressed = ONE.map((src) =>
  answers(`an answer to ${src}`, four(udp(1000, 53), { src }), NOBODY, [empty(VIP)]),
)

function limited({ name, words, vip }: FamilyWords): PacketCase[] {
  const given = [empty(vip)]
  const datagram = (port: number, rest: Partial<FrameWords> = {}) => words(udp(port, 53), rest)
  const other = name === 'IPv4' ? '192.168.0.2' : 'fd00::d'
  const six6 = Array.from({ length: 6 }, (_, i) => datagram(2000 + i))
  const client: Given = { tunables: { icmp_ratelimit: 1000 } }
  const everybody: Given = { tunables: { icmp_msgs_per_sec: 1, icmp_msgs_burst: 3 } }
  const three = [1, 2, 3].map((i) => datagram(2000 + i, { src: `${other}${i}` }))
  return [
    drops(`${name}: a client's seventh answer at once`, 'no_real', frame(datagram(1000)), [
      ...given,
      client,
      ...sent(...six6),
    ]),
    drops(`${name}: a client's seventh answer, about hops`, 'ttl', frame(datagram(1000, { ttl: 1 })), [
      client,
      ...sent(...six6.map((each) => ({ ...each, ttl: 1 }))),
    ]),
    answers(`${name}: a client's sixth answer`, datagram(1000), NOBODY, [
      ...given,
      client,
      ...sent(...six6.slice(1)),
    ]),
    answers(`${name}: another client's first answer`, datagram(1000, { src: other }), NOBODY, [
      ...given,
      client,
      ...sent(...six6),
    ]),
    answers(`${name}: a client's seventh answer, a while later`, datagram(1000), NOBODY, [
      ...given,
      client,
      ...sent(...six6),
      { wait: 1.1 },
    ]),
    drops(`${name}: all clients' fourth answer of a burst of three`, 'no_real', frame(datagram(1000)), [
      ...given,
      everybody,
      ...sent(...three),
    ]),
    answers(`${name}: all clients' third answer of a burst of three`, datagram(1000), NOBODY, [
      ...given,
      everybody,
      ...sent(...three.slice(1)),
    ]),
  ]
}

/** What IPVS answers is the packet of a flow, as far as it has one. */
const parts: readonly PacketCase[] = [
  answers(
    'a first fragment without a real server',
    four(long(false, 600), { fragment: { id: 77, offset: 0, more: true } }),
    NOBODY,
    [empty(VIP)],
  ),
  answers(
    'options are quoted, and not sent back',
    four(udp(1000, 53), { options: new Uint8Array(8).fill(1) }),
    NOBODY,
    [empty(VIP)],
  ),
  answers(
    'extension headers are quoted',
    six(udp(1000, 53), { extensions: [{ kind: 'hop' }, { kind: 'destination', length: 24 }] }),
    NOBODY,
    [empty('fd00:1::1')],
  ),
  passes(
    'a later fragment whose first had no real server',
    'fragment_first_unseen',
    frame(four(raw(17, new Uint8Array(16)), { fragment: { id: 77, offset: 32, more: false } })),
    [empty(VIP), ...sent(four(long(false, 600), { fragment: { id: 77, offset: 0, more: true } }))],
  ),
]

export const ANSWERS: readonly PacketCase[] = [
  ...FAMILIES.flatMap(unreachable),
  ...FAMILIES.flatMap(tooLarge),
  ...FAMILIES.flatMap(limited),
  ...silent,
  ...addressed,
  ...parts,
]
