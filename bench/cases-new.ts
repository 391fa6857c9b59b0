// SPDX-License-Identifier: Apache-2.0
// First packets: a new flow by scheduler and number of real servers, beside the control, and from a client that is known.
import { SCHEDULERS as ALL } from '../src/model/rules.js'
import type { SchedulerName } from '../src/model/types.js'
import type { ServiceWords } from '../test/bpf/rig.js'
import type { Case, Group } from './cases.js'
import { REALS } from './cases-hit.js'

export const COUNTS = [1, 10, 100, 1000] as const
export const MEASURED: readonly SchedulerName[] = ALL.filter((name) => name !== 'none')
/** They look at every real server. */
export const SCORING: readonly SchedulerName[] = ['lc', 'wlc', 'sed', 'nq']

const NEVER_SEEN = 2 ** 30
const SYN = { flows: NEVER_SEEN, flags: 'syn', expected: 'tx' } as const

/** Room for all rounds: nothing is evicted, by either. */
export const NEW: Group = {
  name: 'a table for 8M connections with room',
  limits: { connections: 2 ** 23 },
  services: (['wrr', 'mh'] as const).map((scheduler, i) => {
    return { vip: `192.0.2.${10 + i}`, scheduler, reals: REALS[4] }
  }),
  cases: (['wrr', 'mh'] as const).map((scheduler, i) => ({
    id: `new/${scheduler}`,
    title: `new flow, ${scheduler}`,
    programs: ['xlvs', 'control'],
    work: { ...SYN, to: `192.0.2.${10 + i}` },
    fresh: true,
  })),
}

/** Clients of whom all but the first have a template; every one has 32K ports. */
const CLIENTS = 2 ** 10
const [PLAIN, PERSISTENT] = ['192.0.2.10', '192.0.2.11']

export const PERSISTENCE: Group = {
  name: 'a table for 64K connections, full of SYNs; 64K templates',
  limits: { connections: 2 ** 16, templates: 2 ** 16 },
  services: [
    { vip: PLAIN, scheduler: 'wrr', reals: REALS[4] },
    { vip: PERSISTENT, scheduler: 'wrr', reals: REALS[4], persistence: { timeout: 3600, prefix: 32 } },
  ],
  fill: { to: PLAIN, packets: 2 ** 18 },
  cases: (
    [
      ['persistence/none', 'new flow, no persistence', PLAIN],
      ['persistence/hit', 'new flow of a client with a template', PERSISTENT],
    ] as const
  ).map(([id, title, to]) => {
    const work = { ...SYN, to, flows: CLIENTS * 2 ** 15 }
    const known = { beside: { place: ['persistence/none', 'xlvs'], says: 'no persistence' } } as const
    const rest = id === 'persistence/hit' ? known : {}
    return { id, title, programs: ['xlvs'], work, fresh: true, heat: 'persistence', ...rest } satisfies Case
  }),
}

export const SCHEDULERS: Group = {
  name: 'a table for 64K connections, full of SYNs',
  limits: { connections: 2 ** 16, reals: 32_768, services: 128 },
  services: MEASURED.flatMap((scheduler, i) =>
    COUNTS.map((count, k) => service(scheduler, schedulerVip(i, k), count)),
  ),
  fill: { to: schedulerVip(0, 0), packets: 2 ** 18 },
  cases: MEASURED.flatMap((scheduler, i) =>
    COUNTS.map((count, k) => ({
      id: schedulerCase(scheduler, count),
      title: `new flow, ${scheduler}, ${count} real server${count === 1 ? '' : 's'}`,
      programs: ['xlvs'] as const,
      work: { ...SYN, to: schedulerVip(i, k) },
      fresh: true as const,
      heat: `scheduler/${scheduler}`,
      ...(count > 10
        ? { beside: { place: [schedulerCase(scheduler, 10), 'xlvs'], says: '10' } as const }
        : {}),
    })),
  ),
}

export function schedulerCase(scheduler: SchedulerName, count: number): string {
  return `scheduler/${scheduler}/${count}`
}

function schedulerVip(scheduler: number, count: number): string {
  return `192.0.2.${1 + scheduler * COUNTS.length + count}`
}

/** Weights differ, or wrr would be rr. ovf's are beyond reach: a full server is passed over. */
function service(scheduler: SchedulerName, address: string, count: number): ServiceWords {
  const weight = (i: number) => (scheduler === 'ovf' ? 1_000_000 : 1 + (i % 8))
  const reals = Array.from({ length: count }, (_, i) => ({ address: host(i), weight: weight(i) }))
  return { vip: address, scheduler, reals }
}

function host(i: number): string {
  return `10.1.${i >> 7}.${1 + (i & 127)}`
}
