// SPDX-License-Identifier: Apache-2.0
// A group brought to life: its datapath, the programs over it, its flows made known; each case becomes one series per program,
// and one of the empty harness per shape of frame.
import type { BpfMap } from 'libbpf-ts'
import { Settings_OFFSETS } from '../src/abi/generated.js'
import { parseTraceFilter } from '../src/model/trace.js'
import { TRACE_DEFAULTS } from '../src/model/trace-wish.js'
import { Rig, unwrap } from '../test/bpf/rig.js'
import type { Case, Group, ProgramName, TraceLevel, Work } from './cases.js'
import type { Series } from './harness.js'
import type { Holders } from './holders.js'
import { harnessId, seriesId } from './series-names.js'
import { ENTRIES, establish, type Loaded, load, OBJECT, type Subject } from './subjects.js'

/** Sent untimed before each slice: the code is warm, and of a small table all that a slice will find. */
const WARMING = 2 ** 10
/** Sent untimed under a trace: its ring fills, its first second's records are spent. */
const SETTLING = 2 ** 14

export interface Stage {
  readonly series: readonly Series[]
  /** the same series, their programs loaded anew; the flows stay */
  reload(): readonly Series[]
  close(): Promise<void>
}

type Programs = Readonly<Record<ProgramName, Subject>>

/** Whose flows are known: both kinds of table, each by its own program. */
const OWNERS = ['xlvs', 'control'] as const

