// SPDX-License-Identifier: Apache-2.0
// Tells what changed: all of one moment together, and only what is another than was told last.
import type { Health } from '../model/checks.js'
import type { RealKey } from '../model/types.js'
import { sameStanding } from '../plan/health/together.js'

export interface HeraldWorld {
  timer(ms: number, act: () => void): { stop(): void }
  onChange(changes: ReadonlyMap<RealKey, Health>): void
}

export interface Herald {
  changed(key: RealKey): void
  /** it is checked no longer */
  forget(key: RealKey): void
  /** nothing is told any more */
  end(): void
}

export function createHerald(world: HeraldWorld, healthOf: (key: RealKey) => Health | undefined): Herald {
  const told = new Map<RealKey, Health>()
  const changed = new Set<RealKey>()
  let timer: { stop(): void } | undefined
  let ended = false

  const tell = (): void => {
    timer = undefined
    const changes = new Map<RealKey, Health>()
    for (const key of changed) {
      const [now, last] = [healthOf(key), told.get(key)]
      if (now === undefined || (last !== undefined && sameStanding(now, last))) continue
      told.set(key, now)
      changes.set(key, now)
    }
    changed.clear()
    if (changes.size > 0) world.onChange(changes)
  }
  return {
    changed: (key) => {
      if (ended) return
      changed.add(key)
      timer ??= world.timer(0, tell)
    },
    forget: (key) => {
      told.delete(key)
    },
    end: () => {
      ended = true
      timer?.stop()
    },
  }
}
