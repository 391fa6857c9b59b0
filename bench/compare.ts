// SPDX-License-Identifier: Apache-2.0
// Do two runs say the same? Figure by figure, ratio by ratio, target by target: they do where their intervals overlap.
import { agree, type Interval } from './intervals.js'
import type { Report } from './results.js'

export const KINDS = ['target', 'ratio', 'ns'] as const
export type Kind = (typeof KINDS)[number]

export interface Compared {
  readonly kind: Kind
  /** which target, or case with program or what it is a multiple of */
  readonly what: string
  readonly a: Interval
  readonly b: Interval
  readonly agrees: boolean
}

export interface Comparison {
  readonly all: readonly Compared[]
  /** what only one of the runs has */
  readonly alone: readonly string[]
}

/** Of a hundred figures so many have to agree. */
export const WANTED = 0.95

export function compare(a: Report, b: Report): Comparison {
  const [one, other] = [figuresOf(a), figuresOf(b)]
  const all = [...one].flatMap(([what, { kind, interval }]): readonly Compared[] => {
    const match = other.get(what)?.interval
    if (!match) return []
    return [{ kind, what, a: interval, b: match, agrees: agree(interval, match) }]
  })
  const alone = [
    ...[...one.keys()].filter((what) => !other.has(what)),
    ...[...other.keys()].filter((what) => !one.has(what)),
  ]
  return { all, alone }
}

/** Nanoseconds move with the machine from one hour to the next, for all who are measured: runs agree by their ratios. */
export function judged(all: readonly Compared[]): readonly Compared[] {
  return all.filter(({ kind }) => kind !== 'ns')
}

export function shareOf(some: readonly Compared[]): number {
  return some.filter(({ agrees }) => agrees).length / some.length
}

interface Figure {
  readonly kind: Kind
  readonly interval: Interval
}

function figuresOf({ targets, rows }: Report): ReadonlyMap<string, Figure> {
  const figures = new Map<string, Figure>()
  for (const each of targets) figures.set(each.says, { kind: 'target', interval: each })
  for (const { id, ratios, cells } of rows) {
    for (const each of ratios) figures.set(`${id} × ${each.to}`, { kind: 'ratio', interval: each })
    for (const [name, each] of Object.entries(cells))
      figures.set(`${id} ${name}`, { kind: 'ns', interval: each })
  }
  return figures
}
