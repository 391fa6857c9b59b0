// SPDX-License-Identifier: Apache-2.0
// Faults with the path where they stand, so that a file can turn it into line and column and everyone else into words.
import type { Fault } from './rules.js'
import type { Problem } from './types.js'

export type Path = readonly (string | number)[]

export interface Finding extends Fault {
  readonly path: Path
  /** where the same thing stands for the first time */
  readonly first?: Path
}

/** 'services[0].reals[1].weight' */
export function pathText(path: Path): string {
  return path
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`))
    .join('')
}

export function located(path: Path, fault: Fault | undefined): Finding[] {
  return fault === undefined ? [] : [{ path, ...fault }]
}

/** The path as the subject. */
export function unlocated({ path, first: _, ...fault }: Finding): Problem {
  return { ...fault, subject: pathText(path) }
}

/** What is listed more than once. */
export function twice(
  names: readonly (string | undefined)[],
  path: (i: number) => Path,
  word: string,
): Finding[] {
  const seen = new Map<string, number>()
  const found: Finding[] = []
  for (const [i, name] of names.entries()) {
    if (name === undefined) continue
    const first = seen.get(name)
    if (first === undefined) seen.set(name, i)
    else {
      const reason = `${word} ${name} is listed twice`
      found.push({ path: path(i), first: path(first), reason, fix: 'keep one of them' })
    }
  }
  return found
}
