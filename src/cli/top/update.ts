// SPDX-License-Identifier: Apache-2.0
// What the screen's state becomes: after an answer of the daemon, after none, after a key. Pure.
import type { LatencyRow } from '../../api/contract-sight.js'
import type { ServiceKey } from '../../model/types.js'
import { KEPT_OF_REALS, NO_HISTORY, remember } from './history.js'
import type { Key } from './keys.js'
import { dropLines, realLines, type Sample, serviceLines, total } from './sample.js'
import { type Data, type Marks, type State, TOTAL } from './state.js'
import { steer } from './steer.js'

export type Input =
  | { readonly kind: 'sample'; readonly sample: Sample }
  | { readonly kind: 'lost'; readonly reason: string; readonly at: number }
  | { readonly kind: 'tick'; readonly at: number }
  | { readonly kind: 'page'; readonly lines: number }
  | { readonly kind: 'key'; readonly key: Key }

/** What the outside has to do after it. */
export type Effect = 'quit' | 'suspend' | 'redraw' | 'poll'

export interface Step {
  readonly state: State
  readonly effect?: Effect
}

export function update(state: State, input: Input): Step {
  switch (input.kind) {
    case 'sample':
      return { state: state.paused ? state : learn(state, input.sample) }
    case 'lost':
      return { state: { ...state, now: input.at, lost: lost(state, input) } }
    case 'tick':
      return { state: { ...state, now: input.at } }
    case 'page':
      return { state: { ...state, page: input.lines } }
    case 'key':
      return steer(state, input.key)
  }
}

function lost({ lost: already, data }: State, { reason, at }: { reason: string; at: number }) {
  return { since: already?.since ?? data?.sample.services.at ?? at, reason }
}

function learn(state: State, sample: Sample): State {
  const { lost: _, ...rest } = state
  const data = dataOf(sample, state.data?.sample, state.service)
  const again = state.realHistory.at.length > 0 && sample.reals?.of === state.data?.sample.reals?.of
  return {
    ...rest,
    data,
    now: sample.services.at,
    history: remember(state.history, sample.services.at, series(data)),
    ...(data.reals && sample.reals
      ? {
          realHistory: remember(
            again ? state.realHistory : NO_HISTORY,
            sample.reals.at,
            data.reals.map(({ key, speed }) => [key, speed.packets] as const),
            KEPT_OF_REALS,
          ),
          marks: marked(again ? state.marks : undefined, data, sample.reals.at),
        }
      : {}),
  }
}

/** An answer about another service than the one that is looked into by now is no answer. */
function dataOf(sample: Sample, before: Sample | undefined, service: ServiceKey | undefined): Data {
  const drops = dropLines(sample.drops, before?.drops)
  const services = serviceLines(sample, before, drops)
  const reals = sample.reals?.of === service && sample.reals ? realLines(sample, before) : undefined
  return {
    sample,
    total: total(services),
    dropRate: drops.reduce((sum, { rate, left }) => (left ? sum : sum + rate), 0),
    services,
    drops,
    ...(reals && { reals }),
  }
}

function* series({ total: all, dropRate, services, drops }: Data): Generator<readonly [string, number]> {
  yield [TOTAL.packets, all.packets]
  yield [TOTAL.bytes, all.bytes]
  yield [TOTAL.conns, all.conns]
  yield [TOTAL.drops, dropRate]
  for (const { key, speed, drops: rate } of services) {
    yield [key, speed.packets]
    yield [`${key} conns`, speed.conns]
    yield [`${key} drops`, rate]
  }
  for (const { key, rate } of drops) yield [`! ${key}`, rate]
}

/** How far back the older mark is, at least; at most twice as far. */
export const MARK_MS = 60_000

function marked(marks: Marks | undefined, { reals = [] }: Data, at: number): Marks {
  const now = (): ReadonlyMap<string, LatencyRow> =>
    new Map(reals.flatMap(({ key, row }) => (row.latency ? [[key, row.latency] as const] : [])))
  if (marks === undefined) {
    const first = now()
    return { at, older: first, newer: first }
  }
  return at - marks.at < MARK_MS ? marks : { at, older: marks.newer, newer: now() }
}
