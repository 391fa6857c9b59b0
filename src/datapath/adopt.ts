// SPDX-License-Identifier: Apache-2.0
// A fresh set of maps and programs, pinned in an order that tells whole sets from half-made ones; or one that is
// pinned already, taken over with its program replaced when the object file is another.
import { randomBytes } from 'node:crypto'
import { jiffyNs, openMap, openProgram, possibleCpus } from 'libbpf-ts'
import { Abi, RealFlag, RealInfo_OFFSETS, RealInfo_SIZE, Settings_OFFSETS } from '../abi/generated.js'
import { digest, loadFresh, loadOver, type Programs } from './load.js'
import { type Handles, MAP_NAMES, type Maps, mapInto, store32 } from './maps.js'
import {
  clearMaps,
  digestOf,
  linkedDevices,
  linkPin,
  makeDirectories,
  mapPin,
  ourLink,
  type Pins,
  pinOver,
  writeDigest,
} from './pins.js'
import { REAL_FREE, REAL_LINKED } from './reals.js'
import { writeFreshSettings } from './settings.js'
import { sizesOf } from './sizes.js'
import { judgeOverload, setFlag } from './thresholds.js'
import type { DatapathOptions } from './types.js'

export interface Opened {
  readonly maps: Maps
  readonly programs: Programs
  readonly adopted: boolean
  /** ns */
  readonly jiffy: number
}

/** Settings are pinned after all other maps, and get their ABI version when everything is done. */
export function makeFresh(pins: Pins, object: Uint8Array, options: DatapathOptions): Opened {
  clearMaps(pins)
  makeDirectories(pins)
  const cpus = possibleCpus()
  const seed = randomBytes(8).readBigUInt64LE()
  const jiffy = jiffyNs()
  const config = { seed, cpus, jiffy, manualClock: options.manualClock ?? false }
  const { handles, programs } = loadFresh(object, sizesOf(options.limits, cpus), config)
  const maps = mapInto(handles)
  writeFreshSettings(maps.settings, seed)
  for (const name of MAP_NAMES) handles[name].pin(mapPin(pins, name))
  pinPrograms(pins, programs)
  writeDigest(pins, digest(object))
  store32(maps.settings, Settings_OFFSETS.abi, Abi.ABI_VERSION)
  return { maps, programs, adopted: false, jiffy }
}

export function adopt(pins: Pins, object: Uint8Array, options: DatapathOptions): Opened {
  const handles = Object.fromEntries(MAP_NAMES.map((name) => [name, openMap(mapPin(pins, name))])) as Handles
  const maps = mapInto(handles)
  mendFlags(maps)
  const jiffy = jiffyNs()
  if (digestOf(pins) === digest(object)) return { maps, programs: pinnedPrograms(pins), adopted: true, jiffy }
  const seed = maps.settings.getBigUint64(Settings_OFFSETS.seed, true)
  const config = { seed, cpus: possibleCpus(), jiffy, manualClock: options.manualClock ?? false }
  const programs = loadOver(object, handles, config)
  takeOver(pins, programs)
  writeDigest(pins, digest(object))
  return { maps, programs, adopted: true, jiffy }
}

/** Another version of the program takes over between two packets, on every interface. */
function takeOver(pins: Pins, programs: Programs): void {
  for (const device of linkedDevices(pins)) {
    const link = ourLink(linkPin(pins, device))
    if (link === undefined) continue
    if (link.info().ifindex !== 0) link.update(programs.xlvs)
    link.close()
  }
  pinPrograms(pins, programs)
}

function pinPrograms(pins: Pins, programs: Programs): void {
  pinOver(programs.xlvs, pins.program)
  pinOver(programs.sweep, pins.sweep)
  pinOver(programs.clock, pins.clock)
}

function pinnedPrograms(pins: Pins): Programs {
  return { xlvs: openProgram(pins.program), sweep: openProgram(pins.sweep), clock: openProgram(pins.clock) }
}

/** A controller may have died between a real server's stores. */
function mendFlags(maps: Maps): void {
  for (let id = 1; id < maps.sizes.reals; id++) {
    const at = id * RealInfo_SIZE
    const used = maps.realInfo.getUint8(at + RealInfo_OFFSETS.used)
    setFlag(maps, id, RealFlag.REAL_AVAILABLE, used === REAL_LINKED)
    if (used === REAL_FREE) continue
    setFlag(
      maps,
      id,
      RealFlag.REAL_QUIESCED,
      maps.realInfo.getUint32(at + RealInfo_OFFSETS.weight, true) === 0,
    )
    judgeOverload(maps, id)
  }
}
