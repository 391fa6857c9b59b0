// SPDX-License-Identifier: Apache-2.0
// Another version's pinned set is taken over while it forwards. docs/decisions/0008-migration.md says in which order,
// and what a controller finds that starts after one that died in the middle.
import { jiffyNs, openObject, possibleCpus } from 'libbpf-ts'
import { Abi, Settings_OFFSETS } from '../../abi/generated.js'
import type { Outcome } from '../../model/types.js'
import { mendFlags, type Opened, pinPrograms, updateLinks } from '../adopt.js'
import { GRACE } from '../arena.js'
import { type ConfigWish, digest, loadBeside, loadOver, type Programs } from '../load.js'
import { type Handles, type MapName, mapInto, store32 } from '../maps.js'
import { clearFolder, layoutPin, type Pins, writeDigest } from '../pins.js'
import { writeFreshSettings } from '../settings.js'
import { SIZED, type Sizes, sizesOf } from '../sizes.js'
import type { DatapathOptions } from '../types.js'
import { ABI_2 } from './abi-2.js'
import { carrier, FLOWS, recount, type Sets } from './carry.js'
import { type Description, describe, pinDescription, pinnedDescription } from './describe.js'
import { hold } from './hold.js'
import { Untranslatable } from './layout.js'
import { beginNext, endNext, mapsIn, pinNext, settingAt, swapIn } from './places.js'
import { planOf } from './plan.js'
import { stepsBetween } from './steps.js'

export interface Upgrade {
  readonly pins: Pins
  readonly object: Uint8Array
  readonly options: DatapathOptions
  /** ABI version of what is pinned */
  readonly from: number
}

/** Undefined: there is no way from that version to this one. Otherwise it is taken over, or nothing was touched. */
export function migrate(upgrade: Upgrade): Outcome<Opened> | undefined {
  const { pins, options } = upgrade
  const sets = prepare(upgrade)
  if (sets === undefined || 'ok' in sets) return sets
  let release = () => {}
  try {
    beginNext(pins, upgrade.from)
    const loaded = loadBeside(upgrade.object, kept(sets), sizesFor(sets.old, options), wishFor(sets, options))
    const whole: Sets = { ...sets, now: loaded.handles }
    const carry = fill(whole)
    options.progress?.('filled')
    pinNext(pins, whole.now, (path) => pinDescription(path, sets.description))
    options.progress?.('pinned')
    carry()
    if (FLOWS.some((name) => sets.plan.maps[name].fate === 'translated'))
      release = hold(sets.old, sets.before)
    carry()
    options.progress?.('held')
    commit(sets.old, Abi.ABI_VERSION)
    options.progress?.('committed')
    return { ok: true, value: finish(upgrade, whole, loaded.programs, { carry, release, begun: false }) }
  } catch (error) {
    if (abiIn(sets.old) === Abi.ABI_VERSION) throw error
    release()
    clearFolder(pins.next)
    if (error instanceof Untranslatable) return untranslatable(upgrade, error)
    throw error
  }
}

/** A controller died after some interfaces had got the new program: the rest follows, and the new maps stay. */
export function resume(upgrade: Upgrade): Outcome<Opened> | undefined {
  const sets = prepare(upgrade)
  if (sets === undefined || 'ok' in sets) return sets
  const now = mapsIn(upgrade.pins.next) as Handles
  const programs = loadOver(upgrade.object, now, wishFor(sets, upgrade.options))
  const whole: Sets = { ...sets, now }
  const release = hold(now, sets.description, 0)
  const carry = carrier(whole, true)
  return { ok: true, value: finish(upgrade, whole, programs, { carry, release, begun: true }) }
}

interface Prepared extends Omit<Sets, 'now'> {
  readonly before: Description
}

function prepare(upgrade: Upgrade): Prepared | Outcome<never> | undefined {
  const before = pinnedDescription(layoutPin(upgrade.pins.maps)) ?? RECORDED[upgrade.from]
  const steps = stepsBetween(upgrade.from, Abi.ABI_VERSION)
  if (before === undefined || steps === undefined) return undefined
  const old = mapsIn(upgrade.pins.maps)
  const spec = openObject(upgrade.object, { name: 'xlvs' })
  try {
    const description = describe(spec)
    const versions = {
      before,
      now: description,
      pinned: (name: MapName) => old[name],
      specs: spec.maps,
      steps,
    }
    return { old, before, description, plan: planOf(versions) }
  } catch (error) {
    for (const map of Object.values(old)) map.close()
    if (error instanceof Untranslatable) return untranslatable(upgrade, error)
    throw error
  } finally {
    spec.close()
  }
}

