// SPDX-License-Identifier: Apache-2.0
// All events, in the order in which they happen. Each leaves the director as it found it, but for a real server that
// one adds, another quiesces beside and a third removes, and for the last two: nobody goes back from a later version.
import type { Event } from './event.js'
import { FAIL } from './fail.js'
import { KILL, KILL_IN_RELOAD, RESTART } from './kill.js'
import { LAYOUT, LAYOUT_OF_FLOWS } from './layout.js'
import { ADD, DRAIN, REMOVE, REWEIGH } from './reals.js'
import { RELOAD } from './reload.js'
import { SECOND_INTERFACE } from './second-interface.js'
import { UPGRADE } from './upgrade.js'

export const EVENTS: readonly Event[] = [
  KILL,
  RESTART,
  UPGRADE,
  RELOAD,
  KILL_IN_RELOAD,
  ADD,
  REWEIGH,
  DRAIN,
  REMOVE,
  FAIL,
  SECOND_INTERFACE,
  LAYOUT,
  LAYOUT_OF_FLOWS,
]

/** Those of a short run. */
export const SHORT_EVENTS: readonly Event[] = [KILL, UPGRADE, RELOAD, KILL_IN_RELOAD, FAIL, SECOND_INTERFACE]
