// SPDX-License-Identifier: Apache-2.0
// IPv4 and IPv6 headers: options, extension headers, time to live, lengths that lie, transports that are not balanced.
import {
  answers,
  CLIENT,
  drops,
  four,
  type Given,
  goes,
  type PacketCase,
  passes,
  patched,
  REAL6,
  six,
  VIP,
  VIP6,
} from '../case.js'
import {
  checksum,
  type Extension,
  type FrameWords,
  frame,
  ipPacket,
  raw,
  type Transport,
  tcp,
  udp,
} from '../frames.js'

const SYN = tcp(1000, 80, 'S')
const V4 = four(SYN)
const V6 = six(SYN)
const IP = 14
const NAMES = ['TCP', 'UDP'] as const
const FIRST: Readonly<Record<string, Transport>> = { TCP: SYN, UDP: udp(1000, 53) }
const payload = (name: string): Transport => FIRST[name] as Transport

const options = Array.from({ length: 11 }, (_, i) => 4 * i).flatMap((length) =>
  NAMES.map((name) =>
    goes(
      `${length} bytes of IPv4 options before ${name}`,
      'new',
      four(payload(name), {
        options: new Uint8Array(length).fill(1),
      }),
    ),
  ),
)

const KINDS: readonly Extension[] = [
  { kind: 'hop' },
  { kind: 'hop', length: 264 },
  { kind: 'routing' },
  { kind: 'routing', length: 24 },
  { kind: 'destination' },
  { kind: 'destination', length: 2048 - 64 },
  { kind: 'auth', length: 12 },
  { kind: 'auth', length: 24 },
  { kind: 'fragment', offset: 0, more: false },
]
const chain = (length: number): Extension[] =>
  Array.from({ length }, (_, i) => ({ kind: i === 0 ? 'hop' : 'destination' }) as const)

const extended: readonly PacketCase[] = [
  ...KINDS.flatMap((header) =>
    NAMES.map((name) =>
      goes(
        `a ${header.kind} header of ${header.length ?? 8} bytes before ${name}`,
        'new',
        six(payload(name), {
          extensions: [header],
        }),
      ),
    ),
  ),
  goes(
    'every kind of extension header in one chain',
    'new',
    six(SYN, { extensions: KINDS.slice(0, 1).concat(KINDS.slice(2, 5), KINDS.slice(6)) }),
  ),
  ...[2, 7, 8].map((n) => goes(`${n} extension headers`, 'new', six(SYN, { extensions: chain(n) }))),
  ...[9, 12].map((n) =>
    passes(`${n} extension headers`, 'ext_headers', frame(six(SYN, { extensions: chain(n) }))),
  ),
  passes('extension headers without end', 'ext_headers', frame(six(raw(60, new Uint8Array(64)), {}))),
  passes(
    'extension headers of 2 KiB',
    'ext_headers',
    frame(six(SYN, { extensions: [{ kind: 'hop', length: 2048 }] })),
  ),
  passes(
    'an extension header longer than the frame',
    'ext_headers',
    frame(six(raw(60, Uint8Array.of(6, 255, 0, 0, 0, 0, 0, 0)))),
  ),
  passes('an extension header that is cut', 'ext_headers', frame(six(raw(0, Uint8Array.of(6, 0, 0, 0))))),
  drops(
    'an extension header that reaches into the padding',
    'truncated',
    frame(six(raw(60, Uint8Array.of(6, 0, 0, 0, 0, 0, 0, 0)), { padding: 64 })),
  ),
  passes('no next header', 'no_service', frame(six(raw(59, new Uint8Array(20))))),
]

const life: readonly PacketCase[] = [V4, V6].flatMap((words) => [
  goes(`two hops left (${words.src})`, 'new', { ...words, ttl: 2 }),
  goes(`255 hops left (${words.src})`, 'new', { ...words, ttl: 255 }),
  answers(`one hop left (${words.src})`, { ...words, ttl: 1 }, { about: 'ttl' }),
  answers(`no hop left (${words.src})`, { ...words, ttl: 0 }, { about: 'ttl' }),
])

/** The IPv4 header checksum before: the increment carries, or wraps. */
const carried = [0xfeff, 0xfefe, 0xff00, 0xfffe, 0xfdff, 0x0000, 0x00ff].map((wanted) =>
  goes(`an IPv4 checksum of 0x${wanted.toString(16)}`, 'new', withChecksum(V4, wanted)),
)

/** The same words with the identification that gives this checksum. */
function withChecksum(words: FrameWords, wanted: number): FrameWords {
  for (let id = 0; id < 65536; id++) {
    const trial: FrameWords = { ...words, fragment: { id, offset: 0, more: false } }
    const head = ipPacket(trial).slice(0, 20)
    if ((((head[10] ?? 0) << 8) | (head[11] ?? 0)) === wanted) return trial
  }
  throw new Error(`no identification gives checksum ${wanted}`)
}

/** `change` the IPv4 header of a good frame and sum it anew. */
function lying(offset: number, ...values: number[]): Uint8Array {
  const data = patched(frame(V4), IP + offset, ...values)
  const header = patched(data.subarray(IP, IP + 20), 10, 0, 0)
  const sum = checksum(header)
  return patched(data, IP + 10, sum >> 8, sum & 255)
}

