// SPDX-License-Identifier: Apache-2.0
// Fragments: later ones follow the first, in their order or not, and nobody else's.
import {
  CLIENT6,
  drops,
  four,
  type Given,
  goes,
  type PacketCase,
  passes,
  REAL,
  REAL6,
  six,
  VIP,
  VIP6,
} from '../case.js'
import { type Extension, type FrameWords, frame, raw, tcp, udp } from '../frames.js'

const DATA = new Uint8Array(16).fill(0x61)
const BIG = udp(1000, 53, new Uint8Array(24))

const first4 = (id: number, payload = BIG): FrameWords =>
  four(payload, { fragment: { id, offset: 0, more: true } })
const later4 = (id: number, more = false, protocol = 17): FrameWords =>
  four(raw(protocol, DATA), { fragment: { id, offset: 32, more } })

interface Header6 {
  readonly before?: readonly Extension[]
  readonly after?: readonly Extension[]
}
const first6 = (id: number, { before = [], after = [] }: Header6 = {}, payload = BIG): FrameWords =>
  six(payload, { extensions: [...before, { kind: 'fragment', id, offset: 0, more: true }, ...after] })
const later6 = (id: number, { before = [], protocol = 17 } = {}, more = false): FrameWords =>
  six(raw(protocol, DATA), {
    extensions: [...(before as Extension[]), { kind: 'fragment', id, offset: 32, more }],
  })

const sent = (...words: readonly FrameWords[]): Given[] => words.map((each) => ({ send: frame(each) }))

const ipv4: readonly PacketCase[] = [
  goes('the first fragment', 'new', first4(1)),
  goes('the first fragment of TCP', 'new', first4(1, tcp(1000, 80, 'S', DATA))),
  goes('a first fragment of a known flow', 'conn', first4(2), { given: sent(four(udp(1000, 53))) }),
  goes('a fragment in the middle', 'fragment', later4(1, true), { given: sent(first4(1)) }),
  goes('the last fragment', 'fragment', later4(1), { given: sent(first4(1), later4(1, true)) }),
  goes(
    'a fragment of eight bytes',
    'fragment',
    { ...later4(1), payload: raw(17, DATA.subarray(8)) },
    { given: sent(first4(1)) },
  ),
  goes(
    'a later fragment with options',
    'fragment',
    { ...later4(1), options: new Uint8Array(12).fill(1) },
    { given: sent(first4(1)) },
  ),
  goes('a later fragment, sent again', 'fragment', later4(1), { given: sent(first4(1), later4(1)) }),
  goes('a later fragment that came before the first, sent again', 'fragment', later4(1), {
    given: sent(later4(1), first4(1)),
  }),
  goes('a later fragment 29 s after the first', 'fragment', later4(1), {
    given: [...sent(first4(1)), { wait: 29 }],
  }),
  goes('fragments of two packets at once', 'fragment', later4(1), { given: sent(first4(1), first4(2)) }),
]

const strangers4: readonly PacketCase[] = [
  passes('a later fragment whose first was not seen', 'fragment_first_unseen', frame(later4(1))),
  passes('a later fragment of another packet', 'fragment_first_unseen', frame(later4(2)), sent(first4(1))),
  passes(
    'a later fragment of another protocol',
    'fragment_first_unseen',
    frame(later4(1, false, 6)),
    sent(first4(1)),
  ),
  passes(
    'a later fragment of another client',
    'fragment_first_unseen',
    frame({ ...later4(1), src: '192.168.0.2' }),
    sent(first4(1)),
  ),
  passes('a later fragment 31 s after the first', 'fragment_first_unseen', frame(later4(1)), [
    ...sent(first4(1)),
    { wait: 31 },
  ]),
  passes('a first fragment for another port', 'no_service', frame(first4(1, udp(1000, 54)))),
  passes(
    'a later fragment of a packet for another port',
    'fragment_first_unseen',
    frame(later4(1)),
    sent(first4(1, udp(1000, 54))),
  ),
  passes(
    'a later fragment for another address',
    'not_vip',
    frame({ ...later4(1), dst: '10.0.1.9' }),
    sent(first4(1)),
  ),
]

const hop: readonly Extension[] = [{ kind: 'hop' }]
const ipv6: readonly PacketCase[] = [
  goes('the first IPv6 fragment', 'new', first6(1)),
  goes('an IPv6 fragment in the middle', 'fragment', later6(1, {}, true), { given: sent(first6(1)) }),
  goes('the last IPv6 fragment', 'fragment', later6(1), { given: sent(first6(1), later6(1, {}, true)) }),
  goes('an IPv6 fragment behind another header', 'fragment', later6(1, { before: hop as [] }), {
    given: sent(first6(1, { before: hop })),
  }),
  goes('a fragment of a packet with headers inside', 'fragment', later6(1, { protocol: 60 }), {
    given: sent(first6(1, { after: [{ kind: 'destination' }] })),
  }),
  goes('an atomic fragment', 'new', six(tcp(1000, 80, 'S'), { extensions: [{ kind: 'fragment', id: 1 }] })),
  goes('an IPv6 fragment that came before the first, sent again', 'fragment', later6(1), {
    given: sent(later6(1), first6(1)),
  }),
  goes('an IPv6 fragment with a 32-bit id', 'fragment', later6(0xdeadbeef), {
    given: sent(first6(0xdeadbeef)),
  }),
  passes('an IPv6 fragment whose first was not seen', 'fragment_first_unseen', frame(later6(1))),
  passes(
    'an IPv6 fragment of another packet',
    'fragment_first_unseen',
    frame(later6(0x10001)),
    sent(first6(1)),
  ),
  passes(
    'an IPv6 fragment of another client',
    'fragment_first_unseen',
    frame({ ...later6(1), src: `${CLIENT6}1` }),
    sent(first6(1)),
  ),
  passes(
    'a fragment behind an atomic one',
    'fragment_first_unseen',
    frame(later6(1)),
    sent(six(BIG, { extensions: [{ kind: 'fragment', id: 1 }] })),
  ),
  passes('an IPv6 fragment 31 s after the first', 'fragment_first_unseen', frame(later6(1)), [
    ...sent(first6(1)),
    { wait: 31 },
  ]),
]

/** The first fragment went; then something happened to its real server. */
const meanwhile: readonly PacketCase[] = [
  { family: 'IPv4', first: first4(1), later: later4(1), vip: VIP, real: REAL },
  { family: 'IPv6', first: first6(1), later: later6(1), vip: VIP6, real: REAL6 },
].flatMap(({ family, first, later, vip, real }) => {
  const data = frame(later)
  const gone: Given = { services: [{ vip, port: 53, protocol: 'udp', reals: [] }] }
  const hop = (kind: 'local' | 'unresolved'): Given => ({ hop: real, is: { kind } })
  return [
    drops(`${family}: a later fragment for a removed real server`, 'real_gone', data, [...sent(first), gone]),
    drops(`${family}: a later fragment for a lost next hop`, 'nexthop', data, [
      ...sent(first),
      hop('unresolved'),
    ]),
    passes(`${family}: a later fragment for a real server here`, 'local_real', data, [
      ...sent(first),
      hop('local'),
    ]),
    drops(`${family}: a later fragment with one hop left`, 'ttl', frame({ ...later, ttl: 1 }), sent(first)),
  ]
})

export const FRAGMENTS: readonly PacketCase[] = [...meanwhile, ...ipv4, ...strangers4, ...ipv6]
