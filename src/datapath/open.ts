// SPDX-License-Identifier: Apache-2.0
// openDatapath: adopts what is pinned, or makes and pins a fresh set. Half-made sets, left by a controller that died,
// are recognised (their settings carry no ABI version) and made anew.
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { BpfError, openMap, openProgram, openXdpLink, possibleCpus } from 'libbpf-ts'
import {
  Abi,
  Real_OFFSETS,
  Real_SIZE,
  RealFlag,
  RealInfo_OFFSETS,
  RealInfo_SIZE,
  Settings_OFFSETS,
} from '../abi/generated.js'
import type { Outcome, Problem } from '../model/types.js'
import { REAL_LINKED } from './actual.js'
import { createDatapath } from './datapath.js'
import { digest, loadFresh, loadOver, type Programs } from './load.js'
import { abiOf, type Handles, MAP_NAMES, type Maps, mapInto, store32 } from './maps.js'
import {
  clearMaps,
  clearPins,
  DEFAULT_PIN_ROOT,
  digestOf,
  linkedDevices,
  linkPin,
  makeDirectories,
  mapPin,
  type Pins,
  pinOver,
  pinsIn,
  writeDigest,
} from './pins.js'
import { findNeeds, problemOf } from './problems.js'
import { writeFreshSettings } from './settings.js'
import { limitsOf, sizesOf } from './sizes.js'
import type { Datapath, DatapathOptions } from './types.js'

const DEFAULT_OBJECT = new URL('../bpf/xlvs.bpf.o', import.meta.url).pathname

interface Opened {
  readonly maps: Maps
  readonly programs: Programs
  readonly adopted: boolean
}

export async function openDatapath(options: DatapathOptions): Promise<Outcome<Datapath>> {
  const pins = pinsIn(options.pinRoot ?? DEFAULT_PIN_ROOT)
  const needs = findNeeds(pins.root)
  if (needs.length > 0) return { ok: false, problems: needs }
  try {
    const object = readObject(options.object ?? DEFAULT_OBJECT)
    if (!object.ok) return object
    const opened = open(pins, object.value, options)
    if (!opened.ok) return opened
    const { maps, programs, adopted } = opened.value
    const limits = limitsOf(maps.sizes, possibleCpus(), options.limits)
    const manualClock = options.manualClock ?? false
    return { ok: true, value: await createDatapath({ pins, maps, programs, adopted, limits, manualClock }) }
  } catch (error) {
    if (error instanceof BpfError) return { ok: false, problems: [problemOf(error)] }
    throw error
  }
}

/** Detaches every interface and removes every pin under a root, of whatever ABI they are. */
export function clearDatapath(pinRoot: string = DEFAULT_PIN_ROOT): Outcome<void> {
  try {
    clearPins(pinRoot)
    return { ok: true, value: undefined }
  } catch (error) {
    if (error instanceof BpfError) return { ok: false, problems: [problemOf(error)] }
    throw error
  }
}

function readObject(path: string): Outcome<Uint8Array> {
  if (existsSync(path)) return { ok: true, value: readFileSync(path) }
  return {
    ok: false,
    problems: [{ subject: path, reason: 'the compiled datapath is not there', fix: 'run `make`' }],
  }
}

function open(pins: Pins, object: Uint8Array, options: DatapathOptions): Outcome<Opened> {
  if (!existsSync(mapPin(pins, 'settings'))) return make(pins, object, options)
  const settings = openMap(mapPin(pins, 'settings'))
  const abi = abiOf(new DataView(settings.mmap()))
  settings.close()
  if (abi === 0) return make(pins, object, options)
  if (abi !== Abi.ABI_VERSION) return { ok: false, problems: [otherAbi(pins, abi)] }
  return { ok: true, value: adopt(pins, object, options) }
}

/** Settings are pinned after everything else, and get their ABI version when all is done. */
function make(pins: Pins, object: Uint8Array, options: DatapathOptions): Outcome<Opened> {
  const attached = linkedDevices(pins)
  if (attached.length > 0) return { ok: false, problems: [orphanedLinks(pins, attached)] }
  clearMaps(pins)
  makeDirectories(pins)
  const cpus = possibleCpus()
  const seed = randomBytes(8).readBigUInt64LE()
  const manualClock = options.manualClock ?? false
  const { handles, programs } = loadFresh(object, sizesOf(options.limits, cpus), { seed, cpus, manualClock })
  const maps = mapInto(handles)
  writeFreshSettings(maps.settings, seed)
  for (const name of MAP_NAMES) handles[name].pin(mapPin(pins, name))
  programs.xlvs.pin(pins.program)
  programs.sweep.pin(pins.sweep)
  writeDigest(pins, digest(object))
  store32(maps.settings, Settings_OFFSETS.abi, Abi.ABI_VERSION)
  return { ok: true, value: { maps, programs, adopted: false } }
}

function adopt(pins: Pins, object: Uint8Array, options: DatapathOptions): Opened {
  const handles = Object.fromEntries(MAP_NAMES.map((name) => [name, openMap(mapPin(pins, name))])) as Handles
  const maps = mapInto(handles)
  mendFlags(maps)
  const pinned = { xlvs: openProgram(pins.program), sweep: openProgram(pins.sweep) }
  if (digestOf(pins) === digest(object)) return { maps, programs: pinned, adopted: true }
  const seed = maps.settings.getBigUint64(Settings_OFFSETS.seed, true)
  const programs = loadOver(object, handles, {
    seed,
    cpus: possibleCpus(),
    manualClock: options.manualClock ?? false,
  })
  replace(pins, programs)
  writeDigest(pins, digest(object))
  pinned.xlvs.close()
  pinned.sweep.close()
  return { maps, programs, adopted: true }
}

/** Another version of the program takes over between two packets, on every interface. */
function replace(pins: Pins, programs: Programs): void {
  for (const device of linkedDevices(pins)) {
    const link = openXdpLink(linkPin(pins, device))
    if (link.info().ifindex !== 0) link.update(programs.xlvs)
    link.close()
  }
  pinOver(programs.xlvs, pins.program)
  pinOver(programs.sweep, pins.sweep)
}

/** A controller may have died between a real server's two stores. */
function mendFlags(maps: Maps): void {
  for (let id = 1; id < maps.sizes.reals; id++) {
    const linked = maps.realInfo.getUint8(id * RealInfo_SIZE + RealInfo_OFFSETS.used) === REAL_LINKED
    const flags = linked ? RealFlag.REAL_AVAILABLE : 0
    const at = id * Real_SIZE + Real_OFFSETS.flags
    if (maps.reals.getUint32(at, true) !== flags) store32(maps.reals, at, flags)
  }
}

function otherAbi(pins: Pins, abi: number): Problem {
  return {
    subject: pins.root,
    reason: `what is pinned here has ABI version ${abi}, this xlvs has ${Abi.ABI_VERSION}; it still forwards and was left alone`,
    fix: 'run `xlvs detach --all`, which ends forwarding and connections, and start again',
  }
}

function orphanedLinks(pins: Pins, devices: readonly string[]): Problem {
  return {
    subject: pins.root,
    reason: `the program is attached to ${devices.join(', ')}, but its maps are not pinned any more`,
    fix: 'run `xlvs detach --all` and start again',
  }
}
