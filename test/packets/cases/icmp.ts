// SPDX-License-Identifier: Apache-2.0
// ICMP: errors follow the flow they are about, everything else is the host's.
import {
  CLIENT,
  CLIENT6,
  drops,
  four,
  type Given,
  goes,
  type PacketCase,
  passes,
  patched,
  REAL,
  REAL6,
  six,
  VIP,
  VIP6,
} from '../case.js'
import {
  bytes,
  type Extension,
  type FrameWords,
  frame,
  icmp,
  icmp6,
  ipPacket,
  raw,
  type Transport,
  tcp,
  udp,
} from '../frames.js'

const IP = 14
/** What the real server sent: of its transport header only `keep` bytes are quoted. */
const quoted = (payload: Transport, rest: Partial<FrameWords> = {}, keep = 8): Uint8Array =>
  ipPacket({
    src: VIP,
    dst: CLIENT,
    ...rest,
    payload: raw(payload.protocol, payload.bytes.subarray(0, keep)),
  })
const quoted6 = (payload: Transport, rest: Partial<FrameWords> = {}, keep = 8): Uint8Array =>
  quoted(payload, { src: VIP6, dst: CLIENT6, ...rest }, keep)

const REPLY = tcp(80, 1000, 'A')
const ANSWER = udp(53, 1000)
const KNOWN: readonly Given[] = [
  { send: frame(four(tcp(1000, 80, 'S'))) },
  { send: frame(four(udp(1000, 53))) },
  { send: frame(six(tcp(1000, 80, 'S'))) },
  { send: frame(six(udp(1000, 53))) },
]
const router = { src: '172.16.0.9' }
const router6 = { src: 'fd00:9::9' }

const error = (
  title: string,
  type: number,
  quote: Uint8Array,
  words: Partial<FrameWords> = {},
  given = KNOWN,
): PacketCase => goes(title, 'icmp', four(icmp(type, 4, quote), { ...router, ...words }), { given })
const error6 = (
  title: string,
  type: number,
  quote: Uint8Array,
  words: Partial<FrameWords> = {},
): PacketCase => goes(title, 'icmp', six(icmp6(type, 0, quote), { ...router6, ...words }), { given: KNOWN })
const stranger = (title: string, quote: Uint8Array, given = KNOWN): PacketCase =>
  passes(title, 'icmp_no_flow', frame(four(icmp(3, 4, quote), router)), given)
const stranger6 = (title: string, quote: Uint8Array): PacketCase =>
  passes(title, 'icmp_no_flow', frame(six(icmp6(2, 0, quote), router6)), KNOWN)

const errors: readonly PacketCase[] = [
  ...[3, 4, 11].map((type) => error(`ICMP type ${type} about a TCP flow`, type, quoted(REPLY))),
  ...[3, 4, 11].map((type) => error(`ICMP type ${type} about a UDP flow`, type, quoted(ANSWER))),
  error('a quotation of the ports alone', 3, quoted(REPLY, {}, 4)),
  error('a quotation longer than eight bytes', 3, quoted(REPLY, {}, 20)),
  ...[4, 40].map((length) =>
    error(
      `${length} bytes of options in the quotation`,
      3,
      quoted(REPLY, { options: new Uint8Array(length).fill(1) }),
    ),
  ),
  error('an error with options of its own', 3, quoted(REPLY), { options: new Uint8Array(40).fill(1) }),
  error('an error in a VLAN', 3, quoted(REPLY), { tags: [{ vid: 3 }] }),
  error('a quoted first fragment', 11, quoted(ANSWER, { fragment: { id: 9, offset: 0, more: true } })),
  error('an error from the client itself', 3, quoted(REPLY), { src: CLIENT }),
  error('a finished flow', 3, quoted(REPLY), {}, [...KNOWN, { send: frame(four(tcp(1000, 80, 'F'))) }]),
]

const chain: readonly Extension[] = [{ kind: 'hop' }, { kind: 'routing' }, { kind: 'destination' }]
const errors6: readonly PacketCase[] = [
  ...[1, 2, 3, 4, 127].map((type) => error6(`ICMPv6 type ${type} about a TCP flow`, type, quoted6(REPLY))),
  error6('an IPv6 quotation of the ports alone', 2, quoted6(REPLY, {}, 4)),
  error6('ICMPv6 packet too big about a UDP flow', 2, quoted6(ANSWER)),
  error6('extension headers in the quotation', 2, quoted6(REPLY, { extensions: chain })),
  error6(
    'a quoted first IPv6 fragment',
    3,
    quoted6(ANSWER, { extensions: [{ kind: 'fragment', id: 9, more: true }] }),
  ),
  error6('extension headers before the error', 2, quoted6(REPLY), { extensions: chain }),
  error6('extension headers before and inside', 2, quoted6(REPLY, { extensions: chain }), {
    extensions: chain,
  }),
]

