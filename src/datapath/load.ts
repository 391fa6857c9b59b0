// SPDX-License-Identifier: Apache-2.0
// The object file: a fresh set of maps and programs, or new programs over maps that exist.
import { createHash } from 'node:crypto'
import { type BpfMap, type BpfObject, type BpfProgram, type ObjectSpec, openObject } from 'libbpf-ts'
import { type Config, Config_SIZE, writeConfig } from '../abi/generated.js'
import { type Handles, MAP_NAMES, type MapName, objectName } from './maps.js'
import { type Description, describe } from './migrate/describe.js'
import { readSizes, type Sizes } from './sizes.js'

export interface Programs {
  readonly xlvs: BpfProgram
  readonly sweep: BpfProgram
  readonly clock: BpfProgram
}

export interface ConfigWish {
  readonly seed: bigint
  readonly cpus: number
  readonly manualClock: boolean
  /** ns */
  readonly jiffy: number
}

export function digest(object: Uint8Array): string {
  return createHash('sha256').update(object).digest('hex').slice(0, 16)
}

export function describeObject(object: Uint8Array): Description {
  const spec = openObject(object, { name: 'xlvs' })
  try {
    return describe(spec)
  } finally {
    spec.close()
  }
}

export function loadFresh(
  object: Uint8Array,
  sizes: Sizes,
  wish: ConfigWish,
): { handles: Handles; programs: Programs } {
  const spec = openObject(object, { name: 'xlvs' })
  for (const [map, entries] of Object.entries(sizes)) spec.setMaxEntries(map, entries)
  writeConfigInto(spec, sizes, wish)
  return taken(spec.load(), (loaded) => ({
    handles: Object.fromEntries(MAP_NAMES.map((name) => [name, loaded.map(objectName(name))])) as Handles,
    programs: programsOf(loaded),
  }))
}

export function loadOver(object: Uint8Array, handles: Handles, wish: ConfigWish): Programs {
  const spec = openObject(object, { name: 'xlvs' })
  bindTo(spec, (name) => handles[name], wish)
  return taken(spec.load(), programsOf)
}

/** New programs, over `kept` maps and new ones beside them. */
export function loadBeside(
  object: Uint8Array,
  kept: Readonly<Partial<Record<MapName, BpfMap>>>,
  sizes: Sizes,
  wish: ConfigWish,
): { handles: Handles; programs: Programs } {
  const spec = openObject(object, { name: 'xlvs' })
  for (const [map, entries] of Object.entries(sizes)) spec.setMaxEntries(map, entries)
  for (const [name, map] of Object.entries(kept)) spec.reuseMap(objectName(name as MapName), map)
  writeConfigInto(spec, sizes, wish)
  return taken(spec.load(), (loaded) => ({
    handles: Object.fromEntries(
      MAP_NAMES.map((name) => [name, kept[name] ?? loaded.map(objectName(name))]),
    ) as Handles,
    programs: programsOf(loaded),
  }))
}

/** An object that has any of the datapath's maps will work on those that exist, but for `own`: of the same size, its own. */
export function bindTo(
  spec: ObjectSpec,
  handle: (name: MapName) => BpfMap,
  wish: ConfigWish,
  own: readonly MapName[] = [],
): void {
  const has = new Set(spec.maps.map(({ name }) => name))
  for (const name of MAP_NAMES) {
    if (!has.has(objectName(name))) continue
    if (own.includes(name)) spec.setMaxEntries(objectName(name), handle(name).maxEntries)
    else spec.reuseMap(objectName(name), handle(name))
  }
  const sizes = readSizes((name) => handle(name).maxEntries)
  writeConfigInto(spec, sizes, wish)
}

function taken<T>(loaded: BpfObject, take: (loaded: BpfObject) => T): T {
  try {
    return take(loaded)
  } finally {
    loaded.close()
  }
}

function programsOf(loaded: BpfObject): Programs {
  return { xlvs: loaded.program('xlvs'), sweep: loaded.program('sweep'), clock: loaded.program('clock') }
}

/** `config` opens its section; in the file it is zero. */
function writeConfigInto(spec: ObjectSpec, sizes: Sizes, wish: ConfigWish): void {
  const map = spec.maps.some(({ name }) => name === '.rodata.config') ? '.rodata.config' : '.rodata'
  const value = spec.initialValue(map)
  if (value.subarray(0, Config_SIZE).some((byte) => byte !== 0)) {
    throw new Error(`${map} of the object does not begin with an empty config`)
  }
  writeConfig(new DataView(value.buffer, value.byteOffset), 0, configOf(sizes, wish))
  spec.setInitialValue(map, value)
}

function configOf(sizes: Sizes, { seed, cpus, manualClock, jiffy }: ConfigWish): Config {
  return {
    seed,
    conn4Sets: sizes.conns4,
    conn6Sets: sizes.conns6,
    templateSets: sizes.templates,
    cpus,
    realRows: sizes.reals,
    verdictRows: sizes.verdicts / cpus,
    manualClock: manualClock ? 1 : 0,
    jiffyNs: jiffy,
    serviceRows: sizes.service_reasons / cpus,
  }
}
