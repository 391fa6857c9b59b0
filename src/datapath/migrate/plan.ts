// SPDX-License-Identifier: Apache-2.0
// What becomes of each pinned map when another version takes over: it serves both, or a new one is filled from it.
import type { BpfMap, MapLayout, MapSpec } from 'libbpf-ts'
import { MAP_NAMES, type MapName, objectName } from '../maps.js'
import { SIZED } from '../sizes.js'
import { type Description, sameArena } from './describe.js'
import { fits, type Move, movesOf, Untranslatable } from './layout.js'
import { type Step, wordChange } from './steps.js'

export type Fate =
  | { readonly fate: 'kept' }
  /** the version before has no such map */
  | { readonly fate: 'new' }
  | {
      readonly fate: 'translated'
      readonly before: MapLayout
      readonly now: MapLayout
      readonly key: readonly Move[]
      readonly value: readonly Move[]
    }

export type Translated = Extract<Fate, { fate: 'translated' }>

export interface Plan {
  readonly maps: Readonly<Record<MapName, Fate>>
  /** of a data word; undefined: its bits mean the same */
  readonly words: Readonly<Partial<Record<MapName, (data: bigint) => bigint>>>
}

export interface Versions {
  readonly before: Description
  readonly now: Description
  /** as pinned; undefined: not there */
  readonly pinned: (name: MapName) => BpfMap | undefined
  /** as the new object has them */
  readonly specs: readonly MapSpec[]
  readonly steps: readonly Step[]
}

/** Throws Untranslatable for what no rule brings over. */
export function planOf(versions: Versions): Plan {
  const { before, now, steps } = versions
  if (!sameArena(before.arena, now.arena))
    throw new Untranslatable('tables', 'services and schedulers\u2019 tables are laid out in another way')
  const conn = wordChange(steps, 'conn')
  const template = wordChange(steps, 'template')
  const words: Plan['words'] = {
    ...(conn && { conns4: conn, conns6: conn }),
    ...(template && { templates: template }),
  }
  const fates = MAP_NAMES.map((name) => [name, fateOf(name, versions, words[name] !== undefined)] as const)
  return { maps: Object.fromEntries(fates) as Record<MapName, Fate>, words }
}

function fateOf(name: MapName, { before, now, pinned, specs }: Versions, reworded: boolean): Fate {
  const [old, next] = [before.maps[name], now.maps[name]]
  const map = pinned(name)
  if (old === undefined || map === undefined) return { fate: 'new' }
  const spec = specs.find((each) => each.name === objectName(name))
  const alike = spec !== undefined && sameShape(name, map, spec)
  // a ring buffer: what is in it is gone when it is read
  if (old.key === undefined && next?.key === undefined && next?.value === undefined)
    return { fate: alike ? 'kept' : 'new' }
  if (next?.key === undefined || next.value === undefined || old.key === undefined || old.value === undefined)
    throw new Untranslatable(name, 'its key or its value has no type')
  if (!reworded && alike && fits(old.key, next.key) && fits(old.value, next.value)) return { fate: 'kept' }
  const key = movesOf(old.key, next.key, 0, 0, name)
  return {
    fate: 'translated',
    before: old,
    now: next,
    key,
    value: movesOf(old.value, next.value, 0, 0, name),
  }
}

/** The sizes that an operator's limits decide stay as they are. */
function sameShape(name: MapName, map: BpfMap, spec: MapSpec): boolean {
  const sized = (SIZED as readonly string[]).includes(name) || spec.maxEntries === map.maxEntries
  return map.type === spec.type && sized
}
