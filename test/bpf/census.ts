// SPDX-License-Identifier: Apache-2.0
// Counts the tables by looking at every way, and compares with the counters that the datapath keeps.
import {
  Conn4_SIZE,
  Conn6_SIZE,
  ConnBits,
  Load_OFFSETS,
  Load_SIZE,
  Real_OFFSETS,
  Real_SIZE,
  RealFlag,
  State,
  Template_OFFSETS,
  Template_SIZE,
  TemplateBits,
  TemplateControl,
} from '../../src/abi/generated.js'
import type { Rig } from './rig.js'

/** One way of a connection table. */
export interface Way {
  readonly table: 'conns4' | 'conns6'
  /** of the data word */
  readonly at: number
  readonly word: bigint
  readonly real: number
  readonly state: number
  readonly stamp: number
  readonly controlled: boolean
}

export interface Census {
  readonly active: number
  readonly inactive: number
  readonly persistent: number
}

const ACTIVE: readonly number[] = [
  State.TCP_ESTABLISHED,
  State.TCP_SYN_SENT,
  State.TCP_SYN_RECV,
  State.TCP_SYNACK,
  State.SCTP_ESTABLISHED,
]
export const isActive = (state: number) => ACTIVE.includes(state)
const field = (word: bigint, shift: number, bits: number) =>
  Number((word >> BigInt(shift)) & ((1n << BigInt(bits)) - 1n))

export function wayOf(table: Way['table'], at: number, word: bigint): Way {
  return {
    table,
    at,
    word,
    real: field(word, ConnBits.CONN_REAL_SHIFT, ConnBits.CONN_REAL_BITS),
    state: field(word, ConnBits.CONN_STATE_SHIFT, ConnBits.CONN_STATE_BITS),
    stamp: field(word, ConnBits.CONN_STAMP_SHIFT, ConnBits.CONN_STAMP_BITS),
    controlled: field(word, ConnBits.CONN_CONTROLLED_SHIFT, 1) === 1,
  }
}

/** Every way in use, expired or not. */
export function ways(rig: Rig): Way[] {
  const found: Way[] = []
  for (const [table, bytes] of [
    ['conns4', Conn4_SIZE],
    ['conns6', Conn6_SIZE],
  ] as const) {
    const view = rig.memory(table)
    for (let at = bytes - 8; at < view.byteLength; at += bytes) {
      const word = view.getBigUint64(at, true)
      if (word !== 0n) found.push(wayOf(table, at, word))
    }
  }
  return found
}

interface Held {
  readonly real: number
  readonly controls: number
}

export function templatesHeld(rig: Rig): Held[] {
  const view = rig.memory('templates')
  const found: Held[] = []
  for (let at = 0; at + Template_SIZE <= view.byteLength; at += Template_SIZE) {
    const word = view.getBigUint64(at + Template_OFFSETS.data, true)
    const control = view.getUint32(at + Template_OFFSETS.control, true)
    if (word === 0n) continue
    found.push({
      real: field(word, TemplateBits.TEMPLATE_REAL_SHIFT, TemplateBits.TEMPLATE_REAL_BITS),
      controls: control & TemplateControl.TEMPLATE_COUNT_MASK,
    })
  }
  return found
}

/** By real id, only where there is something: what is in the tables. */
export function census(rig: Rig): Record<number, Census> {
  const counted = new Map<number, { active: number; inactive: number; persistent: number }>()
  const row = (real: number) => {
    const known = counted.get(real) ?? { active: 0, inactive: 0, persistent: 0 }
    counted.set(real, known)
    return known
  }
  for (const { real, state } of ways(rig)) row(real)[isActive(state) ? 'active' : 'inactive']++
  for (const { real } of templatesHeld(rig)) row(real).persistent++
  return Object.fromEntries(counted)
}

/** By real id, only where there is something: what the datapath believes. */
export function counters(rig: Rig): Record<number, Census> {
  const [loads, persistents] = [rig.memory('loads'), rig.memory('persistents')]
  const stride = persistents.byteLength / (loads.byteLength / Load_SIZE)
  const counted: Record<number, Census> = {}
  for (let real = 0; (real + 1) * Load_SIZE <= loads.byteLength; real++) {
    const row = {
      active: loads.getInt32(real * Load_SIZE + Load_OFFSETS.active, true),
      inactive: loads.getInt32(real * Load_SIZE + Load_OFFSETS.inactive, true),
      persistent: persistents.getInt32(real * stride, true),
    }
    if (row.active !== 0 || row.inactive !== 0 || row.persistent !== 0) counted[real] = row
  }
  return counted
}

/** Connections that templates believe to control, and connections that say so. */
export function controls(rig: Rig): { readonly counted: number; readonly actual: number } {
  return {
    counted: templatesHeld(rig).reduce((sum, { controls }) => sum + controls, 0),
    actual: ways(rig).filter(({ controlled }) => controlled).length,
  }
}

/** By real id: overloaded although far from its threshold, or beyond it and not overloaded. */
export function misjudged(rig: Rig): string[] {
  const [reals, counted] = [rig.memory('reals'), census(rig)]
  const wrong: string[] = []
  for (let id = 0; (id + 1) * Real_SIZE <= reals.byteLength; id++) {
    const field = (offset: number) => reals.getUint32(id * Real_SIZE + offset, true)
    const [upper, lower] = [field(Real_OFFSETS.upper), field(Real_OFFSETS.lower)]
    const { active, inactive } = counted[id] ?? { active: 0, inactive: 0 }
    const overloaded = (field(Real_OFFSETS.flags) & RealFlag.REAL_OVERLOADED) !== 0
    const free = upper === 0 || active + inactive < (lower || upper - Math.floor(upper / 4))
    const full = upper !== 0 && active + inactive >= upper
    if ((overloaded && free) || (!overloaded && full)) wrong.push(`${id}: ${active + inactive} of ${upper}`)
  }
  return wrong
}
