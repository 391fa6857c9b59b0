// SPDX-License-Identifier: Apache-2.0
// What each reason costs, on the very frames of the packet tests (test/packets): those that leave as they came, because
// a test run gives its next repeat what the last one left.
import { type BpfProgram, openProgram, xdpContext } from 'libbpf-ts'
import { otherInterface, play } from '../test/bpf/play.js'
import { LOOPBACK, Rig } from '../test/bpf/rig.js'
import type { PacketCase } from '../test/packets/case.js'
import { CASES } from '../test/packets/cases.js'
import { type Course, figuresOf, isDone, type Plan, race, type Series } from './harness.js'
import type { Holders } from './holders.js'
import { cpuNs } from './machine.js'
import { cellOf, type Row } from './results.js'
import { OBJECT } from './subjects.js'

/** Enough to tell which of a reason's cases is the cheapest. */
const GLANCE = 2 ** 12
const WARMING = 2 ** 8

export function reasonCase(reason: string): string {
  return `reason/${reason}`
}

/** Of every reason that `only` asks for: its cheapest case, the kernel's own test-run overhead included. */
export async function costOfReasons(
  plan: Plan,
  only: RegExp,
  { hold }: Pick<Holders, 'hold'>,
): Promise<readonly Row[]> {
  const wanted = (packet: PacketCase) => isRepeatable(packet) && only.test(reasonCase(packet.reason))
  const packets = Object.values(CASES).flat().filter(wanted)
  if (packets.length === 0) return []
  let cheapest: ReadonlyMap<string, Cheapest> | undefined
  let course: Course | undefined
  for (let load = 0; load < plan.mostLoads && !isDone(course, plan); load++) {
    await onStage(hold, (stage, program) => {
      cheapest ??= cheapestOf(packets, stage, program)
      const series = [...cheapest].map(([reason, { packet }]) => seriesOf(reason, packet, stage, program))
      course = race({ id: 'reasons', series }, course, plan, cpuNs)
    })
  }
  const group = 'by reason, on the frames of the packet tests, test-run overhead included'
  return (course ? figuresOf(course, plan) : [])
    .map((figure): Row => {
      const reason = figure.id.slice('reason/'.length)
      const title = `${reason}: ${cheapest?.get(reason)?.packet.title}`
      return { id: figure.id, title, group, cells: { xlvs: cellOf(figure) }, ratios: [] }
    })
    .sort((a, b) => (a.cells.xlvs?.value ?? 0) - (b.cells.xlvs?.value ?? 0))
}

async function onStage(
  hold: Holders['hold'],
  act: (stage: Parameters<typeof play>[0], program: BpfProgram) => void,
): Promise<void> {
  const other = otherInterface()
  const rig = await Rig.open({ object: OBJECT, limits: { connections: 1024, templates: 256 } })
  const program = openProgram(`${rig.pinRoot}/prog`)
  const held = hold(program)
  try {
    rig.openPort(other.ifindex)
    act({ rig, otherIfindex: other.ifindex }, program)
  } finally {
    held.close()
    program.close()
    other.remove()
    await rig.close()
  }
}

interface Cheapest {
  readonly packet: PacketCase
  readonly ns: number
}

function cheapestOf(
  packets: readonly PacketCase[],
  stage: Parameters<typeof play>[0],
  program: BpfProgram,
): ReadonlyMap<string, Cheapest> {
  const cheapest = new Map<string, Cheapest>()
  for (const packet of packets) {
    const { action } = play(stage, packet)
    if (action !== packet.action) throw new Error(`${packet.title}: ${action}`)
    const ns = runs(program, packet.frame, GLANCE)
    if (ns < (cheapest.get(packet.reason)?.ns ?? Number.POSITIVE_INFINITY))
      cheapest.set(packet.reason, { packet, ns })
  }
  return cheapest
}

function seriesOf(
  reason: string,
  packet: PacketCase,
  stage: Parameters<typeof play>[0],
  program: BpfProgram,
): Series {
  return {
    id: reasonCase(reason),
    before: () => {
      play(stage, packet)
      runs(program, packet.frame, WARMING)
    },
    run: (count) => {
      runs(program, packet.frame, count)
      return 0
    },
  }
}

function isRepeatable({ action, metadata, reason }: PacketCase): boolean {
  return (action === 'pass' || action === 'drop') && metadata === undefined && reason !== 'drop_port_down'
}

function runs(program: BpfProgram, data: Uint8Array, repeat: number): number {
  return program.run({ data, context: xdpContext(data.length, LOOPBACK), repeat }).durationNs
}
