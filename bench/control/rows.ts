// SPDX-License-Identifier: Apache-2.0
// What was measured, as rows of named figures, each with every round's value. Pure.
import { summary } from '../statistics.js'
import type { Memory } from './process.js'
import type { Tally } from './traffic.js'

export type Unit = 'ms' | 'ms/s' | '%' | 'MiB' | 'packets' | 'entries' | 'ns'

export interface Figure {
  readonly unit: Unit
  /** one a round */
  readonly values: readonly number[]
}

export interface Row {
  /** 'reload/1000x10/weights' */
  readonly id: string
  readonly title: string
  readonly figures: Readonly<Record<string, Figure>>
}

export const MIB = 2 ** 20

export function figure(unit: Unit, ...values: readonly number[]): Figure {
  return { unit, values }
}

/** Packets of known flows that were not forwarded, or to another real server than before. */
export function disturbed({ lost, moved }: Tally): number {
  return lost + moved
}

export function packetFigures(tally: Tally): Row['figures'] {
  return {
    known: figure('packets', tally.known),
    disturbed: figure('packets', disturbed(tally)),
    new: figure('packets', tally.fresh),
    refused: figure('packets', tally.refused),
  }
}

/** What is mapped of the maps is the kernel's, and in the kernel's figure: the rest is what the daemon takes. */
export function memoryFigures({ resident, peak, mapped }: Memory): Row['figures'] {
  return {
    RSS: figure('MiB', (resident - mapped) / MIB),
    peak: figure('MiB', (peak - mapped) / MIB),
    'maps mapped': figure('MiB', mapped / MIB),
  }
}

export function figureText({ unit, values }: Figure): string {
  const { median, min } = summary(values)
  if (unit === 'packets' || unit === 'entries') return `${whole(median)}`
  const rest = values.length > 1 ? ` (${short(min)} to ${short(Math.max(...values))})` : ''
  return `${short(median)} ${unit}${rest}`
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en')
}

function short(value: number): string {
  return value >= 100 ? whole(value) : String(Number(value.toPrecision(3)))
}