/** `hold` keeps test runs short (holders.ts); without it they are what they are. */
export async function openStage(
  group: Group,
  cases: readonly Case[],
  jiffy: number,
  hold?: Holders['hold'],
): Promise<Stage> {
  const rig = await Rig.open({ object: OBJECT, limits: group.limits, manualClock: false })
  const wanted = new Set<ProgramName>(['empty', 'xlvs', ...cases.flatMap(({ programs }) => programs)])
  const tables: Record<string, BpfMap> = {}
  let cast: Cast | undefined
  const close = async () => {
    cast?.close()
    for (const table of Object.values(tables)) table.close()
    await rig.close()
  }
  const enter = () => {
    cast?.close()
    cast = undefined
    cast = loadAll(rig, wanted, { jiffy, lru: 2 * (group.limits.connections ?? 0), tables, hold })
    return cast.programs
  }
  try {
    rig.apply(group.services)
    for (const address of group.tagged ?? []) rig.setHop(address, { tags: [{ tpid: 0x8100, vid: 100 }] })
    const programs = enter()
    prepare(group, cases, programs, wanted.has('control'))
    return {
      series: seriesOf(rig, cases, programs),
      reload: () => seriesOf(rig, cases, enter()),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

interface Cast {
  readonly programs: Programs
  close(): void
}

interface Wishes {
  readonly jiffy: number
  /** entries of the control's table, which keeps both families */
  readonly lru: number
  /** tables of the control that outlive it; the first load puts them here */
  readonly tables: Record<string, BpfMap>
  readonly hold: Holders['hold'] | undefined
}

function loadAll(rig: Rig, wanted: ReadonlySet<ProgramName>, { jiffy, lru, tables, hold }: Wishes): Cast {
  const objects = new Map<string, Loaded>()
  const open = (object: string) => {
    const programs = [...wanted].flatMap((name) => (ENTRIES[name][0] === object ? [ENTRIES[name][1]] : []))
    const isControl = object === 'control'
    const options = { programs, reuse: isControl ? tables : {}, ...(hold ? { hold } : {}) }
    const loaded = load(rig, jiffy, object, isControl && !tables['lru'] ? { lru } : {}, options)
    objects.set(object, loaded)
    if (isControl) tables['lru'] ??= loaded.map('lru')
    return loaded
  }
  const close = () => {
    for (const loaded of objects.values()) loaded.close()
  }
  try {
    const programs = [...wanted].map((name) => {
      const [object, entry] = ENTRIES[name]
      return [name, (objects.get(object) ?? open(object)).program(entry)] as const
    })
    return { programs: Object.fromEntries(programs) as Programs, close }
  } catch (error) {
    close()
    throw error
  }
}

let nextFresh = 2n ** 40n

function fresh(packets: number): bigint {
  const first = nextFresh
  nextFresh += BigInt(packets)
  return first
}

/** Where each series is among the flows it knows: the next slice goes on there, so that a large table is met as a whole. Two
 * that share a table start far apart, or the second would find what the first has fetched. */
const walks = new Map<string, bigint>()

function walked(series: string, start: bigint, packets: number): bigint {
  const first = walks.get(series) ?? start
  walks.set(series, first + BigInt(packets))
  return first
}

function prepare({ fill }: Group, cases: readonly Case[], programs: Programs, controlled: boolean): void {
  const owners = controlled ? OWNERS : OWNERS.slice(0, 1)
  for (const work of knownOf(cases)) for (const name of owners) establish(programs[name], work)
  if (!fill) return
  const work: Work = { to: fill.to, flows: 2 ** 30, flags: 'syn', expected: 'tx' }
  for (const name of owners) {
    programs[name].prepare(work, fresh(fill.packets))
    programs[name].run(fill.packets)
  }
}

/** Flows of one service have the same numbers: whoever knows the most knows them all. */
function knownOf(cases: readonly Case[]): readonly Work[] {
  const most = new Map<string, Work>()
  for (const { work, known } of cases) {
    const service = `${work.to} ${work.protocol ?? 'tcp'}`
    if (known && work.flows > (most.get(service)?.flows ?? 0)) most.set(service, work)
  }
  return [...most.values()]
}

function seriesOf(rig: Rig, cases: readonly Case[], programs: Programs): readonly Series[] {
  const shapes = new Map(cases.map(({ work }) => [harnessId(work), work]))
  const harness = [...shapes].map(([id, work]): Series => {
    const empty = { ...work, expected: 'pass' } as const
    return {
      id,
      before: () => {
        programs.empty.prepare(empty, 0n)
        programs.empty.run(WARMING)
      },
      run: (packets) => programs.empty.run(packets),
      spentNs: () => programs.empty.spentNs(),
    }
  })
  const own = cases.flatMap((each) => each.programs.map((name) => series(rig, each, name, programs[name])))
  return [...harness, ...own]
}

function series(rig: Rig, each: Case, name: ProgramName, subject: Subject): Series {
  const { id, work, most } = each
  const own = seriesId(id, name)
  let tracing: { close(): void } | undefined
  return {
    id: own,
    harness: harnessId(work),
    ...(most === undefined ? {} : { most }),
    before: (packets) => {
      const start = name === 'floor' ? BigInt(work.flows >> 1) : 0n
      const first = each.fresh ? fresh(WARMING + packets) : walked(own, start, WARMING + packets)
      if (each.lead !== undefined) {
        subject.prepare({ ...work, kind: each.lead }, first)
        subject.run(work.flows)
      }
      subject.prepare(work, first)
      subject.run(WARMING)
      if (each.trace?.filter === undefined) return
      tracing = openTrace(rig, each.trace, each.trace.filter)
      if (most === undefined) subject.run(SETTLING)
    },
    run: (packets) => subject.run(packets),
    spentNs: () => subject.spentNs(),
    after: () => {
      tracing?.close()
      tracing = undefined
      if (rig.memory('settings').getUint32(Settings_OFFSETS.trace, true) !== 0)
        throw new Error(`${id}: still tracing after its round`)
    },
  }
}

/** Records stay in the ring until the round is over: what reading them costs is the daemon's, on a CPU of its own. */
function openTrace(rig: Rig, { how = {} }: TraceLevel, filter: string): { close(): void } {
  const wish = { ...TRACE_DEFAULTS, ...how, filter: unwrap(parseTraceFilter([filter])) }
  const trace = unwrap(rig.datapath.trace(wish, () => undefined))
  return {
    close: () => {
      trace.drain()
      trace.close()
    },
  }
}
