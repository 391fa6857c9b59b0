// SPDX-License-Identifier: Apache-2.0
// Scheduler flags in the words of `ipvsadm -b`: sh and mh give the first two names of their own, every scheduler
// takes the bare numbers.
import { fail, oneOf, quote, succeed } from './describe.js'
import { type Fault, kindOf, problem } from './rules.js'
import type { Outcome, Problem, SchedulerFlag, SchedulerName } from './types.js'

const NUMBERS: readonly SchedulerFlag[] = [1, 2, 3]
const NAMED: Readonly<Record<string, readonly [SchedulerName, SchedulerFlag]>> = {
  'sh-fallback': ['sh', 1],
  'sh-port': ['sh', 2],
  'mh-fallback': ['mh', 1],
  'mh-port': ['mh', 2],
}

export const FLAG_WORDS: readonly string[] = [...Object.keys(NAMED), ...NUMBERS.map((n) => `flag-${n}`)]

/** ['sh-fallback', 'flag-3'] */
export function flagWords(scheduler: SchedulerName, flags: readonly SchedulerFlag[] = []): readonly string[] {
  const own = Object.entries(NAMED).filter(([, [of]]) => of === scheduler)
  return flags.map((flag) => own.find(([, [, number]]) => number === flag)?.[0] ?? `flag-${flag}`)
}

/** 'sh-port,sh-fallback', 'flag-1' */
export function parseFlags(
  text: string,
  scheduler: SchedulerName,
  subject?: string,
): Outcome<readonly SchedulerFlag[]> {
  const flags: SchedulerFlag[] = []
  const problems: Problem[] = []
  for (const word of text.split(',').map((item) => item.trim())) {
    const wrong = flagWordFault(word) ?? flagFitFault(word, scheduler)
    if (wrong) problems.push(problem(wrong, subject))
    else flags.push(flagNumber(word))
  }
  return problems.length > 0 ? fail(...problems) : succeed(canonicalFlags(flags))
}

/** The number of a word that flagWordFault finds right. */
export function flagNumber(word: string): SchedulerFlag {
  return NAMED[word]?.[1] ?? (Number(word.slice('flag-'.length)) as SchedulerFlag)
}

export function flagWordFault(word: string): Fault | undefined {
  if (FLAG_WORDS.includes(word)) return undefined
  return { reason: `unknown scheduler flag ${quote(word)}`, fix: `use ${oneOf(FLAG_WORDS)}` }
}

/** The names of one scheduler mean nothing to another. */
export function flagFitFault(word: string, scheduler: SchedulerName): Fault | undefined {
  const owner = NAMED[word]?.[0]
  if (owner === undefined || owner === scheduler) return undefined
  return {
    reason: `flag ${word} is not for scheduler ${scheduler}`,
    fix: `use scheduler ${owner}, or leave the flag out`,
  }
}

/** Ascending, none twice. */
export function canonicalFlags(flags: readonly SchedulerFlag[]): readonly SchedulerFlag[] {
  return [...new Set(flags)].sort((a, b) => a - b)
}

/** Flags that some program made. */
export function flagsFault(flags: unknown): Fault | undefined {
  const fix = 'use 1, 2 or 3, ascending and each once'
  if (!Array.isArray(flags)) return { reason: `scheduler flags are ${kindOf(flags)}`, fix }
  const strange = flags.find((flag) => !NUMBERS.includes(flag))
  if (strange !== undefined) return { reason: `scheduler flag is ${kindOf(strange)}`, fix }
  const whole = flags.length > 0 && canonicalFlags(flags).join() === flags.join()
  return whole ? undefined : { reason: 'scheduler flags are not canonical', fix }
}
