// SPDX-License-Identifier: Apache-2.0
// What each reason costs, on the very frames of the packet tests (test/packets): those that leave as they came, because
// a test run gives its next repeat what the last one left.
import { type BpfProgram, openProgram, xdpContext } from 'libbpf-ts'
import { otherInterface, play } from '../test/bpf/play.js'
import { LOOPBACK, Rig } from '../test/bpf/rig.js'
import type { PacketCase } from '../test/packets/case.js'
import { CASES } from '../test/packets/cases.js'
import { type Figure, isUnsure, measure, type Plan, thrownOf } from './harness.js'
import { timed } from './machine.js'
import type { Row } from './results.js'
import { summary } from './statistics.js'

const OBJECT = 'build/bpf/xlvs.bpf.o'
/** Enough to tell which of a reason's cases is the cheapest. */
const GLANCE = 2 ** 12

export function reasonCase(reason: string): string {
  return `reason/${reason}`
}

/** Of every reason that `only` asks for: its cheapest case, the kernel's own test-run overhead included. */
export async function costOfReasons(plan: Plan, only: RegExp): Promise<readonly Row[]> {
  const other = otherInterface()
  const rig = await Rig.open({ object: OBJECT, limits: { connections: 1024, templates: 256 } })
  const program = openProgram(`${rig.pinRoot}/prog`)
  try {
    rig.openPort(other.ifindex)
    const stage = { rig, otherIfindex: other.ifindex }
    const cheapest = new Map<string, { readonly packet: PacketCase; readonly ns: number }>()
    for (const packet of Object.values(CASES).flat()) {
      if (!isRepeatable(packet) || !only.test(reasonCase(packet.reason))) continue
      const { action } = play(stage, packet)
      if (action !== packet.action) throw new Error(`${packet.title}: ${action}`)
      const ns = runs(program, packet.frame, GLANCE)
      if (ns < (cheapest.get(packet.reason)?.ns ?? Number.POSITIVE_INFINITY))
        cheapest.set(packet.reason, { packet, ns })
    }
    const series = [...cheapest].map(([reason, { packet }]) => ({
      id: reasonCase(reason),
      before: () => void play(stage, packet),
      run: (packets: number) => {
        runs(program, packet.frame, packets)
        return 0
      },
    }))
    const figures = measure(series, plan, timed)
    return figures
      .flatMap((figure) => rowOf(figure, cheapest.get(figure.id.slice('reason/'.length))?.packet))
      .sort((a, b) => (a.cells.xlvs?.median ?? 0) - (b.cells.xlvs?.median ?? 0))
  } finally {
    program.close()
    other.remove()
    await rig.close()
  }
}

function isRepeatable({ action, metadata, reason }: PacketCase): boolean {
  return (action === 'pass' || action === 'drop') && metadata === undefined && reason !== 'drop_port_down'
}

function runs(program: BpfProgram, data: Uint8Array, repeat: number): number {
  return program.run({ data, context: xdpContext(data.length, LOOPBACK), repeat }).durationNs
}

function rowOf(figure: Figure, packet: PacketCase | undefined): readonly Row[] {
  if (!packet) return []
  const { id, kept, thrown, packets } = figure
  const group = 'by reason, on the frames of the packet tests, test-run overhead included'
  const row = { id, title: `${packet.reason}: ${packet.title}`, group }
  if (isUnsure(figure)) return [{ ...row, cells: {} }]
  const cell = { ...summary(kept), rounds: kept.length, thrown: thrownOf(thrown), packets, wrong: 0 }
  return [{ ...row, cells: { xlvs: cell } }]
}