const queries: readonly PacketCase[] = [
  ...[0, 5, 8, 12, 13, 42, 255].map((type) =>
    passes(`ICMP type ${type}`, 'icmp_query', frame(four(icmp(type, 0, quoted(REPLY)))), KNOWN),
  ),
  ...[128, 129, 133, 134, 135, 136, 137, 255].map((type) =>
    passes(`ICMPv6 type ${type}`, 'icmp_query', frame(six(icmp6(type, 0, quoted6(REPLY)))), KNOWN),
  ),
  passes(
    'ICMP for another address',
    'not_vip',
    frame(four(icmp(3, 4, quoted(REPLY)), { dst: '10.0.9.9' })),
    KNOWN,
  ),
  passes('ICMPv6 in IPv4', 'no_service', frame(four(icmp6(2, 0, quoted(REPLY)))), KNOWN),
  passes('ICMP in IPv6', 'no_service', frame(six(icmp(3, 0, quoted6(REPLY)))), KNOWN),
]

const strangers: readonly PacketCase[] = [
  stranger('an error about a flow that is not known', quoted(tcp(80, 1001, 'A'))),
  stranger('an error about the same ports of the other protocol', quoted(udp(80, 1000))),
  stranger('an error about a flow of another client', quoted(REPLY, { dst: '192.168.0.2' })),
  stranger('an error about an expired flow', quoted(REPLY), [...KNOWN, { wait: 1000 }]),
  stranger('an error about what somebody else sent', quoted(REPLY, { src: '10.0.1.2' })),
  stranger('an error about what the client sent', quoted(tcp(1000, 80, 'S'), { src: CLIENT, dst: VIP })),
  stranger('a quoted later fragment', quoted(REPLY, { fragment: { id: 9, offset: 64, more: false } })),
  stranger('a quotation without its ports', quoted(REPLY, {}, 3)),
  stranger('a quoted header that is cut', quoted(REPLY).subarray(0, 19)),
  stranger('nothing quoted', new Uint8Array()),
  stranger('a quoted header length of 4 words', patched(quoted(REPLY), 0, 0x44)),
  stranger('a quoted header length beyond the quotation', patched(quoted(REPLY), 0, 0x4f)),
  stranger('a quotation of version 6', patched(quoted(REPLY), 0, 0x65)),
  stranger('a quoted ICMP message', quoted(icmp(8, 0, new Uint8Array(8)))),
  stranger6('an ICMPv6 error about a flow that is not known', quoted6(tcp(80, 1001, 'A'))),
  stranger6('an ICMPv6 error about what somebody else sent', quoted6(REPLY, { src: 'fd00:1::2' })),
  stranger6(
    'a quoted later IPv6 fragment',
    quoted6(REPLY, { extensions: [{ kind: 'fragment', id: 9, offset: 64 }] }),
  ),
  stranger6(
    'a quotation of nine extension headers',
    quoted6(REPLY, { extensions: Array.from({ length: 9 }, () => ({ kind: 'destination' }) as const) }),
  ),
  stranger6('an IPv6 quotation without its ports', quoted6(REPLY, {}, 3)),
  stranger6('an IPv6 quotation of version 4', patched(quoted6(REPLY), 0, 0x40)),
]

/** An error whose IP length ends before the ports: what stands behind belongs to no packet. */
const short = (words: FrameWords, lengthAt: number, length: number): Uint8Array =>
  patched(frame(words), IP + lengthAt, length >> 8, length & 255)
const edges: readonly PacketCase[] = [
  passes('an ICMP header that is cut', 'malformed', frame(four(raw(1, bytes([3, 4, 0, 0, 0, 0, 0]))))),
  passes('an ICMPv6 header that is cut', 'malformed', frame(six(raw(58, bytes([2, 0, 0, 0, 0, 0, 0]))))),
  passes(
    'a quotation behind the end of its packet',
    'icmp_no_flow',
    short(four(icmp(3, 4, quoted(REPLY)), router), 2, 20 + 8 + 20),
    KNOWN,
  ),
  passes(
    'an IPv6 quotation behind the end of its packet',
    'icmp_no_flow',
    short(six(icmp6(2, 0, quoted6(REPLY)), router6), 4, 8 + 40),
    KNOWN,
  ),
  drops('an error with one hop left', 'ttl', frame(four(icmp(3, 4, quoted(REPLY)), { ...router, ttl: 1 })), [
    ...KNOWN,
  ]),
]

/** The flow is known; then something happened to its real server. */
const meanwhile: readonly PacketCase[] = [
  { family: 'IPv4', words: four(icmp(3, 4, quoted(REPLY)), router), vip: VIP, real: REAL },
  { family: 'IPv6', words: six(icmp6(2, 0, quoted6(REPLY)), router6), vip: VIP6, real: REAL6 },
].flatMap(({ family, words, vip, real }) => {
  const data = frame(words)
  const hop = (kind: 'local' | 'unresolved'): Given => ({ hop: real, is: { kind } })
  const gone: Given = { services: [{ vip, reals: [] }] }
  return [
    goes(`${family}: an error about a flow of a removed real server`, 'icmp', words, {
      given: [...KNOWN, gone],
    }),
    drops(`${family}: an error about a flow whose next hop is lost`, 'nexthop', data, [
      ...KNOWN,
      hop('unresolved'),
    ]),
    passes(`${family}: an error about a flow of a real server here`, 'local_real', data, [
      ...KNOWN,
      hop('local'),
    ]),
  ]
})

export const ICMP: readonly PacketCase[] = [
  ...meanwhile,
  ...errors,
  ...errors6,
  ...queries,
  ...strangers,
  ...edges,
]
