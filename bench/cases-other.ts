// SPDX-License-Identifier: Apache-2.0
// Everything that is neither a known flow's packet nor a new flow: strangers, ICMP errors, fragments; the same packets among
// 10,000 services, and under a trace.
import type { Case, Group, TraceLevel } from './cases.js'
import { REALS } from './cases-hit.js'

const VIP = '192.0.2.10'
const FLOWS = 2 ** 12
const KNOWN = { to: VIP, flows: FLOWS, flags: 'ack', expected: 'tx' } as const
const SERVICE = { vip: VIP, scheduler: 'wrr', reals: REALS[4] } as const

const BESIDE_KNOWN = { place: ['known', 'xlvs'], says: 'known flow' } as const

export const OTHER: Group = {
  name: 'a table for 1M connections',
  limits: { connections: 2 ** 20 },
  services: [SERVICE],
  cases: [
    {
      id: 'miss',
      title: 'not for a VIP',
      programs: ['xlvs', 'parsed'],
      work: { to: '192.0.2.99', flows: 2 ** 16, flags: 'ack', expected: 'pass' },
    },
    {
      id: 'known',
      title: 'known flow, for comparison',
      programs: ['xlvs'],
      work: KNOWN,
      known: true,
      heat: 'kinds',
    },
    {
      id: 'icmp-error',
      title: 'ICMP error about a known flow',
      programs: ['xlvs'],
      work: { ...KNOWN, kind: 'ICMP error' },
      heat: 'kinds',
      beside: BESIDE_KNOWN,
      known: true,
    },
    {
      id: 'fragment/first',
      title: 'first fragment of a known flow',
      programs: ['xlvs'],
      work: { ...KNOWN, kind: 'first fragment' },
      heat: 'kinds',
      beside: BESIDE_KNOWN,
      known: true,
    },
    {
      id: 'fragment/later',
      title: 'later fragment',
      programs: ['xlvs'],
      work: { ...KNOWN, kind: 'later fragment' },
      heat: 'kinds',
      beside: BESIDE_KNOWN,
      known: true,
      lead: 'first fragment',
    },
  ],
}

export const SERVICE_COUNTS = [1, 10, 100, 1_000, 10_000] as const

function among(count: number): Group {
  const others = Array.from({ length: count - 1 }, (_, i) => {
    return { ...SERVICE, vip: `198.18.${i >> 8}.${i & 255}` }
  })
  const fewest = SERVICE_COUNTS[0]
  /** what makes a case one of its kind, beside the same among the fewest */
  const one = (what: string) => {
    const beside = { place: [`services/${what}/${fewest}`, 'xlvs'], says: `among ${fewest}` } as const
    return {
      id: `services/${what}/${count}`,
      heat: `services/${what}`,
      ...(count === fewest ? {} : { beside }),
    }
  }
  const title = `among ${count.toLocaleString('en')} service${count === 1 ? '' : 's'}`
  return {
    name: title,
    limits: { connections: 2 ** 20, services: 16_384, reals: 65_536 },
    services: [...others, SERVICE],
    cases: [
      {
        ...one('hit'),
        title: `known flow, ${title}`,
        programs: ['xlvs'],
        work: KNOWN,
        known: true,
      },
      {
        ...one('miss'),
        title: `not for a VIP, ${title}`,
        programs: ['xlvs'],
        work: { to: '192.0.2.99', flows: 2 ** 16, flags: 'ack', expected: 'pass' },
      },
      {
        ...one('new'),
        title: `new flow, ${title}`,
        programs: ['xlvs'],
        work: { ...KNOWN, flows: 2 ** 30, flags: 'syn' },
        fresh: true,
      },
    ],
  }
}

export const SERVICES: readonly Group[] = SERVICE_COUNTS.map(among)

/** Records of so many packets fit into the ring. */
const FITTING = 2 ** 12

const LEVELS: readonly (readonly [id: string, title: string, level: TraceLevel, most?: number])[] = [
  ['off', 'compiled in, off', { filter: undefined }],
  ['another-client', 'of another client', { filter: 'client 203.0.113.1' }],
  ['another-port', 'of another port', { filter: `${VIP}:81` }],
  ['another-reason', 'of another reason', { filter: `${VIP} reason drop_*` }],
  ['sampled', 'of 1 of 1000', { filter: VIP, how: { sample: 1000 } }],
  ['limited', 'of 1000 a second', { filter: VIP, how: { limit: 1000 } }],
  ['everything', 'of everything', { filter: VIP, how: { limit: 0 } }, FITTING],
  ['ring-full', 'of everything, ring full', { filter: VIP, how: { limit: 0 } }],
]

export const TRACE: Group = {
  name: 'a table for 64K connections, traced',
  limits: { connections: 2 ** 16 },
  services: [SERVICE],
  cases: [
    {
      id: 'trace/none',
      title: 'known flow, no trace compiled in',
      programs: ['untraced'],
      work: KNOWN,
      known: true,
      heat: 'trace',
    },
    ...LEVELS.map(([id, title, trace, most]): Case => {
      const rest = most === undefined ? {} : { most }
      const beside = { place: ['trace/none', 'untraced'], says: 'untraced' } as const
      return {
        id: `trace/${id}`,
        title: `known flow, trace ${title}`,
        programs: ['xlvs'],
        work: KNOWN,
        known: true,
        trace,
        heat: 'trace',
        beside,
        ...rest,
      }
    }),
  ],
}
