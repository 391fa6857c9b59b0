// SPDX-License-Identifier: Apache-2.0
// A result as the figures that a baseline holds: each under a name, ratios included.
import type { Baseline, Figures } from './compare.js'
import type { Measured } from './figures.js'
import type { Result } from './measure.js'

type Place = readonly [id: string, program: Measured]

const hit = (program: Measured): Place => ['hit/v4/tcp/1', program]
const RATIOS: readonly (readonly [name: string, a: Place, b: Place])[] = [
  ['less is better/hit: xlvs to floor', hit('xlvs'), hit('floor')],
  ['more is better/hit: control to xlvs', hit('control'), hit('xlvs')],
  ['less is better/hit: IPv6 to IPv4', ['hit/v6/tcp/1', 'xlvs'], hit('xlvs')],
  ['less is better/new flow, wrr: xlvs to control', ['new/wrr', 'xlvs'], ['new/wrr', 'control']],
  ['less is better/new flow, mh: xlvs to control', ['new/mh', 'xlvs'], ['new/mh', 'control']],
  ['less is better/not for a VIP: xlvs to an empty parse', ['miss', 'xlvs'], ['miss', 'parsed']],
]

export function baselineOf(result: Result): Baseline {
  const { kernel, compiler, rows, perReal, programs, maps } = result
  const find = ([id, program]: Place) => rows.find((row) => row.id === id)?.cells[program]
  const figures: Record<string, number> = {}
  for (const { id, cells } of rows)
    for (const [program, figure] of Object.entries(cells)) figures[`instructions/${id} ${program}`] = figure
  for (const { scheduler, instructions } of perReal)
    figures[`instructions/per real server, ${scheduler}`] = instructions
  for (const { program, verified, translated, jited } of programs) {
    figures[`verified/${program}`] = verified
    figures[`translated/${program}`] = translated
    figures[`jited/${program}`] = jited
  }
  for (const { map, bytes } of maps) figures[`bytes/${map}`] = bytes
  for (const [name, a, b] of RATIOS) {
    const [one, other] = [find(a), find(b)]
    if (one !== undefined && other !== undefined) figures[name] = Math.round((one / other) * 1000) / 1000
  }
  return { kernel, compiler, figures }
}

/** Throws an Error of one sentence when it is no baseline. */
export function parseBaseline(text: string, path: string): Baseline {
  try {
    const { kernel, compiler, figures } = JSON.parse(text) as Baseline
    const numbers = Object.values(figures as Figures)
    if (typeof kernel === 'string' && typeof compiler === 'string' && numbers.every(Number.isFinite))
      return { kernel, compiler, figures }
  } catch {
    // said below
  }
  throw new Error(`${path} is no baseline: write it anew with make bench-check ARGS=--take`)
}
