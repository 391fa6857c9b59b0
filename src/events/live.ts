// SPDX-License-Identifier: Apache-2.0
// The events of a moment ago, at hand, and those who are told of the next ones.
import type { EventRow } from '../api/contract-sight.js'
import { type EventFilter, type Events, fits, RECENT } from './feed.js'

export interface Live extends Events {
  /** It has happened: kept at hand, and told. */
  push(event: EventRow): void
}

/** `before`: what happened before the start, oldest first. */
export function createLive(before: readonly EventRow[] = []): Live {
  const ring = before.slice(-RECENT)
  const followers = new Set<Follower>()
  return {
    recent: (filter = {}) => ring.filter((event) => fits(filter, event)),
    follow: (filter, onEvent) => {
      const follower = { filter, onEvent }
      followers.add(follower)
      return () => void followers.delete(follower)
    },
    push: (event) => {
      ring.push(event)
      if (ring.length > RECENT) ring.shift()
      for (const follower of [...followers])
        if (fits(follower.filter, event) && !heard(follower, event)) followers.delete(follower)
    },
  }
}

interface Follower {
  readonly filter: EventFilter
  readonly onEvent: (event: EventRow) => void
}

function heard({ onEvent }: Follower, event: EventRow): boolean {
  try {
    onEvent(event)
    return true
  } catch {
    return false
  }
}
