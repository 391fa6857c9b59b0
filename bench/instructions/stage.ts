// SPDX-License-Identifier: Apache-2.0
// A group brought to life in the guest: its datapath, the programs over it, its flows made known. Where no cache is to be
// warmed, one packet of each flow is preparation enough.
import { jiffyNs } from 'libbpf-ts'
import { Rig } from '../../test/bpf/rig.js'
import type { Case, Group, ProgramName, Work } from '../cases.js'
import { harnessId, seriesId } from '../series-names.js'
import { ENTRIES, type Loaded, load, numbersOf, OBJECT, type Subject } from '../subjects.js'
import { FLOODING } from './cases.js'

/** Number of the first flow that fills a table: far from those of the cases, which begin at multiples of 2^30. */
const STRANGERS = 2n ** 29n

/** What is counted: a case by one of its programs, or the harness alone. */
export interface Series {
  readonly id: string
  readonly subject: Subject
  readonly work: Work
  /** SYNs of flows that were never seen */
  readonly fresh: boolean
  /** how its flows are brought to where the case begins, before each round; not counted */
  ready(): void
}

export interface Stage {
  readonly rig: Rig
  readonly series: readonly Series[]
  close(): Promise<void>
}

/** To set up thousands of real servers takes the guest longest, so a service that no case sends to has one. */
export function trimmed(group: Group, cases: readonly Case[]): Group {
  const wanted = new Set<string | undefined>(cases.map(({ work }) => work.to))
  const services = group.services.map((service) =>
    wanted.has(service.vip) ? service : { ...service, reals: service.reals.slice(0, 1) },
  )
  return { ...group, services }
}

export async function openStage(group: Group, cases: readonly Case[]): Promise<Stage> {
  const rig = await Rig.open({ object: OBJECT, limits: group.limits, manualClock: false })
  const objects = new Map<string, Loaded>()
  const close = async () => {
    for (const object of objects.values()) object.close()
    await rig.close()
  }
  try {
    rig.apply(group.services)
    for (const address of group.tagged ?? []) rig.setHop(address, { tags: [{ tpid: 0x8100, vid: 100 }] })
    const wanted = new Set<ProgramName>(['empty', 'xlvs', ...cases.flatMap(({ programs }) => programs)])
    const programs = loadPrograms(rig, group, wanted, objects)
    return {
      rig,
      series: [...harness(cases, programs), ...cases.flatMap((one) => own(one, programs))],
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

type Programs = ReadonlyMap<ProgramName, Subject>

function loadPrograms(
  rig: Rig,
  { limits }: Group,
  wanted: ReadonlySet<ProgramName>,
  objects: Map<string, Loaded>,
): Programs {
  // the control keeps both families in one map
  const lru = { lru: 2 * (limits.connections ?? 0) }
  return new Map(
    [...wanted].map((name) => {
      const [object, entry] = ENTRIES[name]
      const entries = [...wanted].map((one) => ENTRIES[one]).filter(([of]) => of === object)
      const options = { programs: entries.map(([, one]) => one) }
      const loaded =
        objects.get(object) ?? load(rig, jiffyNs(), object, object === 'control' ? lru : {}, options)
      objects.set(object, loaded)
      return [name, loaded.program(entry)]
    }),
  )
}

function harness(cases: readonly Case[], programs: Programs): readonly Series[] {
  const shapes = new Map(cases.map(({ work }) => [harnessId(work), work]))
  return [...shapes].map(([id, work]) => ({
    id,
    subject: named(programs, 'empty'),
    work: { ...work, expected: 'pass' },
    fresh: false,
    ready: () => undefined,
  }))
}

function own({ programs: names, ...rest }: Case, programs: Programs): readonly Series[] {
  const { id, work, fresh = false, known, lead, lossy = false } = rest
  return names.map((name) => {
    const subject = named(programs, name)
    const owner = named(programs, name === 'control' ? 'control' : 'xlvs')
    const send = (by: Subject, changes: Partial<Work>) => {
      by.prepare({ ...work, ...changes }, 0n)
      by.run(numbersOf(work.flows))
    }
    let full = !lossy
    const ready = () => {
      if (!full) {
        subject.prepare(work, STRANGERS)
        subject.run(FLOODING)
        full = true
      }
      if (known) for (const flags of ['syn', 'ack'] as const) send(owner, { kind: 'packet', flags })
      if (lead !== undefined) send(subject, { kind: lead })
    }
    return { id: seriesId(id, name), subject, work, fresh, ready }
  })
}

function named(programs: Programs, name: ProgramName): Subject {
  const program = programs.get(name)
  if (!program) throw new Error(`${name} is not loaded`)
  return program
}
