// SPDX-License-Identifier: Apache-2.0
// Programs under the harness (bench/bpf): each works on the maps of one live datapath, so all miss the same cache lines.
import { readFileSync } from 'node:fs'
import { type BpfMap, type BpfProgram, openMap, openObject, possibleCpus } from 'libbpf-ts'
import { addressToBytes } from '../src/abi/address.js'
import { Family, Settings_OFFSETS } from '../src/abi/generated.js'
import { bindTo } from '../src/datapath/load.js'
import type { Rig } from '../test/bpf/rig.js'
import { CLIENT_MAC, DIRECTOR_MAC, mac } from '../test/packets/frames.js'
import type { Kind, ProgramName, Work } from './cases.js'
import type { Holders } from './holders.js'

/** The datapath as it is loaded. */
export const OBJECT = 'build/bpf/xlvs.bpf.o'

/** Object and entry point of each program. */
export const ENTRIES: Readonly<Record<ProgramName, readonly [object: string, entry: string]>> = {
  empty: ['subject', 'empty'],
  xlvs: ['subject', 'subject'],
  untraced: ['subject', 'untraced'],
  floor: ['floor', 'subject'],
  parsed: ['floor', 'parsed'],
  control: ['control', 'subject'],
}

const ACTION_NUMBER = { drop: 1, pass: 2, tx: 3 } as const
const PROTOCOL_NUMBER = { tcp: 6, udp: 17 } as const
/** enum bench_kind, bench/bpf/vary.h */
const KIND_NUMBER: Readonly<Record<Kind, number>> = {
  packet: 0,
  'first fragment': 1,
  'later fragment': 2,
  'ICMP error': 3,
}
/** Flows are met in another order than they were made in, or a table that allocates in order would look better. */
const STEP = { made: 0x9e3779b1, met: 0x85ebca6b } as const
/** Flows that are half-open at once while a table is filled: a flood would be something else. */
const OPENING = 2 ** 16
/** Ethernet, one tag, IPv6, TCP. */
const FRAME_BYTES = 14 + 4 + 40 + 20
const VLAN = 0x8100
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
  flows: 72,
  shift: 76,
  kind: 80,
  tag: 84,
} as const

export interface Subject {
  /** the kernel's number of the program */
  readonly id: number
  /** Nothing is timed here. `first`: number of the first frame; another one gives other flows */
  prepare(work: Work, first: bigint): void
  /** how many verdicts were not the expected one */
  run(packets: number): number
  /** of all its runs, while the kernel counts that (`enableRunStats`) */
  spentNs(): number
}

export interface LoadOptions {
  /** entry points that will be asked for; without it all are loaded */
  readonly programs?: readonly string[]
  /** maps of its own that an earlier load made */
  readonly reuse?: Readonly<Record<string, BpfMap>>
  readonly hold?: Holders['hold']
}

export interface Loaded {
  program(entry: string): Subject
  map(name: string): BpfMap
  close(): void
}

/** Loads build/bench-bpf/NAME.bpf.o over the rig's maps; `entries` are sizes of maps of its own. */
export function load(
  rig: Pick<Rig, 'pinRoot' | 'memory'>,
  jiffy: number,
  name: string,
  entries: Readonly<Record<string, number>> = {},
  { programs, reuse = {}, hold }: LoadOptions = {},
): Loaded {
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
  for (const [map, kept] of Object.entries(reuse)) spec.reuseMap(map, kept)
  if (programs) for (const each of spec.programs) spec.setAutoload(each.name, programs.includes(each.name))
  bindTo(spec, pinned, { seed, cpus: possibleCpus(), manualClock: false, jiffy })
  const loaded = spec.load()
  const order = new DataView(loaded.map('.data.order').mmap({ writable: true }))
  const opened: { close(): void }[] = [loaded, ...maps.values()]
  return {
    program: (entry) => {
      const program = loaded.program(entry)
      opened.unshift(program)
      if (hold) opened.unshift(hold(program))
      return subject(program, order)
    },
    map: (map) => loaded.map(map),
    close: () => {
      for (const one of opened.splice(0)) one.close()
    },
  }
}

function subject(program: BpfProgram, order: DataView): Subject {
  const data = new Uint8Array(FRAME_BYTES)
  return {
    id: program.info().id,
    prepare(work, first) {
      give(order, work, first)
    },
    run(packets) {
      order.setBigUint64(ORDER.wrong, 0n, true)
      program.run({ data, repeat: packets })
      return Number(order.getBigUint64(ORDER.wrong, true))
    },
    spentNs: () => program.info().runTimeNs,
  }
}

/** A SYN of each flow of the work and, before many others, its ACK. */
export function establish(subject: Subject, work: Work): void {
  const numbers = numbersOf(work.flows)
  for (let first = 0; first < numbers; first += OPENING) {
    for (const flags of ['syn', 'ack'] as const) {
      subject.prepare({ ...work, kind: 'packet', flags, order: 'made' }, BigInt(first))
      subject.run(Math.min(OPENING, numbers - first))
    }
  }
}

/** Numbers of frames repeat after this many, a power of two. */
export function numbersOf(flows: number): number {
  return 2 ** Math.ceil(Math.log2(flows))
}

function give(order: DataView, work: Work, first: bigint): void {
  const { to, port = 80, protocol = 'tcp', flows, flags, expected, kind = 'packet', tag } = work
  const { order: met = flags === 'syn' ? 'made' : 'met' } = work
  const bytes = new Uint8Array(order.buffer, order.byteOffset)
  const numbers = numbersOf(flows)
  order.setBigUint64(ORDER.next, first, true)
  order.setUint32(ORDER.mask, numbers - 1, true)
  order.setUint32(ORDER.flows, flows, true)
  order.setUint32(ORDER.shift, Math.log2(numbers), true)
  order.setUint32(ORDER.expected, ACTION_NUMBER[expected], true)
  order.setUint32(ORDER.family, to.includes(':') ? Family.IPV6 : Family.IPV4, true)
  order.setUint32(ORDER.l4, PROTOCOL_NUMBER[protocol], true)
  order.setUint32(ORDER.step, STEP[met], true)
  order.setUint32(ORDER.flags, flags === 'syn' ? 0x02 : 0x10, true)
  order.setUint32(ORDER.kind, KIND_NUMBER[kind], true)
  order.setUint32(ORDER.tag, tag === undefined ? 0 : ((VLAN << 16) | tag) >>> 0, false)
  order.setUint16(ORDER.port, port, false)
  bytes.set(addressToBytes(to), ORDER.virtual)
  bytes.set([...mac(DIRECTOR_MAC), ...mac(CLIENT_MAC)], ORDER.macs)
}