/** Versions whose sets do not say themselves how they are laid out. */
const RECORDED: Readonly<Record<number, Description>> = { 2: ABI_2 }

function fill(sets: Sets): () => void {
  const settings = new DataView(sets.now.settings.mmap({ writable: true }))
  const translated = sets.plan.maps.settings.fate === 'translated'
  // what is new in them begins as in a set made anew
  if (translated) writeFreshSettings(settings, 0n)
  const carry = carrier(sets, false)
  if (translated) store32(settings, Settings_OFFSETS.abi, Abi.ABI_VERSION)
  return carry
}

interface Course {
  readonly carry: () => void
  readonly release: () => void
  readonly begun: boolean
}

/** From here on only forwards. */
function finish(upgrade: Upgrade, sets: Sets, programs: Programs, { carry, release, begun }: Course): Opened {
  const { pins, object, options } = upgrade
  updateLinks(pins, programs, () => options.progress?.('switching'))
  release()
  options.progress?.('switched')
  carry()
  if (Object.values(sets.plan.maps).some(({ fate }) => fate === 'translated')) {
    // the old program may be at work on its last packets
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, GRACE)
    carry()
    if (begun) recount(sets)
  }
  const maps = mapInto(sets.now)
  mendFlags(maps)
  options.progress?.('carried')
  endNext(pins)
  swapIn(pins, options.progress)
  pinPrograms(pins, programs)
  writeDigest(pins, digest(object))
  clearFolder(pins.before)
  for (const name of Object.keys(sets.old) as MapName[])
    if (sets.plan.maps[name].fate !== 'kept' || begun) sets.old[name]?.close()
  options.progress?.('done')
  return { maps, programs, adopted: true, jiffy: jiffyNs() }
}

function kept({ plan, old }: Prepared): Partial<Handles> {
  const names = Object.keys(old) as MapName[]
  return Object.fromEntries(
    names.filter((name) => plan.maps[name].fate === 'kept').map((name) => [name, old[name]]),
  )
}

/** Maps keep their sizes; a map that the version before does not have gets one that goes with them. */
function sizesFor(old: Partial<Handles>, { limits }: DatapathOptions): Sizes {
  const room = {
    ...limits,
    reals: (old.reals?.maxEntries ?? limits.reals + 1) - 1,
    services: (old.services?.maxEntries ?? limits.services + 1) - 1,
  }
  const wished = sizesOf(room, possibleCpus())
  return Object.fromEntries(SIZED.map((name) => [name, old[name]?.maxEntries ?? wished[name]])) as Sizes
}

function wishFor({ old, before }: Prepared, { manualClock = false }: DatapathOptions): ConfigWish {
  const seed = settingsOf(old).getBigUint64(settingAt(before, 'seed') ?? Settings_OFFSETS.seed, true)
  return { seed, cpus: possibleCpus(), jiffy: jiffyNs(), manualClock }
}

/** What was committed and not begun is not committed: the set is again what it was. */
export function takeBack(pins: Pins, from: number): void {
  const old = mapsIn(pins.maps)
  const before = pinnedDescription(layoutPin(pins.maps)) ?? RECORDED[from]
  if (before !== undefined) hold(old, before, 0)()
  commit(old, from)
  for (const map of Object.values(old)) map.close()
}

/** The number from which on every controller knows which set is in charge; it opens the settings in every version. */
function commit(old: Partial<Handles>, abi: number): void {
  const settings = old.settings?.mmap({ writable: true })
  if (settings !== undefined) store32(new DataView(settings), 0, abi)
}

function abiIn(old: Partial<Handles>): number {
  return settingsOf(old).getUint32(0, true)
}

function settingsOf({ settings }: Partial<Handles>): DataView {
  if (settings === undefined) throw new Error('a set without settings')
  return new DataView(settings.mmap())
}

function untranslatable({ pins, from }: Upgrade, { message }: Error): Outcome<never> {
  return {
    ok: false,
    problems: [
      {
        subject: pins.root,
        reason: `what is pinned here has ABI version ${from}, and this xlvs cannot carry all of it over (${message}); it still forwards and was left alone`,
        fix: 'run `xlvs detach --all`, which ends forwarding and connections, and start again',
      },
    ],
  }
}
