// SPDX-License-Identifier: Apache-2.0
// The datapath's own program without its effects, run on one packet: over the live maps, or over copies of what says
// who gets new connections, where real servers have other weights. Nothing in the live maps changes.
import { existsSync, readFileSync } from 'node:fs'
import { type BpfMap, type BpfProgram, openObject } from 'libbpf-ts'
import { readTrail, Settings_OFFSETS, type Trail, Trail_SIZE } from '../abi/generated.js'
import { fail, succeed } from '../model/describe.js'
import type { Outcome } from '../model/types.js'
import type { Actual } from '../plan/actual.js'
import { type WeightChange, whatIfOps } from '../plan/what-if.js'
import { applyOps } from './apply.js'
import { Arena } from './arena.js'
import type { Target } from './carry-out.js'
import { Ledger } from './ledger.js'
import { bindTo } from './load.js'
import { type MapName, type Maps, objectName } from './maps.js'
import { Tallies } from './tallies.js'

/** Bytes of a frame that a program without fragments takes in a test-run: a page less its rooms, on any kernel. */
export const REHEARSED_BYTES: readonly [number, number] = [14, 3_400]
/** What a change of weights writes. */
const OWN = ['tables', 'services', 'reals', 'real_info'] as const satisfies readonly MapName[]
/** A frame may gain two VLAN tags or the headers of an answer. */
const GROWTH = 64
const CONTEXT_BYTES = 24

export interface Run {
  /** enum xdp_action */
  readonly action: number
  /** as it leaves */
  readonly frame: Uint8Array
  readonly trail: Trail
}

/** The maps as a run sees them, and the run. */
export interface Rehearsed {
  readonly maps: Maps
  readonly run: Run
}

export interface RehearsalParts {
  /** the compiled rehearsal, rehearse.bpf.o */
  readonly object: string
  readonly maps: Maps
  readonly cpus: number
  /** ns */
  readonly jiffy: number
  readonly manualClock: boolean
}

interface Loaded {
  readonly program: BpfProgram
  readonly trails: BpfMap
  readonly trail: DataView
  /** its own of OWN; none: the live ones */
  readonly own: ReadonlyMap<MapName, BpfMap>
}

/** Loads a program when it is first asked for; both then stay. */
export class Rehearsal {
  readonly #parts: RehearsalParts
  #live: Loaded | undefined
  #copy: Loaded | undefined
  #copies: Maps | undefined

  constructor(parts: RehearsalParts) {
    this.#parts = parts
  }

  /** `changes`: as if real servers had other weights, by `actual`, which is what the maps hold now. */
  rehearse(
    frame: Uint8Array,
    ifindex: number,
    actual: Actual,
    changes: readonly WeightChange[] = [],
  ): Outcome<Rehearsed> {
    const { object, maps } = this.#parts
    const [least, most] = REHEARSED_BYTES
    if (frame.length < least || frame.length > most)
      return fail({
        subject: 'frame',
        reason: `a frame of ${frame.length} bytes cannot be run through the program`,
        fix: `give one of ${least} to ${most} bytes`,
      })
    if (!existsSync(object))
      return fail({ subject: object, reason: 'the compiled rehearsal is not there', fix: 'run `make`' })
    if (changes.length === 0) {
      this.#live ??= this.#load([])
      return succeed({ maps, run: runOn(this.#live, frame, ifindex) })
    }
    this.#copy ??= this.#load(OWN)
    const changed = this.#change(this.#copy, actual, changes)
    return changed.ok ? succeed({ maps: changed.value, run: runOn(this.#copy, frame, ifindex) }) : changed
  }

  close(): void {
    for (const loaded of [this.#live, this.#copy]) {
      if (loaded === undefined) continue
      for (const handle of [loaded.program, loaded.trails, ...loaded.own.values()]) handle.close()
    }
  }

  #load(own: readonly MapName[]): Loaded {
    const { object, maps, cpus, jiffy, manualClock } = this.#parts
    const spec = openObject(readFileSync(object), { name: 'xlvs_rehearse' })
    const seed = maps.settings.getBigUint64(Settings_OFFSETS.seed, true)
    bindTo(spec, (name) => maps.handles[name], { seed, cpus, jiffy, manualClock }, own)
    const loaded = spec.load()
    try {
      const trails = loaded.map('trails')
      return {
        program: loaded.program('xlvs'),
        trails,
        trail: new DataView(trails.mmap({ writable: true })),
        own: new Map(own.map((name) => [name, loaded.map(objectName(name))])),
      }
    } finally {
      loaded.close()
    }
  }

  /** The copies as they are now, and then what the controller would do. */
  #change(loaded: Loaded, actual: Actual, changes: readonly WeightChange[]): Outcome<Maps> {
    const ops = whatIfOps(actual, changes)
    if (!ops.ok) return ops
    const copies = this.#copies ?? copiesOf(this.#parts.maps, loaded.own)
    this.#copies = copies
    refresh(this.#parts.maps, copies)
    const done = applyOps(targetOf(copies, this.#parts.cpus), ops.value)
    return done.ok ? succeed(copies) : done
  }
}

function runOn({ program, trail }: Loaded, data: Uint8Array, ifindex: number): Run {
  new Uint8Array(trail.buffer, trail.byteOffset, Trail_SIZE).fill(0)
  const context = new Uint8Array(CONTEXT_BYTES)
  const words = new DataView(context.buffer)
  words.setUint32(4, data.length, true)
  words.setUint32(12, ifindex, true)
  const { returnValue, data: frame } = program.run({ data, context, dataOutSize: data.length + GROWTH })
  return { action: returnValue, frame, trail: readTrail(trail, 0) }
}

/** The live maps, but for those that are the copy's own; the settings cannot be written through it. */
function copiesOf(maps: Maps, own: ReadonlyMap<MapName, BpfMap>): Maps {
  const view = (name: MapName) => new DataView((own.get(name) as BpfMap).mmap({ writable: true }))
  const settings = new DataView(new ArrayBuffer(maps.settings.byteLength))
  return {
    ...maps,
    settings,
    tables: view('tables'),
    services: view('services'),
    reals: view('reals'),
    realInfo: view('real_info'),
  }
}

function refresh(from: Maps, to: Maps): void {
  for (const name of ['settings', 'tables', 'services', 'reals', 'realInfo'] as const)
    bytesOf(to[name]).set(bytesOf(from[name]))
}

/** Nothing but weights changes: nobody comes or goes, so that there are no next hops to bind. */
function targetOf(maps: Maps, cpus: number): Target {
  const ledger = new Ledger(maps)
  return {
    maps,
    arena: new Arena(maps.sizes.tables, ledger.ranges(), () => 0),
    ledger,
    bindings: { bind: () => 0, unbind: () => undefined },
    cpus,
    tallies: new Tallies(maps, cpus),
    pause: () => undefined,
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: DataView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
