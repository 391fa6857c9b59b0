// SPDX-License-Identifier: Apache-2.0
// Programs under the harness (bench/bpf): each works on the maps of one live datapath, so all miss the same cache lines.
import { readFileSync } from 'node:fs'
import { type BpfMap, type BpfProgram, openMap, openObject, possibleCpus } from 'libbpf-ts'
import { addressToBytes } from '../src/abi/address.js'
import { Family, Settings_OFFSETS } from '../src/abi/generated.js'
import { bindTo } from '../src/datapath/load.js'
import type { Rig } from '../test/bpf/rig.js'
import { CLIENT_MAC, DIRECTOR_MAC, mac } from '../test/packets/frames.js'

export type Action = 'drop' | 'pass' | 'tx'
const ACTION_NUMBER = { drop: 1, pass: 2, tx: 3 } as const
const TCP = 6
/** Flows are met in another order than they were made in, or a table that allocates in order would look better. */
const STEP = { syn: 0x9e3779b1, ack: 0x85ebca6b } as const
/** offsets in struct bench_order, bench/bpf/vary.h */
const ORDER = {
  next: 0,
  wrong: 8,
  mask: 16,
  expected: 20,
  family: 24,
  l4: 28,
  flags: 32,
  virtual: 36,
  port: 52,
  macs: 56,
  step: 68,
}

export interface Work {
  readonly to: string
  /** a power of two */
  readonly flows: number
  readonly flags: 'syn' | 'ack'
  readonly expected: Action
  /** number of the first frame; another one gives flows that were never seen */
  readonly first?: bigint
}

export interface Subject {
  /** ns per packet, harness included, and how many verdicts were not the expected one */
  run(work: Work, packets: number): { ns: number; wrong: number }
}

/** Loads build/bench-bpf/NAME.bpf.o over the rig's maps; `programs` are its entry points. */
export function load(
  rig: Rig,
  jiffy: number,
  name: string,
  entries: Readonly<Record<string, number>> = {},
): (program: string) => Subject {
  const object = readFileSync(`build/bench-bpf/${name}.bpf.o`)
  const spec = openObject(object, { name })
  for (const [map, count] of Object.entries(entries)) spec.setMaxEntries(map, count)
  const maps = new Map<string, BpfMap>()
  const pinned = (map: string) => {
    const handle = maps.get(map) ?? openMap(`${rig.pinRoot}/maps/${map}`)
    maps.set(map, handle)
    return handle
  }
  const seed = rig.memory('settings').getBigUint64(Settings_OFFSETS.seed, true)
  bindTo(spec, pinned, { seed, cpus: possibleCpus(), manualClock: false, jiffy })
  const loaded = spec.load()
  const order = new DataView(loaded.map('.data.order').mmap({ writable: true }))
  return (program) => subject(loaded.program(program), order)
}

function subject(program: BpfProgram, order: DataView): Subject {
  const data = new Uint8Array(74)
  return {
    run(work, packets) {
      give(order, work)
      const { durationNs } = program.run({ data, repeat: packets })
      return { ns: durationNs, wrong: Number(order.getBigUint64(ORDER.wrong, true)) }
    },
  }
}

function give(order: DataView, { to, flows, flags, expected, first = 0n }: Work): void {
  const bytes = new Uint8Array(order.buffer, order.byteOffset)
  order.setBigUint64(ORDER.next, first, true)
  order.setBigUint64(ORDER.wrong, 0n, true)
  order.setUint32(ORDER.mask, flows - 1, true)
  order.setUint32(ORDER.expected, ACTION_NUMBER[expected], true)
  order.setUint32(ORDER.family, to.includes(':') ? Family.IPV6 : Family.IPV4, true)
  order.setUint32(ORDER.l4, TCP, true)
  order.setUint32(ORDER.step, STEP[flags], true)
  order.setUint32(ORDER.flags, flags === 'syn' ? 0x02 : 0x10, true)
  order.setUint16(ORDER.port, 80, false)
  bytes.set(addressToBytes(to), ORDER.virtual)
  bytes.set([...mac(DIRECTOR_MAC), ...mac(CLIENT_MAC)], ORDER.macs)
}
