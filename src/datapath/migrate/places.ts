// SPDX-License-Identifier: Apache-2.0
// Where the maps of two versions are pinned while one takes over from the other: `maps` and `next`, then `before` and
// `maps`. `next/from-N` stands until everything is carried over.
import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { openMap, openProgram, openXdpLink } from 'libbpf-ts'
import { abiOf, type Handles, MAP_NAMES } from '../maps.js'
import { clearFolder, layoutPin, linkedDevices, linkPin, type Pins } from '../pins.js'
import type { UpgradeStep } from '../types.js'
import type { Description } from './describe.js'

const FROM = 'from-'

export function beginNext(pins: Pins, from: number): void {
  clearFolder(pins.next)
  mkdirSync(pins.next, { mode: 0o700 })
  mkdirSync(join(pins.next, `${FROM}${from}`))
}

/** The settings last, as everywhere. */
export function pinNext(pins: Pins, maps: Handles, pinLayout: (path: string) => void): void {
  pinLayout(layoutPin(pins.next))
  for (const name of MAP_NAMES) maps[name].pin(join(pins.next, name))
}

/** The version that is being left; undefined: nothing is carried over any more. */
export function leaving(pins: Pins): number | undefined {
  if (!existsSync(pins.next)) return undefined
  const mark = readdirSync(pins.next).find((name) => name.startsWith(FROM))
  return mark === undefined ? undefined : Number(mark.slice(FROM.length))
}

export function endNext(pins: Pins): void {
  const from = leaving(pins)
  if (from !== undefined) rmdirSync(join(pins.next, `${FROM}${from}`))
}

export function swapIn(pins: Pins, progress?: (step: UpgradeStep) => void): void {
  if (existsSync(pins.maps)) {
    clearFolder(pins.before)
    renameSync(pins.maps, pins.before)
  }
  progress?.('moving')
  renameSync(pins.next, pins.maps)
  progress?.('moved')
}

/** Undefined: there are none. */
export function abiAt(folder: string): number | undefined {
  const path = join(folder, 'settings')
  if (!existsSync(path)) return undefined
  const settings = openMap(path)
  const abi = abiOf(new DataView(settings.mmap()))
  settings.close()
  return abi
}

/** Some interface has another program than the one that is pinned. */
export function switched(pins: Pins): boolean {
  const program = openProgram(pins.program)
  const pinned = program.info().id
  program.close()
  return linkedDevices(pins).some((device) => {
    const link = openXdpLink(linkPin(pins, device))
    const { programId } = link.info()
    link.close()
    return programId !== pinned
  })
}

/** Those that are there. */
export function mapsIn(folder: string): Partial<Handles> {
  const there = MAP_NAMES.filter((name) => existsSync(join(folder, name)))
  return Object.fromEntries(there.map((name) => [name, openMap(join(folder, name))]))
}

/** Byte offset of a setting in a version's layout. */
export function settingAt({ maps }: Description, name: string): number | undefined {
  const section = maps['settings']?.value
  const settings = section?.kind === 'struct' ? section.members[0]?.layout : undefined
  return settings?.kind === 'struct'
    ? settings.members.find((member) => member.name === name)?.offset
    : undefined
}
