// SPDX-License-Identifier: Apache-2.0
// A folder of its own, a clock that is set, and a disk that can be told to fail.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EVENT_DISK, type EventDisk } from '../../../src/events/disk.js'
import type { Happening } from '../../../src/events/feed.js'
import { Journal } from '../../../src/events/journal.js'

export const SIZE = 65_536

export interface Rig {
  readonly dir: string
  readonly log: string[]
  now: number
  /** from now on every write and every new file fails with it */
  fault: NodeJS.ErrnoException | undefined
  /** so many bytes of a line are written before it fails */
  half: number
  open(size?: number): Journal
  done(): void
}

export function rigged(): Rig {
  const root = mkdtempSync(join(tmpdir(), `xlvs-events-${process.pid}-`))
  const rig: Rig = {
    dir: join(root, 'events'),
    log: [],
    now: 1_000,
    fault: undefined,
    half: 0,
    open: (size = SIZE) =>
      new Journal({
        dir: rig.dir,
        size,
        now: () => rig.now,
        log: (line) => void rig.log.push(line),
        disk: failing(rig),
      }),
    done: () => rmSync(root, { recursive: true, force: true }),
  }
  return rig
}

function failing(rig: Rig): EventDisk {
  const check = () => {
    if (rig.fault) throw rig.fault
  }
  return {
    ...EVENT_DISK,
    open: (path) => {
      check()
      const file = EVENT_DISK.open(path)
      return {
        ...file,
        append: (text) => {
          if (rig.fault) file.append(text.slice(0, rig.half))
          check()
          file.append(text)
        },
      }
    },
  }
}

export function full(): NodeJS.ErrnoException {
  return Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
}

export function happening(text: string, more: Partial<Happening> = {}): Happening {
  return { kind: 'service', severity: 'notice', text, ...more }
}
