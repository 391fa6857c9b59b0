// SPDX-License-Identifier: Apache-2.0
// A group brought to life: its datapath, the programs over it, its flows made known; each case becomes one series per program,
// and one of the empty harness per shape of frame.
import { Settings_OFFSETS } from '../src/abi/generated.js'
import { parseTraceFilter } from '../src/model/trace.js'
import { TRACE_DEFAULTS } from '../src/model/trace-wish.js'
import { Rig, unwrap } from '../test/bpf/rig.js'
import type { Case, Group, ProgramName, TraceLevel, Work } from './cases.js'
import type { Series } from './harness.js'
import { harnessId, seriesId } from './series-names.js'
import { load, numbersOf, type Subject } from './subjects.js'

const OBJECT = 'build/bpf/xlvs.bpf.o'
/** Known flows up to so many are sent once before each round: another series may have driven them out of the caches. */
const WARMED = 2 ** 17

export interface Stage {
  readonly series: readonly Series[]
  close(): Promise<void>
}

type Programs = Readonly<Record<ProgramName, Subject>>

/** Whose flows are known: both kinds of table, each by its own program. */
const OWNERS = ['xlvs', 'control'] as const

export async function openStage(group: Group, cases: readonly Case[], jiffy: number): Promise<Stage> {
  const rig = await Rig.open({ object: OBJECT, limits: group.limits, manualClock: false })
  const opened: { close: () => void }[] = []
  try {
    rig.apply(group.services)
    for (const address of group.tagged ?? []) rig.setHop(address, { tags: [{ tpid: 0x8100, vid: 100 }] })
    // The control keeps both families in one map.
    const lru = 2 * (group.limits.connections ?? 0)
    const [full, least] = [load(rig, jiffy, 'subject'), load(rig, jiffy, 'floor')]
    opened.push(full, least)
    const controlled = cases.some(({ programs }) => programs.includes('control'))
    const control = load(rig, jiffy, 'control', { lru: controlled ? lru : 1 })
    opened.push(control)
    const programs: Programs = {
      empty: full.program('empty'),
      xlvs: full.program('subject'),
      untraced: full.program('untraced'),
      floor: least.program('subject'),
      parsed: least.program('parsed'),
      control: control.program('subject'),
    }
    prepare(group, cases, programs, controlled)
    return { series: seriesOf(rig, cases, programs), close: () => closeAll(rig, opened) }
  } catch (error) {
    await closeAll(rig, opened)
    throw error
  }
}

async function closeAll(rig: Rig, opened: readonly { close: () => void }[]): Promise<void> {
  for (const one of opened) one.close()
  await rig.close()
}

let nextFresh = 2n ** 40n

function fresh(packets: number): bigint {
  const first = nextFresh
  nextFresh += BigInt(packets)
  return first
}

function prepare({ fill }: Group, cases: readonly Case[], programs: Programs, controlled: boolean): void {
  const owners = controlled ? OWNERS : OWNERS.slice(0, 1)
  for (const work of knownOf(cases)) {
    for (const name of owners) {
      for (const flags of ['syn', 'ack'] as const) {
        const plain: Work = { ...work, kind: 'packet', flags }
        programs[name].prepare(plain, 0n)
        programs[name].run(numbersOf(work.flows))
      }
    }
  }
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
      before: () => programs.empty.prepare(empty, 0n),
      run: (packets) => programs.empty.run(packets),
    }
  })
  const own = cases.flatMap((each) => each.programs.map((name) => series(rig, each, name, programs[name])))
  return [...harness, ...own]
}

function series(rig: Rig, each: Case, name: ProgramName, subject: Subject): Series {
  const { id, work, most } = each
  let next = 0n
  let tracing: { close(): void } | undefined
  return {
    id: seriesId(id, name),
    ...(most === undefined ? {} : { most }),
    before: (packets) => {
      readyFor(each, subject)
      subject.prepare(work, each.fresh ? fresh(packets) : next)
      next += BigInt(packets)
      tracing = each.trace?.filter === undefined ? undefined : openTrace(rig, each.trace, each.trace.filter)
    },
    run: (packets) => subject.run(packets),
    after: () => {
      tracing?.close()
      if (rig.memory('settings').getUint32(Settings_OFFSETS.trace, true) !== 0)
        throw new Error(`${id}: still tracing after its round`)
    },
  }
}

function readyFor({ work, lead, fresh: unseen }: Case, subject: Subject): void {
  if (lead !== undefined) {
    subject.prepare({ ...work, kind: lead }, 0n)
    subject.run(work.flows)
  }
  if (unseen || work.flows > WARMED) return
  subject.prepare(work, 0n)
  subject.run(work.flows)
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
