// SPDX-License-Identifier: Apache-2.0
// Links of interfaces that somebody may have meddled with: the program on them, and the pin that keeps them.
import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import type { BpfProgram, XdpLink } from 'libbpf-ts'
import { isPinned, linkPin, type Pins } from './pins.js'

/** 'detached': it is on no interface any more, which nothing can undo. */
export function mendLink(link: XdpLink, program: BpfProgram): 'right' | 'replaced' | 'detached' {
  const { ifindex, programId } = link.info()
  if (ifindex === 0) return 'detached'
  if (programId === program.id) return 'right'
  link.update(program)
  return 'replaced'
}

/** True when the pin was not there, or was of something else, which is put aside and not removed. */
export function mendPin(pins: Pins, device: string, link: XdpLink): boolean {
  const path = linkPin(pins, device)
  if (isPinned(pins, device, link.info().id)) return false
  if (existsSync(path)) renameSync(path, asideOf(pins, path))
  link.pin(path)
  return true
}

/** A name in the root that nothing has. */
function asideOf(pins: Pins, path: string): string {
  const name = `aside_${path.slice(pins.links.length + 1)}`
  for (let n = 1; ; n++) {
    const free = join(pins.root, `${name}_${n}`)
    if (!existsSync(free)) return free
  }
}
