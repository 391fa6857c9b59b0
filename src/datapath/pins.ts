// SPDX-License-Identifier: Apache-2.0
// What is pinned where: maps/NAME, links/IFNAME, prog, sweep, clock, an empty directory named for the object's digest, and
// probes/ (probe-filters.ts).
import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { openProgramById, openXdpLink, type XdpLink } from 'libbpf-ts'
import { MAP_NAMES, type MapName } from './maps.js'
import { removeProbeFilters } from './probe-filters.js'

export interface Pins {
  readonly root: string
  readonly maps: string
  readonly links: string
  readonly program: string
  readonly sweep: string
  readonly clock: string
}

export const DEFAULT_PIN_ROOT = '/sys/fs/bpf/xlvs'
const DIGEST = 'object-'
/** as the kernel has it */
const PROGRAM = 'xlvs'

export function pinsIn(root: string): Pins {
  const at = (name: string) => join(root, name)
  return {
    root,
    maps: at('maps'),
    links: at('links'),
    program: at('prog'),
    sweep: at('sweep'),
    clock: at('clock'),
  }
}

export function mapPin(pins: Pins, name: MapName): string {
  return join(pins.maps, name)
}

/** A BPF file system takes no dots in names; VLAN devices have them. */
export function linkPin(pins: Pins, device: string): string {
  return join(pins.links, device.replaceAll('%', '%25').replaceAll('.', '%2e'))
}

/** Devices with a pinned link. */
export function linkedDevices(pins: Pins): string[] {
  return list(pins.links).map((name) => decodeURIComponent(name))
}

export function makeDirectories(pins: Pins): void {
  for (const path of [pins.root, pins.maps, pins.links]) mkdirSync(path, { recursive: true, mode: 0o700 })
}

/** A pin that is there is replaced in one step. */
export function pinOver(object: { pin(path: string): void }, path: string): void {
  const next = `${path}_next`
  remove(next)
  object.pin(next)
  renameSync(next, path)
}

export function digestOf(pins: Pins): string | undefined {
  return list(pins.root)
    .find((name) => name.startsWith(DIGEST))
    ?.slice(DIGEST.length)
}

export function writeDigest(pins: Pins, digest: string): void {
  for (const name of list(pins.root)) if (name.startsWith(DIGEST)) rmdirSync(join(pins.root, name))
  mkdirSync(join(pins.root, DIGEST + digest))
}

/** A pinned link that carries the program; undefined for what somebody else has put there. */
export function ourLink(path: string): XdpLink | undefined {
  let link: XdpLink
  try {
    link = openXdpLink(path)
  } catch {
    return undefined
  }
  if (isOurs(link.info().programId)) return link
  link.close()
  return undefined
}

/** The pin of an interface holds this very link. */
export function isPinned(pins: Pins, device: string, linkId: number): boolean {
  try {
    const link = openXdpLink(linkPin(pins, device))
    const { id } = link.info()
    link.close()
    return id === linkId
  } catch {
    return false
  }
}

/** Programs can be asked for their name by CAP_SYS_ADMIN only; without, what is pinned among ours is taken for ours. */
function isOurs(programId: number): boolean {
  try {
    const program = openProgramById(programId)
    const { name } = program
    program.close()
    return name === PROGRAM
  } catch {
    return true
  }
}

/**
 * Takes the program off every interface, then removes every pin of a datapath, of whatever version it is. What
 * somebody else has put there stays, and so do the directories it is in.
 */
export function clearPins(root: string): void {
  const pins = pinsIn(root)
  for (const name of list(pins.links)) {
    const path = join(pins.links, name)
    const link = ourLink(path)
    if (link === undefined) continue
    link.detach()
    link.close()
    unlinkSync(path)
  }
  removeProbeFilters(pins)
  clearMaps(pins)
  removeEmpty(pins.links)
  for (const name of list(root)) if (name.startsWith(DIGEST)) rmdirSync(join(root, name))
  for (const path of [pins.program, pins.sweep, pins.clock])
    for (const one of [path, `${path}_next`]) remove(one)
  removeEmpty(root)
}

/** The settings last but one step before: a set without settings is half-made, and is made anew. */
export function clearMaps(pins: Pins): void {
  remove(join(pins.maps, 'settings'))
  for (const name of list(pins.maps)) if (isMap(name)) remove(join(pins.maps, name))
  removeEmpty(pins.maps)
  remove(pins.program)
  remove(pins.sweep)
  remove(pins.clock)
}

function isMap(name: string): boolean {
  return (MAP_NAMES as readonly string[]).includes(name)
}

function removeEmpty(path: string): void {
  if (existsSync(path) && readdirSync(path).length === 0) rmdirSync(path)
}

export function remove(path: string): void {
  if (existsSync(path)) unlinkSync(path)
}

function list(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : []
}
