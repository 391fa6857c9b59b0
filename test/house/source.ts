// SPDX-License-Identifier: Apache-2.0
// A tracked file as the house's rules see it, and what they find: one sentence that begins with the place.
export interface Source {
  /** from the root of the repository */
  readonly path: string
  readonly text: string
}

export type Fault = string

/** Where in a text an offset is, counted from 1. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

export function linesOf(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
}
