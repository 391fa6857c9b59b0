// SPDX-License-Identifier: Apache-2.0
// Flows: what opens one, what belongs to one, and what becomes of it when its real server cannot be reached.

import type { ServiceWords } from '../../bpf/rig.js'
import {
  answers,
  BASE,
  drops,
  FAMILIES,
  type FamilyWords,
  type Given,
  goes,
  type PacketCase,
  PEER_MAC,
  passes,
  REAL,
  sent,
} from '../case.js'
import { frame, type Tag, tcp, udp } from '../frames.js'

const only = (service: Partial<ServiceWords> & Pick<ServiceWords, 'vip' | 'reals'>): Given => ({
  services: [service],
})

const SCHEDULERS = (
  ['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'dh', 'sh', 'sed', 'nq', 'fo', 'ovf', 'mh', 'twos'] as const
).slice()

const OPENS = ['S', 'SA', 'SF', 'SP', 'SFPAU']
const OPENS_NOT = ['A', 'PA', 'F', 'FA', 'R', 'RA', 'SR', 'SRA', '', 'P', 'U']

function opening({ name, words }: FamilyWords): PacketCase[] {
  return [
    ...OPENS.map((flags) =>
      goes(`${name}: TCP ${flags} opens a connection`, 'new', words(tcp(1000, 80, flags))),
    ),
    ...OPENS_NOT.map((flags) =>
      passes(`${name}: TCP '${flags}' without a connection`, 'no_conn', frame(words(tcp(1000, 80, flags)))),
    ),
    ...OPENS_NOT.map((flags) =>
      goes(`${name}: TCP '${flags}' of a connection`, 'conn', words(tcp(1000, 80, flags)), {
        given: sent(words(tcp(1000, 80, 'S'))),
      }),
    ),
    goes(`${name}: UDP opens`, 'new', words(udp(1000, 53))),
    goes(`${name}: UDP again`, 'conn', words(udp(1000, 53)), { given: sent(words(udp(1000, 53))) }),
    goes(`${name}: a SYN sent again`, 'conn', words(tcp(1000, 80, 'S')), {
      given: sent(words(tcp(1000, 80, 'S'))),
    }),
    goes(
      `${name}: the same ports of another client`,
      'new',
      words(tcp(1000, 80, 'S'), { src: name === 'IPv4' ? '192.168.0.2' : 'fd00::d' }),
      {
        given: sent(words(tcp(1000, 80, 'S'))),
      },
    ),
    passes(`${name}: TCP from port 20`, 'ftp_data', frame(words(tcp(20, 80, 'S')))),
    passes(`${name}: UDP from port 20`, 'ftp_data', frame(words(udp(20, 53)))),
    passes(`${name}: a segment after its connection's time`, 'no_conn', frame(words(tcp(1000, 80, 'A'))), [
      ...sent(words(tcp(1000, 80, 'S'))),
      { wait: 61 },
    ]),
    goes(`${name}: UDP after its connection's time`, 'new', words(udp(1000, 53)), {
      given: [...sent(words(udp(1000, 53))), { wait: 301 }],
    }),
  ]
}

const PERSISTENT = { persistence: { timeout: 100, prefix: 24 } }

function directors({ name, words, vip, real }: FamilyWords): PacketCase[] {
  const other = real === REAL ? '10.0.2.2' : 'fd00:2::2'
  const fromPeer = words(tcp(1000, 80, 'S'), { srcMac: PEER_MAC })
  const held = { persistence: { timeout: 100, prefix: name === 'IPv4' ? 24 : 64 } }
  return [
    passes(`${name}: balanced already by a peer`, 'peer', frame(fromPeer), [{ peers: [PEER_MAC] }]),
    goes(`${name}: from the MAC of what is no peer`, 'new', fromPeer, {
      given: [{ peers: ['02:00:00:00:00:d3'] }],
    }),
    goes(`${name}: a client's second connection, by its template`, 'template', words(tcp(1001, 80, 'S')), {
      given: [
        only({ vip, scheduler: 'wlc', reals: [real], ...held }),
        ...sent(words(tcp(1000, 80, 'S'))),
        only({ vip, scheduler: 'wlc', reals: [real, { address: other, weight: 100 }], ...held }),
      ],
    }),
    goes(`${name}: full tables: by the flow's hash`, 'unstored', words(tcp(1000, 80, 'S')), {
      given: [{ tables: 'full' }],
    }),
    goes(`${name}: full tables: the next segment too`, 'unstored', words(tcp(1000, 80, 'A')), {
      given: [{ tables: 'full' }, ...sent(words(tcp(1000, 80, 'S')))],
    }),
    goes(`${name}: full tables: UDP`, 'unstored', words(udp(1000, 53)), { given: [{ tables: 'full' }] }),
    goes(`${name}: full tables: persistence holds`, 'unstored', words(tcp(1001, 80, 'S')), {
      given: [
        only({ vip, reals: [real], ...PERSISTENT }),
        { tables: 'full' },
        ...sent(words(tcp(1000, 80, 'S'))),
      ],
    }),
  ]
}

function unreachable({ name, words, vip, real }: FamilyWords): PacketCase[] {
  const syn = words(tcp(1000, 80, 'S'))
  const gone = [...sent(syn), only({ vip, reals: [] })]
  const local: Given = { hop: real, is: { kind: 'local' } }
  const unresolved: Given = { hop: real, is: { kind: 'unresolved' } }
  const quiesced = only({ vip, reals: [{ address: real, weight: 0 }] })
  return [
    passes(`${name}: the real server is this host`, 'local_real', frame(syn), [local]),
    passes(`${name}: a known flow of a real server here`, 'local_real', frame(words(tcp(1000, 80, 'A'))), [
      local,
      ...sent(syn),
    ]),
    passes(`${name}: a real server here does not cost a hop`, 'local_real', frame({ ...syn, ttl: 1 }), [
      local,
    ]),
    drops(`${name}: the next hop is not resolved`, 'nexthop', frame(syn), [unresolved]),
    drops(`${name}: the next hop of a known flow is lost`, 'nexthop', frame(words(tcp(1000, 80, 'A'))), [
      ...sent(syn),
      unresolved,
    ]),
    drops(`${name}: the real server was removed`, 'real_gone', frame(words(tcp(1000, 80, 'A'))), gone),
    drops(`${name}: the real server was removed, and a SYN`, 'real_gone', frame(syn), gone),
    goes(`${name}: the real server is back`, 'conn', words(tcp(1000, 80, 'A')), {
      given: [...gone, { services: BASE }],
    }),
    answers(`${name}: no real server`, syn, { about: 'no_real' }, [only({ vip, reals: [] })]),
    answers(`${name}: no real server with weight`, syn, { about: 'no_real' }, [quiesced]),
    goes(`${name}: a quiesced real server keeps its connections`, 'conn', words(tcp(1000, 80, 'A')), {
      given: [...sent(syn), quiesced],
    }),
    ...[...SCHEDULERS, 'none' as const].map((scheduler) =>
      answers(`${name}: ${scheduler} without a usable real server`, syn, { about: 'no_real' }, [
        only({ vip, scheduler, reals: [{ address: real, weight: 0 }] }),
      ]),
    ),
    answers(`${name}: none, which never schedules`, syn, { about: 'no_real' }, [
      only({ vip, scheduler: 'none', reals: [real] }),
    ]),
    ...SCHEDULERS.map((scheduler) =>
      goes(`${name}: ${scheduler} with one real server`, 'new', syn, {
        given: [only({ vip, scheduler, reals: [real] })],
      }),
    ),
  ]
}

const TAG: Tag = { vid: 42 }
const known = FAMILIES.map(({ name, words }) =>
  goes(`${name}: a known flow from a VLAN`, 'conn', words(tcp(1000, 80, 'A'), { tags: [TAG] }), {
    given: sent(words(tcp(1000, 80, 'S'))),
  }),
)

export const FLOWS: readonly PacketCase[] = [
  ...FAMILIES.flatMap(opening),
  ...FAMILIES.flatMap(directors),
  ...FAMILIES.flatMap(unreachable),
  ...known,
]
