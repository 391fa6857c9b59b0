// SPDX-License-Identifier: Apache-2.0
// How much the metrics page says: from which level down, how many series at most, under whose names also.
import type { Range } from './rules.js'

/** Each says what the one before it says, and more. */
export const METRICS_LEVELS = ['interface', 'service', 'real'] as const
export type MetricsLevel = (typeof METRICS_LEVELS)[number]

/** Names of other exporters under which boards look for the same numbers. */
export const METRICS_NAMES = ['node_ipvs'] as const
export type MetricsNames = (typeof METRICS_NAMES)[number]

export interface MetricsView {
  /** 'real' unless told */
  readonly level?: MetricsLevel
  /** series on a page at most; DEFAULT_SERIES unless told */
  readonly series?: number
  readonly names?: readonly MetricsNames[]
}

export interface MetricsWish extends MetricsView {
  readonly host: string
  readonly port: number
}

/** Below the first, not even the daemon's own series would fit. */
export const SERIES: Range = [1_000, 10_000_000]
export const DEFAULT_SERIES = 200_000
