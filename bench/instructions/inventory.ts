// SPDX-License-Identifier: Apache-2.0
// What the guest's kernel says about the programs that xlvs loads, and what it charges for their maps.
import { readFileSync } from 'node:fs'
import {
  type BpfMap,
  type BpfProgram,
  jiffyNs,
  openMap,
  openObject,
  openProgram,
  possibleCpus,
} from 'libbpf-ts'
import { Settings_OFFSETS } from '../../src/abi/generated.js'
import { bindTo } from '../../src/datapath/load.js'
import { MAP_NAMES, objectName } from '../../src/datapath/maps.js'
import { sizesOf } from '../../src/datapath/sizes.js'
import { DEFAULT_LIMITS, type Limits } from '../../src/model/types.js'
import type { Rig } from '../../test/bpf/rig.js'
import { OBJECT } from '../subjects.js'
import type { MapBytes, ProgramSize } from './plan.js'

const PINNED = { xlvs: 'prog', sweep: 'sweep', clock: 'clock' } as const
const PROBE = 'build/bpf/probe.bpf.o'
const REHEARSAL = 'build/bpf/rehearse.bpf.o'
/** IPv4 flows whose table is to take 100 MiB at most. */
export const MANY_FLOWS = 4_000_000

export function programSizes(rig: Rig): readonly ProgramSize[] {
  const pinned = Object.entries(PINNED).map(([name, pin]) => {
    return closing(openProgram(`${rig.pinRoot}/${pin}`), (program) => sizeOf(name, program))
  })
  return [...pinned, ...probes(), rehearsal(rig)]
}

function sizeOf(program: string, loaded: BpfProgram): ProgramSize {
  const { verifiedInstructions: verified, translatedBytes: translated, jitedBytes: jited } = loaded.info()
  return { program, verified, translated, jited }
}

function probes(): readonly ProgramSize[] {
  const spec = openObject(readFileSync(PROBE), { name: 'probe' })
  const names = spec.programs.map(({ name }) => name)
  return closing(spec.load(), (object) => names.map((name) => sizeOf(name, object.program(name))))
}

function rehearsal(rig: Rig): ProgramSize {
  const spec = openObject(readFileSync(REHEARSAL), { name: 'rehearse' })
  const maps = new Map<string, BpfMap>()
  const pinned = (name: string) => {
    const handle = maps.get(name) ?? openMap(`${rig.pinRoot}/maps/${name}`)
    maps.set(name, handle)
    return handle
  }
  const seed = rig.memory('settings').getBigUint64(Settings_OFFSETS.seed, true)
  bindTo(spec, pinned, { seed, cpus: possibleCpus(), manualClock: false, jiffy: jiffyNs() })
  const size = closing(spec.load(), (object) => sizeOf('rehearse', object.program('xlvs')))
  for (const map of maps.values()) map.close()
  return size
}

/** Of every map at default limits, and of the IPv4 table for MANY_FLOWS. */
export function mapBytes(): readonly MapBytes[] {
  const charged = (limits: Limits, names: readonly (typeof MAP_NAMES)[number][]) => {
    const spec = openObject(readFileSync(OBJECT), { name: 'xlvs' })
    for (const { name } of spec.programs) spec.setAutoload(name, false)
    for (const [map, entries] of Object.entries(sizesOf(limits, possibleCpus())))
      spec.setMaxEntries(map, entries)
    return closing(spec.load(), (object) =>
      names.map((name) => ({ map: name as string, bytes: memlock(object.map(objectName(name))) })),
    )
  }
  const many = charged({ ...DEFAULT_LIMITS, connections: MANY_FLOWS }, ['conns4'])
  return [
    ...charged(DEFAULT_LIMITS, MAP_NAMES),
    ...many.map((one) => ({ ...one, map: 'conns4 for 4M flows' })),
  ]
}

function memlock({ fd }: BpfMap): number {
  const bytes = /^memlock:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1]
  if (bytes === undefined) throw new Error('the kernel does not say what a map takes')
  return Number(bytes)
}

function closing<T extends { close(): void }, R>(opened: T, act: (opened: T) => R): R {
  try {
    return act(opened)
  } finally {
    opened.close()
  }
}
