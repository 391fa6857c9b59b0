// SPDX-License-Identifier: Apache-2.0
// Plain values of a file as what they should be, or nothing: the schema says what is wrong with them.
import type { Outcome } from '../model/types.js'

/** Like T, but what was wrong is missing. */
export type Draft<T> = { readonly [K in keyof T]?: T[K] | undefined }
export type Values = Readonly<Record<string, unknown>>

export function given<T>(outcome: Outcome<T>): T | undefined {
  return outcome.ok ? outcome.value : undefined
}

export function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function values(value: unknown): Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Values) : {}
}

export function knownWord(value: unknown, known: readonly string[]): string | undefined {
  return known.find((word) => word === value)
}

export function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}
