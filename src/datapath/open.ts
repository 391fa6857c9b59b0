// SPDX-License-Identifier: Apache-2.0
// openDatapath: adopts what is pinned, or makes and pins a fresh set. Half-made sets, left by a controller that died,
// are recognised (their settings carry no ABI version) and made anew; sets of another version are taken over where a way
// is known.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { BpfError, possibleCpus } from 'libbpf-ts'
import { Abi } from '../abi/generated.js'
import type { Outcome, Problem } from '../model/types.js'
import { adopt, makeFresh, type Opened } from './adopt.js'
import { createDatapath } from './datapath.js'
import { migrate, resume, takeBack } from './migrate/migrate.js'
import { abiAt, leaving, swapIn, switched } from './migrate/places.js'
import { clearFolder, clearPins, DEFAULT_PIN_ROOT, linkedDevices, type Pins, pinsIn } from './pins.js'
import { findNeeds, problemOf } from './problems.js'
import { limitsOf } from './sizes.js'
import type { Datapath, DatapathOptions } from './types.js'

const DEFAULT_OBJECT = new URL('../bpf/xlvs.bpf.o', import.meta.url).pathname

export async function openDatapath(options: DatapathOptions): Promise<Outcome<Datapath>> {
  const pins = pinsIn(options.pinRoot ?? DEFAULT_PIN_ROOT)
  const needs = findNeeds(pins.root)
  if (needs.length > 0) return { ok: false, problems: needs }
  try {
    const object = readObject(options.object ?? DEFAULT_OBJECT)
    if (!object.ok) return object
    const opened = open(pins, object.value, options)
    if (!opened.ok) return opened
    const limits = limitsOf(opened.value.maps.sizes, possibleCpus(), options.limits)
    const manualClock = options.manualClock ?? false
    const rehearsal = join(dirname(options.object ?? DEFAULT_OBJECT), 'rehearse.bpf.o')
    const parts = { ...opened.value, pins, limits, manualClock, rehearsal }
    return { ok: true, value: await createDatapath(parts) }
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
  if (leaving(pins) === undefined && abiAt(pins.next) === Abi.ABI_VERSION) swapIn(pins)
  const abi = abiAt(pins.maps)
  if (abi === undefined || abi === 0) return make(pins, object, options)
  if (abi !== Abi.ABI_VERSION) return upgrade(pins, object, options, abi)
  const from = leaving(pins)
  if (from !== undefined) return goOn(pins, object, options, from)
  clearFolder(pins.before)
  return { ok: true, value: adopt(pins, object, options) }
}

function upgrade(pins: Pins, object: Uint8Array, options: DatapathOptions, from: number): Outcome<Opened> {
  return migrate({ pins, object, options, from }) ?? { ok: false, problems: [otherAbi(pins, from)] }
}

/** A controller died while it took over: before the first interface had the new program, or after. */
function goOn(pins: Pins, object: Uint8Array, options: DatapathOptions, from: number): Outcome<Opened> {
  if (switched(pins)) {
    const outcome = resume({ pins, object, options, from })
    return outcome ?? { ok: false, problems: [otherAbi(pins, from)] }
  }
  takeBack(pins, from)
  return upgrade(pins, object, options, from)
}

/** Links without maps are somebody's doing: nothing is taken from under them. */
function make(pins: Pins, object: Uint8Array, options: DatapathOptions): Outcome<Opened> {
  const attached = linkedDevices(pins)
  if (attached.length > 0) return { ok: false, problems: [orphanedLinks(pins, attached)] }
  return { ok: true, value: makeFresh(pins, object, options) }
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
