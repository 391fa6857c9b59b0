// SPDX-License-Identifier: Apache-2.0
// While the last flows are carried over, no new ones begin in the old tables: a flow whose second packet meets the new
// program before its first is in the new table would be lost. The version before has a way to be told so: drop_packet.
import type { Handles } from '../maps.js'
import { store32 } from '../maps.js'
import type { Description } from './describe.js'
import { settingAt } from './places.js'

/**
 * Drops every packet that would open a flow, for as long as the last look at the tables takes: milliseconds. What asks
 * for a connection then asks again. Answers how to go on as before; `rate` instead, when given.
 */
export function hold({ settings }: Partial<Handles>, layout: Description, rate?: number): () => void {
  const [at, counter] = [settingAt(layout, 'drop_rate'), settingAt(layout, 'drop_counter')]
  if (settings === undefined || at === undefined || counter === undefined) return () => {}
  const view = new DataView(settings.mmap({ writable: true }))
  const before = rate ?? view.getUint32(at, true)
  if (rate === undefined) {
    store32(view, counter, 0)
    store32(view, at, 1)
  }
  return () => store32(view, at, before)
}
