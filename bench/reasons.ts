// SPDX-License-Identifier: Apache-2.0
// What each reason costs, on the very frames of the packet tests (test/packets): those that leave as they came, because
// a test run gives its next repeat what the last one left.
import { openProgram, xdpContext } from 'libbpf-ts'
import { otherInterface, play } from '../test/bpf/play.js'
import { LOOPBACK, Rig } from '../test/bpf/rig.js'
import { CASES } from '../test/packets/cases.js'

const REPEATS = 100_000
const ROUNDS = 5

interface Cost {
  readonly title: string
  readonly ns: number
}

/** reason -> its cheapest case, ns per packet with the kernel's own test-run overhead */
export async function costOfReasons(object: string): Promise<ReadonlyMap<string, Cost>> {
  const other = otherInterface()
  const rig = await Rig.open({ object, limits: { connections: 256, templates: 64 } })
  const program = openProgram(`${rig.pinRoot}/prog`)
  const costs = new Map<string, Cost>()
  try {
    rig.openPort(other.ifindex)
    for (const packet of Object.values(CASES).flat()) {
      if (packet.action !== 'pass' && packet.action !== 'drop') continue
      if (packet.metadata !== undefined || packet.reason === 'drop_port_down') continue
      const { action } = play({ rig, otherIfindex: other.ifindex }, packet)
      if (action !== packet.action) throw new Error(`${packet.title}: ${action}`)
      const ns = Math.min(...Array.from({ length: ROUNDS }, () => timed(program, packet.frame)))
      if (ns < (costs.get(packet.reason)?.ns ?? Number.POSITIVE_INFINITY)) {
        costs.set(packet.reason, { title: packet.title, ns })
      }
    }
    return costs
  } finally {
    program.close()
    other.remove()
    await rig.close()
  }
}

function timed(program: ReturnType<typeof openProgram>, data: Uint8Array): number {
  const context = xdpContext(data.length, LOOPBACK)
  return program.run({ data, context, repeat: REPEATS }).durationNs
}

export function printCosts(costs: ReadonlyMap<string, Cost>): void {
  console.log('\nns per packet by reason, on the frames of the packet tests, test-run overhead included')
  for (const [reason, { ns, title }] of [...costs].sort(([, a], [, b]) => a.ns - b.ns)) {
    console.log(`${reason.padEnd(32)}${String(ns).padStart(5)}   ${title}`)
  }
}
