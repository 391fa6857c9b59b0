// SPDX-License-Identifier: Apache-2.0
// All translated maps of a set: filled once, then brought up to date as often as asked, until nobody writes the old ones.
import type { Layout } from 'libbpf-ts'
import type { Handles, MapName } from '../maps.js'
import { addTo, copyArray, type Memory, memoryOf, Sums } from './arrays.js'
import type { Description } from './describe.js'
import { carryEntries } from './entries.js'
import { CONN, TEMPLATE, type WordMeaning } from './flows.js'
import type { Plan, Translated } from './plan.js'
import { Ways, weightsIn } from './ways.js'

/** How a map is brought over: by who writes it. */
type Manner = 'copied' | 'sums' | 'ways' | 'entries' | 'left'

const MANNER: Readonly<Record<MapName, Manner>> = {
  ifaces: 'copied',
  vips: 'copied',
  reals: 'copied',
  nexthops: 'copied',
  services: 'copied',
  tables: 'copied',
  conns4: 'ways',
  conns6: 'ways',
  templates: 'ways',
  loads: 'sums',
  persistents: 'sums',
  verdicts: 'sums',
  real_stats: 'sums',
  totals: 'sums',
  service_reasons: 'sums',
  latencies: 'sums',
  real_info: 'copied',
  service_info: 'copied',
  tx_ports: 'entries',
  overflow: 'copied',
  frags: 'entries',
  near: 'entries',
  handshakes: 'copied',
  tokens: 'copied',
  peers: 'entries',
  trace_filter: 'copied',
  trace_log: 'left',
  settings: 'copied',
}

type Tabled = 'conns4' | 'conns6' | 'templates'
const MEANING: Readonly<Record<Tabled, WordMeaning>> = { conns4: CONN, conns6: CONN, templates: TEMPLATE }
const COUNTED: Readonly<Record<Tabled, 'loads' | 'persistents'>> = {
  conns4: 'loads',
  conns6: 'loads',
  templates: 'persistents',
}

/** Maps that flows are in: nobody may begin one while the last of them are carried over. */
export const FLOWS: readonly MapName[] = ['conns4', 'conns6', 'templates']

export interface Sets {
  readonly old: Readonly<Partial<Handles>>
  readonly now: Handles
  readonly plan: Plan
  readonly description: Description
}

/**
 * Fills the new maps, unless `begun`: a controller that has died had done so. The answer brings them up to date. What
 * was `begun` and left makes it unknown what the sums miss, so they are left as they are.
 */
export function carrier(sets: Sets, begun: boolean): () => void {
  const again: (() => void)[] = []
  const each = (manner: Manner, act: (name: MapName, fate: Translated) => void) => {
    for (const [name, fate] of Object.entries(sets.plan.maps) as [MapName, Plan['maps'][MapName]][])
      if (fate.fate === 'translated' && MANNER[name] === manner) act(name, fate)
  }
  // before the flows: what is put right about them goes into the new sums
  if (!begun) {
    each('copied', (name, { value }) =>
      copyArray(oldMemory(sets, name), memoryOf(sets.now[name], true), value),
    )
    each('sums', (name, { value }) => {
      const sums = new Sums(oldMemory(sets, name), memoryOf(sets.now[name], true), value)
      again.push(() => sums.carry())
    })
  }
  each('ways', (name, fate) => {
    const ways = waysOf(sets, name as Tabled, fate, begun)
    again.push(() => ways.carry())
  })
  each('entries', (name, fate) => {
    const old = sets.old[name]
    if (old === undefined) return
    const carry = () => carryEntries(old, sets.now[name], fate)
    carry()
    again.push(carry)
  })
  return () => {
    for (const carry of again) carry()
  }
}

/** What real servers count becomes what is in the tables. */
export function recount({ now, description }: Sets): void {
  const tables = Object.keys(MEANING) as Tabled[]
  for (const counted of ['loads', 'persistents'] as const) {
    const sums = new Map<number, bigint>()
    for (const name of tables.filter((each) => COUNTED[each] === counted)) {
      const weights = weightsIn(memoryOf(now[name]), valueIn(description, name), MEANING[name])
      for (const [real, weight] of weights) sums.set(real, (sums.get(real) ?? 0n) + weight)
    }
    const { memory, add } = counter(now, counted)
    const view = new DataView(memory.bytes.buffer)
    const bytes = counted === 'loads' ? 8 : 4
    for (let real = 1; real < memory.count; real++) {
      const at = real * memory.stride
      const there = bytes === 8 ? view.getBigUint64(at, true) : BigInt(view.getUint32(at, true))
      if (there !== (sums.get(real) ?? 0n)) add(real, (sums.get(real) ?? 0n) - there)
    }
  }
}

function waysOf(sets: Sets, name: Tabled, fate: Translated, begun: boolean): Ways {
  const { add } = counter(sets.now, COUNTED[name])
  return new Ways(
    {
      from: oldMemory(sets, name),
      to: memoryOf(sets.now[name], true),
      before: fate.before.value as Layout,
      now: fate.now.value as Layout,
      meaning: MEANING[name],
      word: sets.plan.words[name],
      // who does not know what was counted before counts anew at the end
      count: begun ? () => {} : add,
    },
    !begun,
  )
}

/** xlvs_load's two halves are one word, at its start. */
function counter(now: Handles, name: 'loads' | 'persistents') {
  const memory = memoryOf(now[name], true)
  const bytes = name === 'loads' ? 8 : 4
  return {
    memory,
    add: (real: number, delta: bigint) => {
      if (real < memory.count && delta !== 0n) addTo(memory.bytes, real * memory.stride, bytes, delta)
    },
  }
}

function oldMemory({ old }: Sets, name: MapName): Memory {
  const map = old[name]
  if (map === undefined) throw new Error(`${name} is translated from nothing`)
  return memoryOf(map)
}

function valueIn({ maps }: Description, name: MapName): Layout {
  return maps[name]?.value as Layout
}
