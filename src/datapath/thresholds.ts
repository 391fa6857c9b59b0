// SPDX-License-Identifier: Apache-2.0
// Flags of real servers, thresholds' and drains': packets set and clear OVERLOADED at the same time, so that every
// change here is atomic, too.
import { Real_OFFSETS, Real_SIZE, RealFlag } from '../abi/generated.js'
import type { DrainStage } from '../model/types.js'
import { and32, type Maps, or32 } from './maps.js'

const { REAL_OVERLOADED, REAL_DRAINED, REAL_MOVING, REAL_RESET } = RealFlag
const FLAGS = Real_OFFSETS.flags

export interface Thresholds {
  /** connections, 0 = none */
  readonly upper: number
  readonly lower: number
}

/**
 * What becomes of the flag when thresholds change, as new kernels decide it; undefined: it stays.
 * `connections`: active and inactive.
 */
export function overload({ upper, lower }: Thresholds, connections: number): boolean | undefined {
  if (upper !== 0 && connections >= upper) return true
  const enough = lower !== 0 ? lower : upper - Math.floor(upper / 4)
  return upper === 0 || connections < enough ? false : undefined
}

export function setFlag(maps: Maps, id: number, flag: number, on: boolean): void {
  const at = id * Real_SIZE + FLAGS
  if (on) or32(maps.reals, at, flag)
  else and32(maps.reals, at, ~flag)
}

export function hasFlag(maps: Maps, id: number, flag: number): boolean {
  return (maps.reals.getUint32(id * Real_SIZE + FLAGS, true) & flag) !== 0
}

/** Flags of each stage; a drain that is over is still one. */
const DRAIN_FLAGS: Readonly<Record<DrainStage, number>> = {
  soft: REAL_DRAINED,
  move: REAL_DRAINED | REAL_MOVING,
  reset: REAL_DRAINED | REAL_RESET,
}

export function setDrain(maps: Maps, id: number, stage: DrainStage | undefined): void {
  const wanted = stage === undefined ? 0 : DRAIN_FLAGS[stage]
  or32(maps.reals, id * Real_SIZE + FLAGS, wanted)
  and32(maps.reals, id * Real_SIZE + FLAGS, wanted | ~(REAL_DRAINED | REAL_MOVING | REAL_RESET))
}

export function drainStage(maps: Maps, id: number): DrainStage | undefined {
  if (hasFlag(maps, id, REAL_RESET)) return 'reset'
  if (hasFlag(maps, id, REAL_MOVING)) return 'move'
  return hasFlag(maps, id, REAL_DRAINED) ? 'soft' : undefined
}

export function thresholdsOf(maps: Maps, id: number): Thresholds {
  const at = id * Real_SIZE
  return {
    upper: maps.reals.getUint32(at + Real_OFFSETS.upper, true),
    lower: maps.reals.getUint32(at + Real_OFFSETS.lower, true),
  }
}

/** By the thresholds in the map. Twice: a packet may have crossed one between the look and the store. */
export function judgeOverload(maps: Maps, id: number): void {
  for (let look = 0; look < 2; look++) {
    const verdict = overload(thresholdsOf(maps, id), connectionsOf(maps, id))
    if (verdict !== undefined) setFlag(maps, id, REAL_OVERLOADED, verdict)
  }
}

/** Active and inactive. */
export function connectionsOf(maps: Maps, id: number): number {
  return maps.loads.getUint32(id * 8, true) + maps.loads.getUint32(id * 8 + 4, true)
}
