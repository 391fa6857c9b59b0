// SPDX-License-Identifier: Apache-2.0
// Puts the only connection of a rig into a state, as if packets had: counts too.
import { expect } from 'vitest'
import { ConnBits, Load_OFFSETS, Load_SIZE } from '../../src/abi/generated.js'
import { isActive, type Way, ways } from './census.js'
import type { Rig } from './rig.js'

export function only(rig: Rig): Way {
  const all = ways(rig)
  expect(all).toHaveLength(1)
  return all[0] as Way
}

/** `state`: enum xlvs_state. */
export function forceState(rig: Rig, state: number): void {
  const { table, at, word, real } = only(rig)
  const mask = ((1n << BigInt(ConnBits.CONN_STATE_BITS)) - 1n) << BigInt(ConnBits.CONN_STATE_SHIFT)
  rig
    .memory(table)
    .setBigUint64(at, (word & ~mask) | (BigInt(state) << BigInt(ConnBits.CONN_STATE_SHIFT)), true)
  const active = isActive(state) ? 1 : 0
  rig.memory('loads').setUint32(real * Load_SIZE + Load_OFFSETS.active, active, true)
  rig.memory('loads').setUint32(real * Load_SIZE + Load_OFFSETS.inactive, 1 - active, true)
}
