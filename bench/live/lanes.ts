// SPDX-License-Identifier: Apache-2.0
// The memory that bench/bpf/live.bpf.c and both its users share: a row for each CPU. That CPU's sender gives the order, the
// programs count, whoever wants to know reads.
import type { BpfMap } from 'libbpf-ts'

const SIZE = 128
/** offsets in struct lane */
const LANE = {
  ...{ sent: 0, first: 8, flows: 12, ifindex: 16, port: 20, ready: 24, round: 28, packets: 32, together: 36 },
  ...{ start: 40, until: 48, stopped: 56, returned: 64, delivered: 72 },
  ...{ waited: 88, deferred: 96 },
} as const
const COUNTS = ['sent', 'start', 'until', 'stopped', 'returned', 'delivered', 'waited', 'deferred'] as const

export interface LaneOrder {
  readonly first: number
  readonly flows: number
  readonly ifindex: number
  readonly port: number
  readonly packets: number
  readonly round: number
  /** the round is over for all when the first CPU has sent its packets */
  readonly together: boolean
}

export interface Lanes {
  /** What this CPU sends next; its counts are 0 again. */
  order(cpu: number, order: LaneOrder): void
  /** Of the last order: frames, or ns of the kernel's monotonic clock. */
  read(cpu: number, count: (typeof COUNTS)[number]): number
  /** Says that this CPU is ready for a round, or asks whether another is. */
  setReady(cpu: number, round: number): void
  isReady(cpu: number, round: number): boolean
}

export function lanesOf(map: BpfMap): Lanes {
  const view = new DataView(map.mmap({ writable: true }))
  // atomic, so that the read in a loop is one in memory
  const words = new Int32Array(view.buffer)
  const readyAt = (cpu: number) => (cpu * SIZE + LANE.ready) / 4
  return {
    order(cpu, { port, together, ...rest }) {
      for (const count of COUNTS) view.setBigUint64(cpu * SIZE + LANE[count], 0n, true)
      for (const name of ['first', 'flows', 'ifindex', 'packets', 'round'] as const)
        view.setUint32(cpu * SIZE + LANE[name], rest[name], true)
      view.setUint16(cpu * SIZE + LANE.port, port, false)
      view.setUint32(cpu * SIZE + LANE.together, Number(together), true)
    },
    read: (cpu, count) => Number(view.getBigUint64(cpu * SIZE + LANE[count], true)),
    setReady: (cpu, round) => Atomics.store(words, readyAt(cpu), round),
    isReady: (cpu, round) => Atomics.load(words, readyAt(cpu)) === round,
  }
}
