// SPDX-License-Identifier: Apache-2.0
// The datapath's look at unanswered SYNs: what each real server that is watched counted since the last look.
import type { Datapath, Handshakes } from '../datapath/types.js'
import { realKey } from '../model/keys.js'
import type { RealKey } from '../model/types.js'

export interface Watch {
  /** who is watched from now on */
  set(reals: ReadonlySet<RealKey>): void
  /** the maps have changed: real servers may have other numbers inside */
  moved(): void
  /** undefined: nobody is watched */
  look(): ReadonlyMap<RealKey, Handshakes> | undefined
}

/** Five times a second. */
export const LOOK_MS = 200
/** More than a fifth of a second can have: the counter began anew. */
const TOO_MANY = 2 ** 31

interface Seen extends Handshakes {
  readonly id: number
}

export function createWatch(datapath: Datapath): Watch {
  let reals: ReadonlySet<RealKey> = new Set()
  let ids: ReadonlyMap<RealKey, number> | undefined
  let last = new Map<RealKey, Seen>()
  return {
    set: (wanted) => {
      reals = wanted
      ids = undefined
    },
    moved: () => {
      ids = undefined
    },
    look: () => {
      if (reals.size === 0) return undefined
      ids ??= idsOf(datapath, reals)
      const now = new Map<RealKey, Seen>()
      for (const [key, id] of ids) now.set(key, { id, ...datapath.handshakes(id) })
      const counts = new Map([...now].map(([key, seen]) => [key, since(last.get(key), seen)] as const))
      last = now
      return counts
    },
  }
}

function since(before: Seen | undefined, now: Seen): Handshakes {
  if (before?.id !== now.id) return { retries: 0, handshakes: 0 }
  return {
    retries: difference(before.retries, now.retries),
    handshakes: difference(before.handshakes, now.handshakes),
  }
}

/** Modulo 2^32, as they are counted. */
function difference(before: number, now: number): number {
  const passed = (now - before) >>> 0
  return passed < TOO_MANY ? passed : 0
}

function idsOf(datapath: Datapath, wanted: ReadonlySet<RealKey>): ReadonlyMap<RealKey, number> {
  const ids = new Map<RealKey, number>()
  for (const { key, match, reals } of datapath.actual().services.values())
    for (const real of reals) {
      const name = realKey(key, match.mark === undefined ? real.address : real)
      if (wanted.has(name)) ids.set(name, real.id)
    }
  return ids
}
