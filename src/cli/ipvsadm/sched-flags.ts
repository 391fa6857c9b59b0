// SPDX-License-Identifier: Apache-2.0
// The words of -b and their numbers: sh and mh have names for two of the three, other schedulers count them. Pure.
import type { SchedulerFlag } from '../../model/types.js'
import { type Failure, wrong } from './failure.js'

const NAMED: Readonly<Record<string, readonly string[]>> = {
  sh: ['sh-fallback', 'sh-port'],
  mh: ['mh-fallback', 'mh-port'],
}
const COUNTED: readonly string[] = ['flag-1', 'flag-2', 'flag-3']

export type Flags = { readonly flags: readonly SchedulerFlag[] } | { readonly fault: Failure }

/** `scheduler` as it was given: a name that goes without saying does not make a flag fit. */
export function readFlags(text: string, scheduler: string): Flags {
  const flags = new Set<SchedulerFlag>()
  for (const word of text.split(',').filter(Boolean)) {
    const of = Object.keys(NAMED).find((name) => NAMED[name]?.includes(word))
    if (of !== undefined && of !== scheduler)
      return { fault: wrong(`incompatible scheduler flag \`${word}'`) }
    const at = (of === undefined ? COUNTED : (NAMED[of] ?? [])).indexOf(word)
    if (at < 0) return { fault: wrong(`invalid scheduler flag \`${word}'`) }
    flags.add((at + 1) as SchedulerFlag)
  }
  return { flags: [...flags].sort() }
}

/** Where flags have names, a flag that has none is not shown. */
export function writeFlags(flags: readonly SchedulerFlag[], scheduler: string): string {
  const words = NAMED[scheduler] ?? COUNTED
  return flags.flatMap((flag) => words[flag - 1] ?? []).join(',')
}
