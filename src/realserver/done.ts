// SPDX-License-Identifier: Apache-2.0
// What apply has done, kept for undo: the state file's text and how a second apply adds to the first. Pure.
import { fail, succeed } from '../model/describe.js'
import type { Outcome } from '../model/types.js'
import { subjectOf } from './steps.js'
import type { Done, Keeper, Step, Wish } from './types.js'

const VERSION = 1

export function doneText(done: Done): string {
  return `${JSON.stringify({ version: VERSION, ...done }, null, 2)}\n`
}

export function readDone(text: string, path: string): Outcome<Done> {
  const value = parsed(text)
  const whole =
    value?.version === VERSION &&
    [value.vips, value.from, value.steps, value.folders].every((list) => Array.isArray(list))
  if (whole) return succeed(value)
  return fail({
    subject: path,
    reason: 'this is not what xlvs has written there',
    fix: 'put it right or remove it; what apply did is then undone by hand',
  })
}

function parsed(text: string): (Done & { version: number }) | undefined {
  try {
    return JSON.parse(text) as Done & { version: number }
  } catch {
    return undefined
  }
}

/** What was before stays what was before the first apply. */
export function addDone(
  before: Done | undefined,
  { vips, home, from, arp = 'sysctl' }: Wish,
  keeper: Keeper,
  more: { readonly steps: readonly Step[]; readonly folders: readonly string[] },
): Done {
  const steps = new Map((before?.steps ?? []).map((step) => [subjectOf(step), step]))
  for (const step of more.steps) {
    const older = steps.get(subjectOf(step))
    steps.set(subjectOf(step), older === undefined ? step : withWas(step, older))
  }
  const folders = [...new Set([...(before?.folders ?? []), ...more.folders])]
  return { vips, home, from, keeper, arp, steps: [...steps.values()], folders }
}

function withWas(step: Step, older: Step): Step {
  if (step.kind === 'setting' && older.kind === 'setting') return { ...step, was: older.was }
  if (step.kind === 'rules' && older.kind === 'rules') return { ...step, was: older.was }
  if (step.kind === 'file' && older.kind === 'file') return { ...step, was: older.was }
  return step
}
