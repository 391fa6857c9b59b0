// SPDX-License-Identifier: Apache-2.0
// One director's choices with a state of its own: the planner's tables where there are tables, bpf/sched_score.h's and bpf/near.h's
// rules where loads decide. Every flow is an established connection. Pure but for the state that is its purpose.
import type { SchedulerName } from '../../src/model/types.js'
import type { Listed } from '../../src/plan/ops.js'
import { rrSequence, type Sequence, wrrSequence } from '../../src/plan/sequence.js'
import { sipHash13 } from '../../src/plan/siphash.js'
import { slotsOf } from '../../src/plan/table.js'
import { weigh } from '../../src/plan/walk.js'

/** For a new connection of this client (IPv4, as a number); 0: nobody. */
export type Choose = (client: number) => number

/** Numbers in [0, 1). */
export type Draw = () => number

/** Both halves of mh's key for flows, net/netfilter/ipvs/ip_vs_mh.c. */
const MH_KEY = 2654435761
const GOLDEN_RATIO_32 = 0x61c88647
/** The VIP that dh hashes. */
const VIP = 0xc000020a

export function scheduler(name: SchedulerName, list: readonly Listed[], draw: Draw): Choose {
  const slots = slotsOf(name, list)
  if (slots !== undefined) return (client) => slots[slotOf(name, client, slots.length)] ?? 0
  if (name === 'rr') return inTurn(picksOf(rrSequence(list)))
  if (name === 'wrr') return inTurn(picksOf(wrrSequence(list, weigh(list).step)))
  return byLoad(name, list, draw)
}

export function slotOf(name: SchedulerName, client: number, slots: number): number {
  if (name === 'mh') return sipHash13(client, MH_KEY) % slots
  return Math.imul(name === 'dh' ? VIP : client, GOLDEN_RATIO_32) >>> 24
}

function picksOf({ segments, ids }: Sequence): readonly number[] {
  const picks: number[] = []
  for (const { until, first, count } of segments)
    while (picks.length < Number(until)) picks.push(...ids.slice(first, first + count))
  return picks
}

function inTurn(picks: readonly number[]): Choose {
  let next = 0
  return () => (picks.length === 0 ? 0 : (picks[next++ % picks.length] ?? 0))
}

interface Loaded {
  readonly id: number
  readonly weight: number
  active: number
}

type Rule = (reals: readonly Loaded[], draw: Draw) => Loaded | undefined

/** Equal loads go to the earlier in the list. */
function least(reals: readonly Loaded[], load: (real: Loaded) => number): Loaded | undefined {
  let best = reals[0]
  for (const real of reals) if (best && load(real) < load(best)) best = real
  return best
}

const wlc: Rule = (reals) => least(reals, ({ active, weight }) => active / weight)
const sed: Rule = (reals) => least(reals, ({ active, weight }) => (active + 1) / weight)

/** 0..total inclusive, as IPVS draws. */
function drawn(reals: readonly Loaded[], draw: Draw): Loaded | undefined {
  const total = reals.reduce((sum, { weight }) => sum + weight, 0)
  const mark = Math.floor(draw() * (total + 1))
  let sum = 0
  return reals.find(({ weight }) => {
    sum += weight
    return mark <= sum
  })
}

const RULES: Readonly<Partial<Record<SchedulerName, () => Rule>>> = {
  lc: () => (reals) => least(reals, ({ active }) => active),
  wlc: () => wlc,
  sed: () => sed,
  nq: () => (reals, draw) => reals.find(({ active }) => active === 0) ?? sed(reals, draw),
  fo: () => (reals) => heaviestFirst(reals)[0],
  ovf: () => (reals) => heaviestFirst(reals).find(({ active, weight }) => active <= weight),
  twos: () => (reals, draw) => {
    const two = [drawn(reals, draw), drawn(reals, draw)].filter((real) => real !== undefined)
    return wlc(two, draw)
  },
  lblc: () => near(false),
  lblcr: () => near(true),
}

function heaviestFirst(reals: readonly Loaded[]): readonly Loaded[] {
  return [...reals].sort((a, b) => b.weight - a.weight)
}

/** One destination, the VIP: its real server, or the set of them (`grows`), until all of it is crowded. */
function near(grows: boolean): Rule {
  let known: readonly Loaded[] = []
  return (reals, draw) => {
    const usual = wlc([...known].reverse(), draw)
    if (usual && !crowded(usual, reals)) return usual
    const other = wlc(reals, draw)
    if (other) known = grows ? [...known.filter((real) => real !== other), other] : [other]
    return other
  }
}

function crowded(real: Loaded, reals: readonly Loaded[]): boolean {
  return real.active > real.weight && reals.some(({ active, weight }) => 2 * active < weight)
}

function byLoad(name: SchedulerName, list: readonly Listed[], draw: Draw): Choose {
  const rule = RULES[name]?.()
  if (!rule) throw new TypeError(`${name} chooses nobody`)
  const usable = list.filter(({ weight }) => weight > 0)
  const reals = usable.map(({ id, weight }): Loaded => ({ id, weight, active: 0 }))
  return () => {
    const real = rule(reals, draw)
    if (real) real.active++
    return real?.id ?? 0
  }
}
