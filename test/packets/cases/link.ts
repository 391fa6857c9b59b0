// SPDX-License-Identifier: Apache-2.0
// The link layer: who a frame is for, VLAN tags that come in and go out, ports that are there or not.
import { four, type Given, goes, type PacketCase, passes, patched, REAL, REAL6, six } from '../case.js'
import {
  arp,
  bytes,
  CLIENT_MAC,
  DIRECTOR_MAC,
  type FrameWords,
  frame,
  mac,
  type Tag,
  tcp,
} from '../frames.js'

const SYN = tcp(1000, 80, 'S')
const V4 = four(SYN)
const V6 = six(SYN)
const TAGS: Readonly<Record<string, readonly Tag[]>> = {
  untagged: [],
  'one tag': [{ vid: 7 }],
  'another tag': [{ vid: 4094 }],
  'a service tag': [{ tpid: 0x88a8, vid: 9 }],
  'QinQ 802.1ad': [{ tpid: 0x88a8, vid: 100 }, { vid: 200 }],
  'two 802.1Q tags': [{ vid: 1 }, { vid: 2 }],
}

const ethernet = (type: number, ...rest: readonly number[]): Uint8Array =>
  bytes(mac(DIRECTOR_MAC), mac(CLIENT_MAC), [type >> 8, type & 255], rest)

const notOurs: readonly PacketCase[] = [
  passes('an ARP request', 'not_my_mac', arp()),
  passes('an ARP reply', 'not_ip', patched(arp(), 0, ...mac(DIRECTOR_MAC))),
  passes('LLDP', 'not_my_mac', patched(ethernet(0x88cc, 2, 7, 4), 0, 1, 0x80, 0xc2, 0, 0, 14)),
  passes('an unknown ethertype', 'not_ip', ethernet(0x88b5, 1, 2, 3)),
  passes('an 802.3 frame with a length', 'not_ip', ethernet(3, 0x42, 0x42, 3)),
  passes("another host's MAC", 'not_my_mac', frame({ ...V4, dstMac: '02:00:00:00:00:fd' })),
  passes('a MAC that differs in its first byte', 'not_my_mac', frame({ ...V4, dstMac: '03:00:00:00:00:fe' })),
  passes('a broadcast MAC', 'not_my_mac', frame({ ...V4, dstMac: 'ff:ff:ff:ff:ff:ff' })),
  passes('a multicast MAC', 'not_my_mac', frame({ ...V6, dstMac: '33:33:00:00:00:01' })),
  passes('three tags', 'not_ip', frame({ ...V4, tags: [{ vid: 1 }, { vid: 2 }, { vid: 3 }] })),
  passes('three tags of IPv6', 'not_ip', frame({ ...V6, tags: [{ vid: 1 }, { vid: 2 }, { vid: 3 }] })),
  passes('an Ethernet header and no more (IPv4)', 'malformed', ethernet(0x0800)),
  passes('an Ethernet header and no more (IPv6)', 'malformed', ethernet(0x86dd)),
  passes('a tag that is cut', 'malformed', ethernet(0x8100, 0, 7)),
  passes('a second tag that is cut', 'malformed', ethernet(0x88a8, 0, 7, 0x81, 0, 0)),
  passes('an interface the controller does not know', 'not_attached', frame(V4), [{ interface: 'detached' }]),
]

/** Every way of coming in, towards every way of going out. */
const tagged = Object.entries(TAGS).flatMap(([came, tags]) =>
  Object.entries(TAGS).flatMap(([leaves, hop]) =>
    [V4, V6].map((words) => {
      const real = words === V4 ? REAL : REAL6
      const given: Given[] = [{ hop: real, is: { tags: hop.map((tag) => ({ tpid: 0x8100, ...tag })) } }]
      const family = words === V4 ? 'IPv4' : 'IPv6'
      return goes(
        `${family}: comes with ${came}, leaves with ${leaves}`,
        'new',
        { ...words, tags },
        {
          given,
          tags: hop,
        },
      )
    }),
  ),
)

const padded = [V4, V6].flatMap((words) =>
  [1, 6, 20, 1000].map((padding) =>
    goes(`${padding} bytes behind the packet stay behind it (${words.src})`, 'new', { ...words, padding }),
  ),
)

const elsewhere = (tags: readonly Tag[]): Given => ({
  hop: REAL,
  is: { tags: tags.map((tag) => ({ tpid: 0x8100, ...tag })) },
  through: 'another interface',
})

const ports: readonly PacketCase[] = [
  goes('a next hop behind another interface', 'new', V4, { given: [elsewhere([])], redirected: true }),
  goes('a next hop in a VLAN behind another interface', 'new', V4, {
    given: [elsewhere([{ vid: 5 }])],
    tags: [{ vid: 5 }],
    redirected: true,
  }),
  goes('an IPv6 next hop behind another interface', 'new', V6, {
    given: [{ hop: REAL6, is: {}, through: 'another interface' }],
    redirected: true,
  }),
  lost('an interface that is gone', 'port_down', V4, { hop: REAL, is: {}, through: 'no interface' }),
  lost('no room in front of the frame for a tag', 'rewrite', V4, { hop: REAL, is: { tags: TWO() } }, 216),
  lost('no room for a tag (IPv6)', 'rewrite', V6, { hop: REAL6, is: { tags: TWO() } }, 216),
  {
    ...goes('room enough beside metadata', 'new', V4, {
      given: [{ hop: REAL, is: { tags: TWO() } }],
      tags: TWO(),
    }),
    metadata: 32,
  },
  goes('the smallest TCP packet in a frame without padding', 'new', V4),
]

function TWO() {
  return [
    { tpid: 0x88a8, vid: 100 },
    { tpid: 0x8100, vid: 200 },
  ]
}

/** Dropped after the header was changed: nobody sees the frame. */
function lost(title: string, reason: string, words: FrameWords, given: Given, metadata?: number): PacketCase {
  const rest = metadata === undefined ? {} : { metadata }
  const data = frame(words)
  return {
    title,
    given: [given],
    frame: data,
    reason: `drop_${reason}`,
    action: 'drop',
    out: undefined,
    ...rest,
  }
}

export const LINK: readonly PacketCase[] = [...notOurs, ...tagged, ...padded, ...ports]
