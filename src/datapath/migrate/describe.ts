// SPDX-License-Identifier: Apache-2.0
// How a set of maps is laid out, written down beside it: pinned as `layout`, so that a later version can read the set
// without the kernel's type information, which takes CAP_SYS_ADMIN (docs/decisions/0008-migration.md).
import { existsSync } from 'node:fs'
import { createMap, type MapLayout, mapLayouts, type ObjectSpec, openMap, u32 } from 'libbpf-ts'
import {
  Cursor_OFFSETS,
  Cursor_SIZE,
  DirEntry_OFFSETS,
  DirEntry_SIZE,
  MarkRange_OFFSETS,
  MarkRange_SIZE,
  Segment_OFFSETS,
  Segment_SIZE,
  Service_OFFSETS,
  Service_SIZE,
  Share_OFFSETS,
  Share_SIZE,
} from '../../abi/generated.js'
import { MAP_NAMES, objectName } from '../maps.js'

/** What lines of the arena hold: their map has no type that says so. */
export type Arena = Readonly<
  Record<string, { readonly bytes: number; readonly at: Readonly<Record<string, number>> }>
>

export interface Description {
  readonly maps: Readonly<Record<string, MapLayout>>
  readonly arena: Arena
}

export function describe(spec: ObjectSpec): Description {
  const btf = spec.btf()
  if (btf === undefined) throw new Error(`${spec.name} was compiled without type information`)
  const layouts = mapLayouts(btf)
  const maps = Object.fromEntries(
    MAP_NAMES.map((name) => {
      const layout = layouts[objectName(name)]
      if (layout === undefined) throw new Error(`${spec.name} has no map ${objectName(name)}`)
      return [name, layout]
    }),
  )
  return { maps, arena: ARENA }
}

export function pinDescription(path: string, description: Description): void {
  const text = new TextEncoder().encode(JSON.stringify(description))
  const map = createMap({ name: 'layout', type: 'array', keySize: 4, valueSize: text.length, maxEntries: 1 })
  map.update(u32(0), text)
  map.pin(path)
  map.close()
}

export function pinnedDescription(path: string): Description | undefined {
  if (!existsSync(path)) return undefined
  const map = openMap(path)
  const text = new TextDecoder().decode(map.lookup(u32(0)))
  map.close()
  return JSON.parse(text) as Description
}

export function sameArena(a: Arena, b: Arena): boolean {
  const text = (arena: Arena) =>
    Object.entries(arena)
      .map(([name, { bytes, at }]) => `${name} ${bytes} ${JSON.stringify(Object.entries(at).sort())}`)
      .sort()
      .join()
  return text(a) === text(b)
}

const ARENA: Arena = {
  service: { bytes: Service_SIZE, at: Service_OFFSETS },
  cursor: { bytes: Cursor_SIZE, at: Cursor_OFFSETS },
  segment: { bytes: Segment_SIZE, at: Segment_OFFSETS },
  share: { bytes: Share_SIZE, at: Share_OFFSETS },
  mark_range: { bytes: MarkRange_SIZE, at: MarkRange_OFFSETS },
  dir_entry: { bytes: DirEntry_SIZE, at: DirEntry_OFFSETS },
}