const lies: readonly PacketCase[] = [
  passes('an IPv4 header length of 4 words', 'malformed', lying(0, 0x44)),
  passes('an IPv4 header length of 0', 'malformed', lying(0, 0x40)),
  drops('an IPv4 header length that reaches into TCP', 'truncated', lying(0, 0x46)),
  drops('an IPv4 header length beyond its segment', 'truncated', lying(0, 0x4a)),
  passes('an IPv4 header length beyond the total length', 'malformed', lying(0, 0x4f)),
  passes('a total length below the header', 'malformed', lying(2, 0, 19)),
  passes('a total length of 0', 'malformed', lying(2, 0, 0)),
  drops('a total length of the header alone', 'truncated', lying(2, 0, 20)),
  drops('a total length that cuts the TCP header', 'truncated', lying(2, 0, 39)),
  passes('a total length one byte beyond the frame', 'malformed', lying(2, 0, 41)),
  passes('a total length of 65535', 'malformed', lying(2, 255, 255)),
  passes('version 6 in an IPv4 frame', 'malformed', lying(0, 0x65)),
  passes('version 4 in an IPv6 frame', 'malformed', patched(frame(V6), IP, 0x40)),
  passes('an IPv6 payload one byte beyond the frame', 'malformed', patched(frame(V6), IP + 4, 0, 21)),
  passes('an IPv6 payload of 65535', 'malformed', patched(frame(V6), IP + 4, 255, 255)),
  drops('an IPv6 payload that cuts the TCP header', 'truncated', patched(frame(V6), IP + 4, 0, 19)),
  drops('an IPv6 payload of 0 (a jumbogram)', 'truncated', patched(frame(V6), IP + 4, 0, 0)),
  drops('a UDP header that is cut', 'truncated', frame(four(raw(17, new Uint8Array(7))))),
  drops('a UDP header that is cut (IPv6)', 'truncated', frame(six(raw(17, new Uint8Array(7))))),
  drops(
    'a UDP header that reaches into the padding',
    'truncated',
    frame(four(raw(17, new Uint8Array(7)), { padding: 30 })),
  ),
  drops(
    'a UDP header that reaches into the padding (IPv6)',
    'truncated',
    frame(six(raw(17, new Uint8Array(7)), { padding: 30 })),
  ),
  goes('a UDP header without data', 'new', four(udp(1000, 53, new Uint8Array()))),
  goes('a UDP header without data (IPv6)', 'new', six(udp(1000, 53, new Uint8Array()))),
]

const others: readonly PacketCase[] = [four, six].flatMap((words) => [
  passes(`another port (${words(SYN).src})`, 'no_service', frame(words(tcp(1000, 81, 'S')))),
  passes(
    `the port of the other protocol (${words(SYN).src})`,
    'no_service',
    frame(words(tcp(1000, 53, 'S'))),
  ),
  passes(`another UDP port (${words(SYN).src})`, 'no_service', frame(words(udp(1000, 80)))),
  ...[47, 50, 4, 41, 2, 255].map((protocol) =>
    passes(
      `IP protocol ${protocol} to the VIP (${words(SYN).src})`,
      'no_service',
      frame(words(raw(protocol, new Uint8Array(24)))),
    ),
  ),
])

/** Two VIPs that look the same to the directory's hash. */
const TWINS: readonly Given[] = [
  {
    services: [
      { vip: VIP6, reals: [REAL6] },
      { vip: '::fd00:1:0:1', reals: ['fd00:2::2'] },
    ],
  },
]

const addresses: readonly PacketCase[] = [
  goes('one of two VIPs with the same fold', 'new', V6, { given: TWINS }),
  goes('the other of two VIPs with the same fold', 'new', six(SYN, { dst: '::fd00:1:0:1' }), {
    given: TWINS,
    to: 'fd00:2::2',
  }),
  passes('another address', 'not_vip', frame(four(SYN, { dst: '10.0.1.2' }))),
  passes('from the VIP', 'not_vip', frame(four(SYN, { src: VIP, dst: CLIENT }))),
  passes('the broadcast address', 'not_vip', frame(four(SYN, { dst: '255.255.255.255' }))),
  passes('the address 0.0.0.0', 'not_vip', frame(four(SYN, { dst: '0.0.0.0' }))),
  passes('another IPv6 address', 'not_vip', frame(six(SYN, { dst: 'fd00:1::2' }))),
  passes('an IPv6 address with the same fold', 'not_vip', frame(six(SYN, { dst: 'fd00::' }))),
  passes('the address ::', 'not_vip', frame(six(SYN, { dst: '::' }))),
  passes(
    'a cut packet for another address',
    'not_vip',
    frame(four(raw(6, new Uint8Array(3)), { dst: '10.9.9.9' })),
  ),
]

export const IP_CASES: readonly PacketCase[] = [
  ...options,
  ...extended,
  ...life,
  ...carried,
  ...lies,
  ...others,
  ...addresses,
]
