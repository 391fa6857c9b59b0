// SPDX-License-Identifier: Apache-2.0
// What is counted: cases of `make bench` with the smallest tables that show them, since instructions do not depend on caches. A
// table with room, and one that is full.
import type { ServiceWords } from '../../test/bpf/rig.js'
import type { Case, Group, Work } from '../cases.js'
import { REALS, SIZES, VIPS } from '../cases-hit.js'
import { MEASURED, SCORING, schedulerCase } from '../cases-new.js'
import { OTHER } from '../cases-other.js'

/** Real servers of a scheduler's service; those that look at each of them are counted with many, too. */
export const [FEW, MANY] = [10, 1000]
const FRESH = { flows: 2 ** 30, flags: 'syn', expected: 'tx' } as const
const MAGLEV = '192.0.4.1'
const PERSISTENT = '192.0.4.2'
/** whose templates exist once each has sent a SYN; every one has 32K ports */
const CLIENTS = 4
const CONNECTIONS = 2 ** 17
/** SYNs that leave no room, in the control's table either. */
export const FLOODING = 2.5 * CONNECTIONS
const KNOWN = { to: VIPS[4], flows: 2 ** 10, flags: 'ack', expected: 'tx' } as const

interface Scheduled {
  readonly vip: string
  readonly scheduler: (typeof MEASURED)[number]
  readonly count: number
}

const SCHEDULED: readonly Scheduled[] = MEASURED.flatMap((scheduler, i) =>
  [FEW, MANY]
    .filter((count) => count === FEW || SCORING.includes(scheduler))
    .map((count) => ({ vip: `192.0.${count === FEW ? 5 : 6}.${1 + i}`, scheduler, count })),
)

/** Weights differ, or wrr would be rr. ovf's are beyond reach: a full server is passed over. */
function serviceOf({ vip, scheduler, count }: Scheduled): ServiceWords {
  const weight = (i: number) => (scheduler === 'ovf' ? 1_000_000 : 1 + (i % 8))
  const reals = Array.from({ length: count }, (_, i) => {
    return { address: `10.1.${i >> 7}.${1 + (i & 127)}`, weight: weight(i) }
  })
  return { vip, scheduler, reals }
}

function first(id: string, title: string, to: string, programs: Case['programs'] = ['xlvs']): Case {
  return { id, title, programs, work: { ...FRESH, to }, fresh: true }
}

/** Of one flow; `hit/…/1K` shows that more make no difference to what is executed. */
const HITS = SIZES.cases.filter(
  ({ work }) => work.flows === 1 || (work.flows === 2 ** 10 && work.to === VIPS[4]),
)

function others(): readonly Case[] {
  const ids = ['miss', 'icmp-error', 'fragment/first', 'fragment/later']
  const work = (given: Work): Work => ({ ...given, flows: KNOWN.flows })
  return OTHER.cases.filter(({ id }) => ids.includes(id)).map((one) => ({ ...one, work: work(one.work) }))
}

const traced = { work: KNOWN, known: true, title: 'known flow, trace' } as const

export const ROOM: Group = {
  name: 'a table with room',
  limits: { connections: CONNECTIONS, templates: 2 ** 10, reals: 8_192, services: 64 },
  services: [
    ...SIZES.services,
    { vip: MAGLEV, scheduler: 'mh', reals: REALS[4] },
    {
      vip: PERSISTENT,
      scheduler: 'wrr',
      reals: REALS[4],
      persistence: { timeout: 3600, prefix: 32 },
    },
    ...SCHEDULED.map(serviceOf),
  ],
  tagged: SIZES.tagged ?? [],
  cases: [
    ...HITS,
    ...others(),
    first('new/wrr', 'new flow, wrr', VIPS[4], ['xlvs', 'control']),
    first('new/wrr/v6', 'new flow, wrr, IPv6', VIPS[6], ['xlvs', 'control']),
    first('new/mh', 'new flow, mh', MAGLEV, ['xlvs', 'control']),
    {
      ...first('persistence/hit', 'new flow of a client with a template', PERSISTENT),
      work: { ...FRESH, to: PERSISTENT, flows: CLIENTS * 2 ** 15 },
    },
    { ...traced, id: 'trace/none', title: `${traced.title} not compiled in`, programs: ['untraced'] },
    { ...traced, id: 'trace/off', title: `${traced.title} compiled in, off`, programs: ['xlvs'] },
    ...SCHEDULED.map(({ vip, scheduler, count }) =>
      first(schedulerCase(scheduler, count), `new flow, ${scheduler}, ${count} real servers`, vip),
    ),
  ],
}

/** The table full of SYNs that nobody follows. After all the others, because it stays full. */
const FLOOD: Case = {
  ...first('flood/syn', 'SYN flood, table full', VIPS[4], ['xlvs', 'control']),
  lossy: true,
}

export const CASES: readonly Case[] = [...ROOM.cases, FLOOD]
