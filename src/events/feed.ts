// SPDX-License-Identifier: Apache-2.0
// What those who look on get of events: the latest at once, and every later one as it happens. Session.events is one.
import type { EventRow } from '../api/contract-sight.js'
import type { ServiceKey } from '../model/types.js'

/** A change before it is told: the log gives it its number and moment. */
export type Happening = Omit<EventRow, 'id' | 'at'>

export interface EventFilter {
  /** ms since the epoch: then and later */
  readonly since?: number
  readonly service?: ServiceKey
  readonly kind?: string
}

export interface Events {
  /** Oldest first: the last RECENT that are kept at hand, those of before a restart too. */
  recent(filter?: EventFilter): readonly EventRow[]
  /**
   * Told of every later event that fits, in order, while it happens: the listener must not wait for anything. The answer
   * ends it. A listener that throws is let go.
   */
  follow(filter: EventFilter, onEvent: (event: EventRow) => void): () => void
}

/** How many events `recent` has at most. */
export const RECENT = 1_000

export function fits({ since, service, kind }: EventFilter, event: EventRow): boolean {
  return (
    (since === undefined || event.at >= since) &&
    (service === undefined || event.service === service) &&
    (kind === undefined || event.kind === kind)
  )
}
