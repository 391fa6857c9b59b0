// SPDX-License-Identifier: Apache-2.0
// What a trace costs a packet of a known connection: while nobody traces, while somebody does and it is none of theirs,
// one of a thousand, what the limit lets through, and everything.
import { Settings_OFFSETS } from '../src/abi/generated.js'
import { parseTraceFilter } from '../src/model/trace.js'
import { TRACE_DEFAULTS, type TraceWish } from '../src/model/trace-wish.js'
import { Rig, unwrap } from '../test/bpf/rig.js'
import { load, type Subject, type Work } from './subjects.js'

const ROUNDS = 11
const PACKETS = 1 << 16
const FLOWS = 1 << 12
/** records of so many packets fit into the ring */
const FITTING = 1 << 12
const VIP = '192.0.2.10'

const NO_BRANCH = 'no such thing'
/** undefined: nobody traces */
const LEVELS: readonly (readonly [
  name: string,
  filter: string | undefined,
  how: Partial<TraceWish>,
  packets?: number,
])[] = [
  [NO_BRANCH, undefined, {}],
  ['off', undefined, {}],
  ['another client', 'client 203.0.113.1', {}],
  ['another port', `${VIP}:81`, {}],
  ['another reason', `${VIP} reason drop_*`, {}],
  ['1 of 1000', VIP, { sample: 1000 }],
  ['1000 a second', VIP, { limit: 1000 }],
  ['everything', VIP, { limit: 0 }, FITTING],
  ['ring full', VIP, { limit: 0 }],
]

export interface TraceCost {
  readonly name: string
  /** ns per packet beyond the harness */
  readonly min: number
  readonly median: number
  /** of all packets of this level */
  readonly recorded: bigint
}

export async function costOfTraces(object: string, jiffy: number): Promise<readonly TraceCost[]> {
  const rig = await Rig.open({ object, limits: { connections: 1 << 16 }, manualClock: false })
  try {
    rig.apply([{ vip: VIP, scheduler: 'wrr', reals: ['192.0.2.21', '192.0.2.22'] }])
    const program = load(rig, jiffy, 'subject')
    const [empty, subject, untraced] = [program('empty'), program('subject'), program('untraced')]
    const work: Work = { to: VIP, flows: FLOWS, flags: 'ack', expected: 'tx' }
    for (const flags of ['syn', 'ack', 'ack'] as const) subject.run({ ...work, flags }, FLOWS)
    return measure(rig, { empty, subject, untraced }, work)
  } finally {
    await rig.close()
  }
}

interface Programs {
  readonly empty: Subject
  readonly subject: Subject
  /** without the look at settings.trace */
  readonly untraced: Subject
}

function measure(rig: Rig, { empty, subject, untraced }: Programs, work: Work): readonly TraceCost[] {
  const taken = LEVELS.map(() => ({ ns: [] as number[], recorded: 0n }))
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, [name, filter, how, packets = PACKETS]] of LEVELS.entries()) {
      const bare = empty.run({ ...work, expected: 'pass' }, packets).ns
      const tracing = filter === undefined ? undefined : open(rig, filter, how)
      const { ns, wrong } = (name === NO_BRANCH ? untraced : subject).run(work, packets)
      if (wrong > 0) throw new Error(`${name}: ${wrong} verdicts of another kind`)
      taken[i]?.ns.push(ns - bare)
      if (taken[i]) taken[i].recorded += tracing?.counters().recorded ?? 0n
      tracing?.drain()
      tracing?.close()
      if (rig.memory('settings').getUint32(Settings_OFFSETS.trace, true) !== 0)
        throw new Error('still tracing')
    }
  }
  return LEVELS.map(([name], i) => {
    const sorted = (taken[i]?.ns ?? []).sort((a, b) => a - b)
    const [min = 0, median = 0] = [sorted[0], sorted[sorted.length >> 1]]
    return { name, min, median, recorded: taken[i]?.recorded ?? 0n }
  })
}

/** Records stay in the ring until the run is over: what reading them costs is the daemon's, on a CPU of its own. */
function open(rig: Rig, filter: string, how: Partial<TraceWish>) {
  const wish = { ...TRACE_DEFAULTS, ...how, filter: unwrap(parseTraceFilter([filter])) }
  return unwrap(rig.datapath.trace(wish, () => undefined))
}

export function printTraces(costs: readonly TraceCost[]): void {
  console.log(
    `\nwhat a trace costs a known flow's packet, ns beyond the harness (min–median of ${ROUNDS} rounds)`,
  )
  const off = costs[1]?.min ?? 0
  for (const { name, min, median, recorded } of costs) {
    const more = min === off ? '' : `${min - off >= 0 ? '+' : ''}${min - off}`
    console.log(
      `${name.padEnd(18)}${`${min}–${median}`.padStart(11)}${more.padStart(8)}   ${recorded} recorded`,
    )
  }
}
