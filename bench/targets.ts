// SPDX-License-Identifier: Apache-2.0
// What xlvs wants to be, as ratios within one run, and whether the figures say that it is. Nothing here is a result.
import type { Place, ProgramName } from './cases.js'
import { COUNTS, SCORING, schedulerCase } from './cases-new.js'
import type { SERVICE_COUNTS } from './cases-other.js'
import { type Interval, intervalOf } from './intervals.js'
import { type Cell, type Row, ratioOf } from './results.js'

interface Target {
  readonly says: string
  readonly sense: 'at most' | 'at least'
  readonly limit: number
  readonly unit: '×' | 'ns'
  /** what it is about, for the row to show it */
  readonly id: string
  readonly figure: (find: Find) => Interval | undefined
}

type Find = (place: Place) => Pick<Cell, 'loads'> | undefined

export interface Judged extends Interval {
  readonly id: string
  readonly says: string
  readonly sense: Target['sense']
  readonly limit: number
  readonly unit: Target['unit']
  readonly verdict: 'met' | 'missed'
  /** the limit lies in the interval: by this run it may be either */
  readonly close: boolean
}

function ratio(says: string, sense: Target['sense'], limit: number, a: Place, b: Place): Target {
  const figure = (find: Find) => {
    const [one, other] = [find(a), find(b)]
    return one && other ? ratioOf(one, other) : undefined
  }
  return { says, sense, limit, unit: '×', id: a[0], figure }
}

function score(scheduler: (typeof SCORING)[number]): Target {
  const [low, high] = [COUNTS[1], COUNTS[3]]
  const figure = (find: Find) => {
    const few = find([schedulerCase(scheduler, low), 'xlvs'])
    const many = find([schedulerCase(scheduler, high), 'xlvs'])
    if (!few || !many) return undefined
    return intervalOf(many.loads.map((ns, load) => (ns - (few.loads[load] as number)) / (high - low)))
  }
  const says = `${scheduler}, ns per real server from ${low} to ${high}`
  return { says, sense: 'at most', limit: 2, unit: 'ns', id: schedulerCase(scheduler, high), figure }
}

const known = (family: 4 | 6, flows: string, program: ProgramName): Place => [
  `hit/v${family}/tcp/${flows}`,
  program,
]
const among = (what: string, count: (typeof SERVICE_COUNTS)[number]): Place => [
  `services/${what}/${count}`,
  'xlvs',
]

export const TARGETS: readonly Target[] = [
  ratio('hit, one flow: xlvs to floor', 'at most', 1.3, known(4, '1', 'xlvs'), known(4, '1', 'floor')),
  ratio('hit, one flow: IPv6 to IPv4', 'at most', 1.25, known(6, '1', 'xlvs'), known(4, '1', 'xlvs')),
  ratio(
    'hit, 64K flows: control to xlvs',
    'at least',
    1.5,
    known(4, '64K', 'control'),
    known(4, '64K', 'xlvs'),
  ),
  ratio('hit, 1M flows: control to xlvs', 'at least', 2.5, known(4, '1M', 'control'), known(4, '1M', 'xlvs')),
  ratio('new flow, wrr: xlvs to control', 'at most', 0.65, ['new/wrr', 'xlvs'], ['new/wrr', 'control']),
  ratio('new flow, mh: xlvs to control', 'at most', 0.65, ['new/mh', 'xlvs'], ['new/mh', 'control']),
  ratio('not for a VIP: xlvs to an empty parse', 'at most', 1.25, ['miss', 'xlvs'], ['miss', 'parsed']),
  ...(['hit', 'miss', 'new'] as const).map((what) => {
    const says = `${what}: 10,000 services to 1`
    return ratio(says, 'at most', 1.1, among(what, 10_000), among(what, 1))
  }),
  ...SCORING.map(score),
]

/** Those whose figures are there. */
export function judgeTargets(rows: readonly Row[]): readonly Judged[] {
  const byId = new Map(rows.map((row) => [row.id, row]))
  const find: Find = ([id, program]) => byId.get(id)?.cells[program]
  return TARGETS.flatMap(({ figure, ...target }) => {
    const found = figure(find)
    if (!found) return []
    const { value, low, high } = found
    const met = target.sense === 'at most' ? value <= target.limit : value >= target.limit
    const close = low < target.limit && target.limit < high
    return [{ ...target, value, low, high, verdict: met ? 'met' : 'missed', close } as const]
  })
}
