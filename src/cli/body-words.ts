// SPDX-License-Identifier: Apache-2.0
// Options that say what a service does and what a real server may take: the same for add and set.
import type { Command } from 'commander'
import { fail, oneOf, succeed } from '../model/describe.js'
import { FLAG_WORDS } from '../model/flags.js'
import { SCHEDULERS } from '../model/rules.js'
import type { Outcome, SchedulerFlag, SchedulerName } from '../model/types.js'
import { parseFlags, parseName, parseScheduler, parseThreshold, parseWeight } from '../model/words.js'
import { given, maybe } from './service-words.js'

export interface BodyOptions {
  readonly scheduler?: string
  readonly schedulerFlags?: string
  readonly persistence?: string
  readonly onePacket?: boolean
  readonly name?: string
}

export interface RealOptions {
  readonly weight?: string
  readonly upper?: string
  readonly lower?: string
  readonly name?: string
}

export const SCHEDULER_LIST = oneOf(SCHEDULERS)
export const FLAG_LIST = oneOf(FLAG_WORDS)

export function realOptions(command: Command, defaults: { readonly weight?: string } = {}): Command {
  const { weight = '' } = defaults
  return command
    .option('--weight <n>', `0..2147483647, 0 = no new connections${weight}`)
    .option('--upper <n>', 'connections at which it gets no new ones, 0 = no limit')
    .option('--lower <n>', 'connections below which it gets new ones again, 0 = three quarters of --upper')
    .option('--name <name>', 'a name for people')
}

/** The parts of a real server that are given. */
export function realBody({ weight, upper, lower, name }: RealOptions) {
  const words = {
    weight: maybe(weight, (text) => parseWeight(text, '--weight')),
    upper: maybe(upper, (text) => parseThreshold(text, '--upper')),
    lower: maybe(lower, (text) => parseThreshold(text, '--lower')),
    name: maybe(name, (text) => parseName(text, '--name')),
  }
  const { weight: w, upper: u, lower: l, name: n } = words
  if (!w.ok || !u.ok || !l.ok || !n.ok) return fail(...problemsOf(Object.values(words)))
  return succeed({
    ...given('weight', w.value),
    ...given('upper', u.value),
    ...given('lower', l.value),
    ...given('name', n.value),
  })
}

export interface SchedulerWords {
  readonly scheduler?: SchedulerName
  readonly flags?: readonly SchedulerFlag[]
}

/** Flags have names of their own with sh and mh, so those need the scheduler beside them. */
export function schedulerWords(options: BodyOptions, standard?: SchedulerName): Outcome<SchedulerWords> {
  const scheduler = maybe(options.scheduler, (text) => parseScheduler(text, '--scheduler'))
  if (!scheduler.ok) return scheduler
  const text = options.schedulerFlags
  if (text === undefined) return succeed(given('scheduler', scheduler.value))
  if (text === 'none') return succeed({ ...given('scheduler', scheduler.value), flags: [] })
  const of = scheduler.value ?? standard
  if (of === undefined && /(sh|mh)-/.test(text)) {
    const fix = `give --scheduler too, or write ${oneOf(FLAG_WORDS.filter((word) => word.startsWith('flag')))}`
    return fail({ subject: '--scheduler-flags', reason: `${text} is of one scheduler only`, fix })
  }
  const flags = parseFlags(text, of ?? 'wlc', '--scheduler-flags')
  return flags.ok ? succeed({ ...given('scheduler', scheduler.value), flags: flags.value }) : flags
}

function problemsOf(words: readonly Outcome<unknown>[]) {
  return words.flatMap((word) => (word.ok ? [] : word.problems))
}
